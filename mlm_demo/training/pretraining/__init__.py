"""Train a tokenizer and a masked language model from nothing but text."""
