"""Teach a model a downstream task: the form and the result of such a run."""
