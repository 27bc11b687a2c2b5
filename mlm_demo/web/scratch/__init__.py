"""Train a model from scratch: the form and the result of such a run."""
