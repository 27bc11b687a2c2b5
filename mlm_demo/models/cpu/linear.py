"""Linear layers that multiply faster on the CPU than `torch.nn.Linear`; they predict only.

`ReorderedLinear` stores its weights in the blocked layout of oneDNN, in float32 or bfloat16. With the layout of a
checkpoint, torch reaches a third to two thirds of that speed.

`HalfLinear` stores its weights in float16 and multiplies in float32 with FBGEMM. A product with few rows takes as long
as reading the weights, and these are half the bytes; with many rows it is about as fast as `nn.Linear`. Only the
weights are rounded, to 11 bits, and float16 weights from a checkpoint not at all.
"""

import torch
from torch import nn
from torch.nn import functional as F

ROWS = 256  # a hint for the block sizes: blocks for many rows are fast for few rows too


class ReorderedLinear(nn.Module):
    """A `Linear` in oneDNN's layout, followed by its activation.

    dtype: float32 or bfloat16, the type of the product. activation: none or gelu (exact), which oneDNN fuses at no
    cost.
    """

    def __init__(self, linear: nn.Linear, dtype: torch.dtype = torch.float32, *, activation: str = "none"):
        super().__init__()
        self.dtype = dtype
        self.weight_in_blocks = torch.ops.mkldnn._reorder_linear_weight(
            linear.weight.detach().to(dtype), ROWS
        )
        self.bias = None if linear.bias is None else linear.bias.detach().to(dtype)
        self.activation = (activation, [], "none")  # its name, scalars and algorithm

    def forward(self, hidden: torch.Tensor) -> torch.Tensor:
        """Map (…, in_features) to (…, out_features) float32."""
        return self.product(hidden).float()

    def product(self, hidden: torch.Tensor) -> torch.Tensor:
        """Map (…, in_features) to (…, out_features) of `dtype`."""
        linear_pointwise = torch.ops.mkldnn._linear_pointwise  # not at import: some torch builds lack oneDNN
        return linear_pointwise(hidden.to(self.dtype), self.weight_in_blocks, self.bias, *self.activation)


class HalfLinear(nn.Module):
    """A `Linear` with float16 weights, followed by its activation: none or gelu (exact)."""

    def __init__(self, linear: nn.Linear, *, activation: str = "none"):
        super().__init__()
        bias = None if linear.bias is None else linear.bias.detach().float()
        self.packed = torch.ops.quantized.linear_prepack_fp16(linear.weight.detach().float(), bias)
        self.activation = activation

    def forward(self, hidden: torch.Tensor) -> torch.Tensor:
        """Map (…, in_features) float32 to (…, out_features) float32."""
        product = torch.ops.quantized.linear_dynamic_fp16(hidden, self.packed)
        return F.gelu(product) if self.activation == "gelu" else product

    product = forward  # the interface of `ReorderedLinear`
