"""Domain-adaptive pre-training: plan, train, evaluate, save."""
