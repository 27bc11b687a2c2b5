"""Replace the layers of a loaded model with faster ones for prediction on the CPU.

exact: float32 throughout. Linear layers use oneDNN's layout (`linear.py`), encoder layers of the BERT family are fused
(`fused.py`).
int8: the projection onto the vocabulary uses 8 bits to find candidates, and float32 to score the best of them. The
encoder uses bfloat16 where the CPU multiplies it natively, otherwise float16 weights. An encoder in 8 bits would change
one answer in ten; docs/decisions/speed.md lists the experiments.
"""

import warnings
from collections.abc import Callable
from functools import partial

import torch
from torch import nn

from mlm_demo.models.cpu.fused import FusedLayer, is_fusible
from mlm_demo.models.cpu.linear import HalfLinear, ReorderedLinear
from mlm_demo.models.device import bfloat16_is_fast
from mlm_demo.models.head import after_last_attention
from mlm_demo.models.masked_lm import MaskedLM
from mlm_demo.models.task_model import TaskModel
from mlm_demo.models.tasks import EVIDENCE
from mlm_demo.system.memory import trim_memory

CANDIDATES = 64  # entries rescored in float32, so that every word shown has its exact score


class Int8Vocabulary(nn.Module):
    """The projection onto the vocabulary in 8 bits; the best `CANDIDATES` per position are rescored in float32.

    rows: the layer's weights in another tensor that takes less memory, if there is one. Looking up a few rows of it is
    as fast.
    """

    def __init__(self, linear: nn.Linear, rows: torch.Tensor | None = None):
        super().__init__()
        weight = linear.weight.detach()
        self.weight, self.bias = linear.weight if rows is None else rows, linear.bias
        scales = (weight.abs().amax(1) / 127).clamp_min(torch.finfo(torch.float32).tiny)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # quantized tensors are deprecated, but linear_prepack needs them
            quantized = torch.quantize_per_channel(
                weight, scales.double(), torch.zeros(len(weight), dtype=torch.int64), 0, torch.qint8
            )
        self.packed = torch.ops.quantized.linear_prepack(quantized, self.bias)

    def forward(self, hidden: torch.Tensor) -> torch.Tensor:
        """Map (…, hidden size) to (…, vocabulary) float32."""
        rows = hidden.reshape(-1, hidden.shape[-1])
        # True: 7-bit activations, so that CPUs that add up products in 16 bits do not overflow.
        logits = torch.ops.quantized.linear_dynamic(rows, self.packed, True)
        best = logits.topk(min(CANDIDATES, logits.shape[1])).indices
        exact = torch.bmm(self.weight[best].float(), rows.unsqueeze(2)).squeeze(2)
        if self.bias is not None:
            exact += self.bias[best]
        return logits.scatter_(1, best, exact).view(*hidden.shape[:-1], -1)


def takes_int8(device: torch.device) -> bool:
    """Return whether a device has the 8-bit products of `Int8Vocabulary`: x86 CPUs do."""
    return device.type == "cpu" and "fbgemm" in torch.backends.quantized.supported_engines


@torch.inference_mode()
def optimize_for_cpu(mlm: MaskedLM, precision: str) -> None:
    """Replace the layers of a model with faster ones; do not train or save it afterwards.

    precision: exact or int8. The model stays unchanged on other devices, if its logits would change by more than
    rounding, or if it needs more of its layers than their output.
    """
    if mlm.device.type != "cpu" or not torch.backends.mkldnn.is_available():
        return
    before = _sample_logits(mlm)
    make_linear = ReorderedLinear
    if precision == "int8":
        make_linear = (
            partial(ReorderedLinear, dtype=torch.bfloat16) if bfloat16_is_fast(mlm.device) else HalfLinear
        )
    replaced = _replace(mlm.model, is_fusible, lambda layer: FusedLayer(layer, make_linear))
    if precision == "int8":
        head = mlm.model.get_output_embeddings()
        rows = getattr(mlm.model, "decoder_rows", None)
        replaced += _replace(
            mlm.model, lambda module: module is head, lambda layer: Int8Vocabulary(layer, rows)
        )
    replaced += _replace(mlm.model, lambda module: type(module) is nn.Linear, make_linear)
    mlm.reattach()
    mlm.precision = precision
    try:
        same = _is_close(_sample_logits(mlm), before)
    except (AttributeError, RuntimeError, TypeError, ValueError, IndexError):
        same = False
    if not same:
        for parent, name, module in reversed(replaced):
            setattr(parent, name, module)
        mlm.reattach()
        mlm.precision = "exact"
    replaced.clear()
    trim_memory()  # the memory of the replaced layers, a third of a small model


@torch.inference_mode()
def optimize_task_for_cpu(model: TaskModel) -> None:
    """Do the same, exact, for a model that was fine-tuned; do not train or save it afterwards.

    Evidence needs the first token alone. In the BERT family no token depends on another after the last attention, so
    the rest of the last layer runs at that token.
    """
    if model.device.type != "cpu" or not torch.backends.mkldnn.is_available():
        return
    before = _sample_task_logits(model)
    replaced = _replace(model.model, is_fusible, lambda layer: FusedLayer(layer, ReorderedLinear))
    replaced += _replace(model.model, lambda module: type(module) is nn.Linear, ReorderedLinear)
    after_attention = after_last_attention(model.model.base_model) if model.task == EVIDENCE else None
    hook = after_attention.register_forward_pre_hook(_keep_first_token) if after_attention else None
    try:
        same = _is_close(_sample_task_logits(model), before)
    except (AttributeError, RuntimeError, TypeError, ValueError, IndexError):
        same = False
    if not same:
        if hook:
            hook.remove()
        for parent, name, module in reversed(replaced):
            setattr(parent, name, module)
    replaced.clear()
    trim_memory()


def _keep_first_token(_module: nn.Module, inputs: tuple[torch.Tensor, ...]) -> tuple[torch.Tensor, ...]:
    """Reduce the output of attention and its residual, (rows, length, hidden size), to the first token."""
    return tuple(hidden[:, :1] for hidden in inputs)


def _replace(
    model: nn.Module, wanted: Callable[[nn.Module], bool], make: Callable[[nn.Module], nn.Module]
) -> list[tuple[nn.Module, str, nn.Module]]:
    """Replace the wanted modules; return the (parent, name, module) of each replaced one."""
    replaced = [
        (parent, name, child)
        for parent in model.modules()
        for name, child in parent.named_children()
        if wanted(child)
    ]
    for parent, name, child in replaced:
        setattr(parent, name, make(child))
    return replaced


def _sample_logits(mlm: MaskedLM) -> torch.Tensor:
    """Return the logits at the mask of two rows of different length."""
    texts = [[mlm.mask_id], [*range(8), mlm.mask_id]]
    rows = [mlm.with_special_tokens(text) for text in texts]
    return mlm.logits_at(rows, [[row.index(mlm.mask_id)] for row in rows])


def _sample_task_logits(model: TaskModel) -> torch.Tensor:
    """Return the logits of three pairs, two of which share a pass with padding."""
    pairs = [("a", "a"), ("a b", "a b c d"), ("a", "a b c d e f g h")]
    windows = [model.pair_encoding(question, context)[0] for question, context in pairs]
    return torch.cat([logits.flatten() for logits in model.logits(windows)])


def _is_close(logits: torch.Tensor, before: torch.Tensor) -> bool:
    """Return whether logits differ by rounding only."""
    return bool((logits - before).std() <= 0.3 * before.std() + 1e-3)
