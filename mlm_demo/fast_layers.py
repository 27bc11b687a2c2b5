"""Linear layers laid out for the processor, for a model that only answers.

exact: float32, each matrix reordered once into the blocks that oneDNN reads in turn; as it lies in a checkpoint, torch
multiplies by it at a third to two thirds of the speed. int8: the projection onto the vocabulary, which only has to
find the candidates, in 8 bits, its best candidates scored anew in float32; the encoder in bfloat16 where the processor
multiplies that natively. An encoder in 8 bits changes one answer in ten: docs/decisions.md has what was tried.
"""

import ctypes
import sys
import warnings

import torch
from torch import nn

from mlm_demo.masked_lm import MaskedLM
from mlm_demo.precision import bfloat16_is_fast

CANDIDATES = 64  # scored anew in float32, so the words that are shown have exact scores
ROWS = 256  # only a hint for the choice of blocks: those for many rows serve few as well


class ReorderedLinear(nn.Module):
    """What a `Linear` computes, in float32 or by bfloat16 products; its weights can only be multiplied by."""

    def __init__(self, linear: nn.Linear, dtype: torch.dtype = torch.float32):
        super().__init__()
        self.dtype = dtype
        self.weight_in_blocks = torch.ops.mkldnn._reorder_linear_weight(
            linear.weight.detach().to(dtype), ROWS
        )
        self.bias = None if linear.bias is None else linear.bias.detach().to(dtype)

    def forward(self, hidden: torch.Tensor) -> torch.Tensor:
        """(…, in_features) → (…, out_features) float32."""
        product = torch.ops.mkldnn._linear_pointwise  # looked up here: a torch without oneDNN has none
        return product(hidden.to(self.dtype), self.weight_in_blocks, self.bias, "none", [], "").float()


class Int8Vocabulary(nn.Module):
    """The projection onto the vocabulary in 8 bits, the `CANDIDATES` best of each position scored in float32."""

    def __init__(self, linear: nn.Linear):
        super().__init__()
        weight = linear.weight.detach()
        self.weight, self.bias = linear.weight, linear.bias
        scales = (weight.abs().amax(1) / 127).clamp_min(torch.finfo(torch.float32).tiny)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # torch warns of quantised tensors, which the product takes
            quantised = torch.quantize_per_channel(
                weight, scales.double(), torch.zeros(len(weight), dtype=torch.int64), 0, torch.qint8
            )
        self.packed = torch.ops.quantized.linear_prepack(quantised, self.bias)

    def forward(self, hidden: torch.Tensor) -> torch.Tensor:
        """(…, hidden size) → (…, vocabulary) float32."""
        rows = hidden.reshape(-1, hidden.shape[-1])
        # Seven bits of activation: what sums of products in 16 bits can hold, on processors that have only these.
        logits = torch.ops.quantized.linear_dynamic(rows, self.packed, True)
        best = logits.topk(min(CANDIDATES, logits.shape[1])).indices
        exact = torch.bmm(self.weight[best], rows.unsqueeze(2)).squeeze(2)
        if self.bias is not None:
            exact += self.bias[best]
        return logits.scatter_(1, best, exact).view(*hidden.shape[:-1], -1)


def takes_int8(device: torch.device) -> bool:
    """Whether a device has the 8-bit products of `Int8Vocabulary`: x86 processors do."""
    return device.type == "cpu" and "fbgemm" in torch.backends.quantized.supported_engines


@torch.inference_mode()
def lay_out(mlm: MaskedLM, precision: str) -> None:
    """Put faster layers in the place of a model's own, which must not be trained or saved after it.

    precision: exact or int8. On other devices than the processor the model stays as it is, and so does one that asks
    more of its layers than a product.
    """
    if mlm.device.type != "cpu" or not torch.backends.mkldnn.is_available():
        return
    mlm.precision = precision
    head = mlm.model.get_output_embeddings()
    encoder_type = torch.bfloat16 if precision == "int8" and bfloat16_is_fast(mlm.device) else torch.float32
    replaced = []
    for module in list(mlm.model.modules()):
        for name, layer in list(module.named_children()):
            if type(layer) is nn.Linear:
                replaced.append((module, name, layer))
                in_8_bits = layer is head and precision == "int8"
                fast = Int8Vocabulary(layer) if in_8_bits else ReorderedLinear(layer, encoder_type)
                setattr(module, name, fast)
    try:
        mlm.logits_at([mlm.with_special_tokens([mlm.mask_id])], [[len(mlm.prefix)]])
    except (AttributeError, RuntimeError, TypeError):
        for module, name, layer in replaced:
            setattr(module, name, layer)
        mlm.precision = "exact"
    replaced.clear()
    _give_memory_back()


def _give_memory_back() -> None:
    """The C library keeps what the layers before took (a third of a small model) unless it is asked."""
    trim = getattr(ctypes.CDLL(None), "malloc_trim", None) if sys.platform == "linux" else None
    if trim:  # glibc's
        trim(0)
