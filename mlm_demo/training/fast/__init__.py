"""What makes a training step fast: CUDA graphs, compiling, the loss in chunks, bfloat16."""
