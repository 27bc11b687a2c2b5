"""Linear layers laid out for the processor, for a model that only answers.

exact: float32, each matrix reordered (`reordered_linear.py`), the layers of BERT and its kin fused (`fused_layers.py`).
int8: the projection onto the vocabulary, which only has to find the candidates, in 8 bits, its best candidates scored
anew in float32; the encoder in bfloat16 where the processor multiplies that natively, elsewhere its weights in float16
(`half_linear.py`). An encoder in 8 bits changes one answer in ten: docs/decisions.md has what was tried.
"""

import warnings
from collections.abc import Callable
from functools import partial

import torch
from torch import nn

from mlm_demo.models.cpu.fused import FusedLayer, is_fusible
from mlm_demo.models.cpu.half_linear import HalfLinear
from mlm_demo.models.cpu.linear import ReorderedLinear
from mlm_demo.models.device import bfloat16_is_fast
from mlm_demo.models.masked_lm import MaskedLM
from mlm_demo.system.allocator import give_back

CANDIDATES = 64  # scored anew in float32, so the words that are shown have exact scores


class Int8Vocabulary(nn.Module):
    """The projection onto the vocabulary in 8 bits, the `CANDIDATES` best of each position scored in float32."""

    def __init__(self, linear: nn.Linear, rows: torch.Tensor | None = None):
        """rows: the layer's weights once more, where they cost less memory and a few are as fast to get at."""
        super().__init__()
        weight = linear.weight.detach()
        self.weight, self.bias = linear.weight if rows is None else rows, linear.bias
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
        exact = torch.bmm(self.weight[best].float(), rows.unsqueeze(2)).squeeze(2)
        if self.bias is not None:
            exact += self.bias[best]
        return logits.scatter_(1, best, exact).view(*hidden.shape[:-1], -1)


def takes_int8(device: torch.device) -> bool:
    """Whether a device has the 8-bit products of `Int8Vocabulary`: x86 processors do."""
    return device.type == "cpu" and "fbgemm" in torch.backends.quantized.supported_engines


@torch.inference_mode()
def optimize_for_cpu(mlm: MaskedLM, precision: str) -> None:
    """Put faster layers in the place of a model's own, which must not be trained or saved after it.

    precision: exact or int8. On other devices than the processor the model stays as it is, and so does one that asks
    more of its layers than a product, or answers otherwise after it.
    """
    if mlm.device.type != "cpu" or not torch.backends.mkldnn.is_available():
        return
    before = _sample(mlm)
    fast = ReorderedLinear
    if precision == "int8":
        fast = partial(ReorderedLinear, dtype=torch.bfloat16) if bfloat16_is_fast(mlm.device) else HalfLinear
    replaced = _replace(mlm.model, is_fusible, lambda layer: FusedLayer(layer, fast))
    if precision == "int8":
        head = mlm.model.get_output_embeddings()
        rows = getattr(mlm.model, "decoder_rows", None)
        replaced += _replace(
            mlm.model, lambda module: module is head, lambda layer: Int8Vocabulary(layer, rows)
        )
    replaced += _replace(mlm.model, lambda module: type(module) is nn.Linear, fast)
    mlm.look_again()
    mlm.precision = precision
    try:
        same = _near(_sample(mlm), before)
    except (AttributeError, RuntimeError, TypeError):
        same = False
    if not same:
        for module, name, layer in reversed(replaced):
            setattr(module, name, layer)
        mlm.look_again()
        mlm.precision = "exact"
    replaced.clear()
    give_back()  # what the layers before took: a third of a small model


def _replace(
    model: nn.Module, wanted: Callable[[nn.Module], bool], faster: Callable[[nn.Module], nn.Module]
) -> list[tuple[nn.Module, str, nn.Module]]:
    """Put a faster module where a wanted one was; returns what was replaced: its parent, its name and itself."""
    found = [
        (parent, name, child)
        for parent in model.modules()
        for name, child in parent.named_children()
        if wanted(child)
    ]
    for parent, name, child in found:
        setattr(parent, name, faster(child))
    return found


def _sample(mlm: MaskedLM) -> torch.Tensor:
    """The logits of a model at the mask of two rows of different length."""
    texts = [[mlm.mask_id], [*range(8), mlm.mask_id]]
    rows = [mlm.with_special_tokens(text) for text in texts]
    return mlm.logits_at(rows, [[row.index(mlm.mask_id)] for row in rows])


def _near(logits: torch.Tensor, before: torch.Tensor) -> bool:
    """Whether two samples differ by a rounding and not by another arithmetic."""
    return bool((logits - before).std() <= 0.3 * before.std() + 1e-3)
