"""BERT and its tokenizer without transformers, for a quick first answer."""
