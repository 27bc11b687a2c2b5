"""Fine-tuning on downstream tasks: evidence and answers."""
