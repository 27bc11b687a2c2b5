"""What makes a training step fast: CUDA graphs, compilation, the loss in chunks, bfloat16."""
