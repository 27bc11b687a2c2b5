"""Dropout: none where nothing is seen twice, and otherwise one that is quick on a CPU.

torch draws one number per element from a Mersenne Twister on one thread: a quarter of the time of a fine-tuning step.
Here each element has one byte of a faster generator, so its chance of being dropped is the nearest 256th.
docs/decisions/downstream.md has the measurement.
"""

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn.functional import dropout
from torch.overrides import TorchFunctionMode

STEPS = 256  # of a chance
SEEDS = 2**62


def no_dropout(model: nn.Module) -> None:
    """Switch dropout off in the modules; the config, and so the saved model, keeps its own values.

    A run that hardly sees anything twice has nothing to overfit to.
    """
    for module in model.modules():
        if isinstance(module, nn.Dropout):
            module.p = 0.0
        for name in ("attention_dropout", "dropout_prob"):
            if isinstance(getattr(module, name, None), float):
                setattr(module, name, 0.0)


class QuickDropout(TorchFunctionMode):
    """Within this context `torch.nn.functional.dropout`, which modules call too, is ours for tensors on the CPU.

    The random numbers follow from torch's generator, so `torch.manual_seed`, and a checkpoint's state of it, decide
    them.
    """

    def __torch_function__(self, function, types, arguments=(), named=None):
        """Replace dropout, and leave every other function as it is."""
        if function is dropout:
            return _dropout(*arguments, **(named or {}))
        return function(*arguments, **(named or {}))


def _dropout(input: Tensor, p: float = 0.5, training: bool = True, inplace: bool = False) -> Tensor:
    """Return `input` with about a share p of its elements set to 0, and the others scaled up so that the mean stays."""
    dropped = round(p * STEPS)
    if not training or inplace or input.device.type != "cpu" or not 0 < dropped < STEPS:
        return dropout(input, p, training, inplace)
    seed = int(torch.randint(SEEDS, ()))
    words = np.random.SFC64(seed).random_raw(-(-input.numel() // 8))
    bytes_ = torch.from_numpy(words.view(np.uint8)[: input.numel()]).view(input.shape)
    return _Masked.apply(input, bytes_ >= dropped, STEPS / (STEPS - dropped))


class _Masked(torch.autograd.Function):
    """The product of a tensor, a mask of 0 and 1, and a number. Only the mask is kept for the backward pass."""

    @staticmethod
    def forward(ctx, input: Tensor, kept: Tensor, scale: float) -> Tensor:
        ctx.save_for_backward(kept)
        ctx.scale = scale
        return torch.ops.aten.native_dropout_backward(input, kept, scale)

    @staticmethod
    def backward(ctx, gradient: Tensor) -> tuple[Tensor, None, None]:
        (kept,) = ctx.saved_tensors
        return torch.ops.aten.native_dropout_backward(gradient, kept, ctx.scale), None, None
