"""The passes of a training step, recorded once on a GPU and replayed from then on.

A step of a model of this size is a thousand kernels of a few microseconds, and Python takes longer to ask for one than
the GPU to run it. A CUDA graph asks for all of them at once: the same kernels on the same numbers. What it cannot take
(a model that decides by what is in its tensors) is computed as ever.
"""

import warnings
from collections import Counter
from collections.abc import Callable, Sequence
from contextlib import nullcontext
from dataclasses import dataclass

import torch

from mlm_demo.training.fast.compile import Compiled

WARM_UP = 3  # steps as ever before a recording: libraries choose their kernels in them
RECORDINGS = 2  # whole batches, and the one left over at the end of an epoch


@dataclass(frozen=True)
class Recording:
    """A graph, and the tensors that it reads and writes."""

    graph: torch.cuda.CUDAGraph
    batch: dict[str, torch.Tensor]
    loss: torch.Tensor
    gradients: list[torch.Tensor | None]


class RecordedStep:
    """Calls `passes`, which takes a batch, leaves the gradients of `parameters` and returns the loss."""

    def __init__(
        self,
        passes: Callable[[dict[str, torch.Tensor]], torch.Tensor],
        parameters: Sequence[torch.nn.Parameter],
        compiled: Compiled | None = None,
    ):
        """compiled: parts of the passes that are worth compiling for whole batches, which come first."""
        self.passes, self.parameters, self.compiled = passes, list(parameters), compiled
        self.recordings: dict[tuple, Recording] = {}
        self.seen: Counter[tuple] = Counter()
        self.possible = True

    def __call__(self, batch: dict[str, torch.Tensor]) -> torch.Tensor:
        """The loss of a batch; the gradients of `parameters` are None before and those of the batch after it."""
        shapes = tuple((name, tensor.shape) for name, tensor in batch.items())
        if self._is_due(shapes):
            self._record(shapes, batch)
        recording = self.recordings.get(shapes)
        if recording is None:
            self.seen[shapes] += 1
            return self._watched(batch) if self.seen[shapes] == WARM_UP else self.passes(batch)
        for name, tensor in batch.items():
            recording.batch[name].copy_(tensor)
        recording.graph.replay()
        for parameter, gradient in zip(self.parameters, recording.gradients, strict=True):
            parameter.grad = gradient
        return recording.loss.clone()

    def _is_due(self, shapes: tuple) -> bool:
        return (
            self.possible
            and shapes not in self.recordings
            and len(self.recordings) < RECORDINGS
            and self.seen[shapes] >= WARM_UP
        )

    def _watched(self, batch: dict[str, torch.Tensor]) -> torch.Tensor:
        """The passes as ever, finding out whether they look into a tensor.

        A recording that fails leaves torch's random numbers unusable (pytorch/pytorch pull request 171265), so it is
        not begun where it would.
        """
        before = torch.cuda.get_sync_debug_mode()
        torch.cuda.set_sync_debug_mode("error")
        try:
            return self.passes(batch)
        except RuntimeError:
            self.possible = False
        finally:
            torch.cuda.set_sync_debug_mode(before)
        self._forget()
        return self.passes(batch)

    def _record(self, shapes: tuple, batch: dict[str, torch.Tensor]) -> None:
        """Record the passes over tensors of their own, which later batches are copied into."""
        own = {name: tensor.clone() for name, tensor in batch.items()}
        graph = torch.cuda.CUDAGraph()
        compiles = self._compile(own)
        try:
            with self.compiled.in_use() if compiles else nullcontext(), torch.cuda.graph(graph):
                loss = self.passes(own)
        except RuntimeError:  # nothing was computed: recording takes kernels down without running them
            if compiles:
                self.compiled = None  # the next step is recorded as it is
            else:
                self.possible = False
            # One that succeeds: random numbers are usable again.
            with torch.cuda.graph(torch.cuda.CUDAGraph()):
                torch.zeros(1, device="cuda")
        else:
            self.recordings[shapes] = Recording(graph, own, loss, [p.grad for p in self.parameters])
        self._forget()

    def _compile(self, batch: dict[str, torch.Tensor]) -> bool:
        """Compile what is to be, by passes over a batch; whether it is to be recorded so."""
        if self.compiled is None or self.recordings:
            return False
        try:
            with self.compiled.in_use():
                self.passes(batch)
        except Exception as error:
            # No C compiler here, a model that it does not take, its memory: then as ever.
            warnings.warn(f"Trained without compiling: {type(error).__name__}: {error}", stacklevel=2)
            self.compiled = None
            torch.cuda.empty_cache()
        self._forget()
        return self.compiled is not None

    def _forget(self) -> None:
        """Drop the gradients."""
        for parameter in self.parameters:
            parameter.grad = None
