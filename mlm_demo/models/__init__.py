"""Which masked language models there are, and how one gets into memory."""
