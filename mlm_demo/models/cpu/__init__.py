"""Layers laid out for the processor."""
