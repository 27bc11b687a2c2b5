"""The arithmetic of training: float32 weights, bfloat16 products where the device is faster at them.

Weights, optimiser, sums and every figure that is shown stay float32; what is rounded is the two factors of a matrix
product while training. docs/decisions.md has what it gains and what it costs.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

import torch

if TYPE_CHECKING:
    from transformers import PreTrainedModel


@contextmanager
def rounded_products(on: bool) -> Iterator[None]:
    """Within this context a processor's float32 products may round their factors; they still add up in float32."""
    switch = torch.backends.mkldnn.matmul
    before = switch.fp32_precision
    if on:
        switch.fp32_precision = "bf16"
    try:
        yield
    finally:
        switch.fp32_precision = before


@contextmanager
def attention_for_training(model: "PreTrainedModel", rounded: bool) -> Iterator[None]:
    """Within this context a model on the processor uses the attention that trains fastest there.

    torch's fused attention for the processor is slow backwards in bfloat16; three plain products are faster.
    """
    chosen = model.config._attn_implementation
    if not rounded or model.device.type != "cpu" or chosen != "sdpa":
        yield
        return
    model.set_attn_implementation("eager")
    try:
        yield
    finally:
        model.set_attn_implementation(chosen)
