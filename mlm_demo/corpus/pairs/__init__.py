"""Minimal pairs: two sentences, one of which is grammatical."""
