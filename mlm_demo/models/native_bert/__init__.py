"""BERT and its tokenizer without transformers, whose import would take most of the time to the first answer."""
