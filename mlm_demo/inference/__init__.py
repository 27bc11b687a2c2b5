"""What a model predicts: fill, targets, joint, compare, score."""
