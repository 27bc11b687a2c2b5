"""The loss over the vocabulary, forward and backward on a CPU: our chunked loss against torch's linear_cross_entropy.

At the shapes of training: the built-in model's size with the masked tokens of a usual and of a large step, and
BERT-base's. Where it says bfloat16, float32 products may round their factors; torch's loss is also given bfloat16
tensors. Time is processor time on one thread, which other programs hardly disturb; memory is the peak above what was
held before (Linux only).
"""

import ctypes
import re
import statistics
import time
from collections.abc import Callable
from functools import partial
from operator import truediv
from pathlib import Path
from types import SimpleNamespace

import torch
from pairs import print_table, wants_json
from shapes import bert
from torch.nn import LinearCrossEntropyOptions
from torch.nn.functional import cross_entropy, linear, linear_cross_entropy

from mlm_demo.models.catalogue import Catalogue
from mlm_demo.models.loader import load
from mlm_demo.models.masked_lm import MaskedLM
from mlm_demo.training.fast.chunked_loss import CHUNK_BYTES, ChunkedLoss
from mlm_demo.training.fast.precision import bfloat16_matmul

ROUNDS = 7
SHAPES = [("built-in size", 307), ("built-in size", 819), ("BERT-base's shape", 307)]
Loss = Callable[[torch.Tensor, torch.nn.Linear, torch.Tensor], torch.Tensor]


def torch_loss(policy: str = "auto") -> Loss:
    """Return torch's loss in chunks as large as ours; by default it takes two rows at a time, which is far slower."""

    def loss(hidden: torch.Tensor, layer: torch.nn.Linear, labels: torch.Tensor) -> torch.Tensor:
        rows = CHUNK_BYTES["cpu"] // (4 * len(layer.weight))
        options = LinearCrossEntropyOptions(batch_chunk_size=rows, chunking_method=None, acc_policy=policy)
        return linear_cross_entropy(
            hidden, layer.weight, labels, linear_bias=layer.bias, reduction="sum", options=options
        )

    return loss


def in_bfloat16(loss: Loss) -> Loss:
    """Return a loss that casts its tensors, and the gradients back."""

    def cast(hidden: torch.Tensor, layer: torch.nn.Linear, labels: torch.Tensor) -> torch.Tensor:
        rounded = SimpleNamespace(weight=layer.weight.bfloat16(), bias=layer.bias.bfloat16())
        return loss(hidden.bfloat16(), rounded, labels)

    return cast


def at_once(hidden: torch.Tensor, layer: torch.nn.Linear, labels: torch.Tensor) -> torch.Tensor:
    """Return the loss from all logits at once."""
    logits = linear(hidden, layer.weight, layer.bias).float()
    return cross_entropy(logits, labels, reduction="sum")


def losses_to_compare(mlm: MaskedLM, bfloat16: bool) -> dict[str, Loss]:
    """Return the losses to compare, ours first."""
    ours = ChunkedLoss(mlm, bfloat16)
    losses: dict[str, Loss] = {
        "ours": lambda hidden, _, labels: ours.sum_of_losses(hidden, labels),
        "torch, float32 tensors": torch_loss(),
        "all at once": at_once,
    }
    if bfloat16:
        losses["torch, bfloat16 tensors"] = in_bfloat16(torch_loss("accurate"))
    return losses


def step(
    loss: Loss, hidden: torch.Tensor, layer: torch.nn.Linear, labels: torch.Tensor, bfloat16: bool
) -> None:
    """Compute the loss and its gradients, in the precision that training would, and drop them."""
    with bfloat16_matmul(bfloat16):
        loss(hidden, layer, labels).backward()
    hidden.grad = layer.weight.grad = layer.bias.grad = None


def peak_megabytes(work: Callable[[], None]) -> float:
    """Return the most memory that a call takes beyond what was held before it."""
    ctypes.CDLL(None).malloc_trim(0)
    Path("/proc/self/clear_refs").write_text("5")  # resets the peak, proc(5)
    before = _status("VmRSS")
    work()
    return (_status("VmHWM") - before) / 1e3


def _status(name: str) -> int:
    return int(re.search(rf"{name}:\s+(\d+) kB", Path("/proc/self/status").read_text())[1])


def time_in_turns(calls: dict[str, Callable[[], None]]) -> dict[str, list[float]]:
    """Return the seconds of processor time of each call in each round, the order reversed every other round."""
    taken: dict[str, list[float]] = {name: [] for name in calls}
    for number in range(ROUNDS + 1):
        for name in reversed(calls) if number % 2 else calls:
            start = time.thread_time()
            calls[name]()
            if number:  # the first round warms up
                taken[name].append(time.thread_time() - start)
    return taken


def main() -> None:
    as_json = wants_json(__doc__)
    torch.set_num_threads(1)
    models = {
        "built-in size": load(Catalogue().find("general"), device="cpu"),
        "BERT-base's shape": MaskedLM(*bert(), name="bert"),
    }
    rows = []
    for shape, tokens in SHAPES:
        layer = models[shape].model.get_output_embeddings()
        torch.manual_seed(0)
        hidden = torch.randn(tokens, layer.in_features, requires_grad=True)
        labels = torch.randint(0, layer.out_features, (tokens,))
        for bfloat16 in (False, True):
            calls = {
                name: partial(step, loss, hidden, layer, labels, bfloat16)
                for name, loss in losses_to_compare(models[shape], bfloat16).items()
            }
            taken = time_in_turns(calls)
            for name, call in calls.items():
                what = f"{shape}, {tokens} tokens, {'bfloat16' if bfloat16 else 'float32'}"
                ratio = statistics.median(map(truediv, taken[name], taken["ours"]))
                milliseconds = statistics.median(taken[name]) * 1000
                rows.append((what, name, milliseconds, ratio, peak_megabytes(call)))
    print_table("Loss", ("", "loss", "ms", "time over ours", "peak MB"), rows, {}, as_json)


if __name__ == "__main__":
    main()
