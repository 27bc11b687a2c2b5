"""A linear layer whose matrix lies in float16, multiplied in float32: half the bytes to read, by FBGEMM.

Made for few rows, where reading the matrix is what a product costs; with many it is about as fast as others. Only the
weights are rounded (to 11 bits), and weights that come in float16, as those of many checkpoints do, are not even that.
"""

import torch
from torch import nn
from torch.nn import functional as F


class HalfLinear(nn.Module):
    """What a `Linear` computes, then, where activation is gelu and not none, GELU (the exact one)."""

    def __init__(self, linear: nn.Linear, *, activation: str = "none"):
        super().__init__()
        bias = None if linear.bias is None else linear.bias.detach().float()
        self.packed = torch.ops.quantized.linear_prepack_fp16(linear.weight.detach().float(), bias)
        self.activation = activation

    def forward(self, hidden: torch.Tensor) -> torch.Tensor:
        """(…, in_features) float32 → (…, out_features) float32."""
        product = torch.ops.quantized.linear_dynamic_fp16(hidden, self.packed)
        return F.gelu(product) if self.activation == "gelu" else product

    product = forward  # as `ReorderedLinear` has both
