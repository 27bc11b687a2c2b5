"""Faster layers for a model that predicts on the CPU."""
