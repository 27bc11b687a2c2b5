"""The numeric precision of training: float32 weights, and bfloat16 matrix products on devices that speed them up.

Weights, optimizer, sums and all reported metrics stay float32. Only the two factors of a matrix product are rounded,
and only during training. docs/decisions/speed.md says what this gains and what it costs.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

import torch

from mlm_demo.system.memory import ran_out

if TYPE_CHECKING:
    from transformers import PreTrainedModel


@contextmanager
def bfloat16_matmul(on: bool) -> Iterator[None]:
    """Within this context a CPU may round the factors of float32 products to bfloat16; sums stay float32."""
    switch = torch.backends.mkldnn.matmul
    before = switch.fp32_precision
    if on:
        switch.fp32_precision = "bf16"
    try:
        yield
    finally:
        switch.fp32_precision = before


def takes_bfloat16(model: "PreTrainedModel") -> bool:
    """Try out whether a model's own code allows bfloat16 products in a pass; some of it mixes the types."""
    ids = torch.tensor([[0, 1, 2, 3]], device=model.device)
    mask = torch.tensor([[1, 1, 1, 0]], device=model.device)
    autocast = torch.autocast(model.device.type, torch.bfloat16)
    try:
        with torch.no_grad(), attention_for_training(model, bfloat16=True), autocast:
            model(input_ids=ids, attention_mask=mask)
    except RuntimeError as error:
        if ran_out(error):
            raise
        return False
    return True


@contextmanager
def attention_for_training(model: "PreTrainedModel", bfloat16: bool) -> Iterator[None]:
    """Within this context a model on a CPU uses the attention that trains fastest there.

    The backward pass of torch's fused CPU attention is slow in bfloat16; three plain products are faster.
    """
    chosen = model.config._attn_implementation
    if not bfloat16 or model.device.type != "cpu" or chosen != "sdpa":
        yield
        return
    model.set_attn_implementation("eager")
    try:
        yield
    finally:
        model.set_attn_implementation(chosen)
