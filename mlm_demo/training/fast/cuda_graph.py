"""Capture the forward and backward pass of a training step as a CUDA graph, and replay it.

A step of a small model launches a thousand kernels of a few microseconds each, and Python takes longer to launch one
than the GPU to run it. A CUDA graph launches all of them at once: the same kernels on the same numbers. Models that
cannot be captured (because Python reads the values of their tensors) run as usual.
"""

import warnings
from collections import Counter
from collections.abc import Callable, Sequence
from contextlib import nullcontext
from dataclasses import dataclass

import torch

from mlm_demo.training.fast.compile import Compiled

WARM_UP = 3  # ordinary steps before a capture: libraries choose their kernels in them
MAX_GRAPHS = 2  # for whole batches, and for the smaller one at the end of an epoch


@dataclass(frozen=True)
class CapturedGraph:
    """A graph and the tensors that it reads and writes."""

    graph: torch.cuda.CUDAGraph
    batch: dict[str, torch.Tensor]
    loss: torch.Tensor
    gradients: list[torch.Tensor | None]


class GraphedStep:
    """A function that computes loss and gradients, captured for each shape of batch after a few ordinary calls."""

    def __init__(
        self,
        forward_backward: Callable[[dict[str, torch.Tensor]], torch.Tensor],
        parameters: Sequence[torch.nn.Parameter],
        compiled: Compiled | None = None,
    ):
        """Wrap a function that takes a batch, leaves the gradients of `parameters` and returns the loss.

        compiled: the parts of it to compile for whole batches, which come first; None for none.
        """
        self.forward_backward, self.parameters, self.compiled = forward_backward, list(parameters), compiled
        self.graphs: dict[tuple, CapturedGraph] = {}
        self.calls: Counter[tuple] = Counter()
        self.can_capture = True

    def __call__(self, batch: dict[str, torch.Tensor]) -> torch.Tensor:
        """Return the loss of a batch and set the gradients of `parameters`, which must be None before the call."""
        shapes = tuple((name, tensor.shape) for name, tensor in batch.items())
        if self._is_due(shapes):
            self._capture(shapes, batch)
        captured = self.graphs.get(shapes)
        if captured is None:
            self.calls[shapes] += 1
            return self._try(batch) if self.calls[shapes] == WARM_UP else self.forward_backward(batch)
        for name, tensor in batch.items():
            captured.batch[name].copy_(tensor)
        captured.graph.replay()
        for parameter, gradient in zip(self.parameters, captured.gradients, strict=True):
            parameter.grad = gradient
        return captured.loss.clone()

    def _is_due(self, shapes: tuple) -> bool:
        return (
            self.can_capture
            and shapes not in self.graphs
            and len(self.graphs) < MAX_GRAPHS
            and self.calls[shapes] >= WARM_UP
        )

    def _try(self, batch: dict[str, torch.Tensor]) -> torch.Tensor:
        """Run an ordinary step and find out whether it can be captured: whether Python waits for the GPU in it.

        A failed capture leaves torch's random number generator unusable (pytorch/pytorch pull request 171265), so
        none may be started that would fail.
        """
        before = torch.cuda.get_sync_debug_mode()
        torch.cuda.set_sync_debug_mode("error")
        try:
            return self.forward_backward(batch)
        except RuntimeError:
            self.can_capture = False
        finally:
            torch.cuda.set_sync_debug_mode(before)
        self._drop_gradients()
        return self.forward_backward(batch)

    def _capture(self, shapes: tuple, batch: dict[str, torch.Tensor]) -> None:
        """Capture the step over tensors of its own, which later batches are copied into."""
        own = {name: tensor.clone() for name, tensor in batch.items()}
        graph = torch.cuda.CUDAGraph()
        compiles = self._compile(own)
        try:
            with self.compiled.in_use() if compiles else nullcontext(), torch.cuda.graph(graph):
                loss = self.forward_backward(own)
        except RuntimeError:  # nothing was computed: a capture notes kernels without running them
            if compiles:
                self.compiled = None  # the next step is captured without compilation
            else:
                self.can_capture = False
            # A capture that succeeds makes random numbers usable again.
            with torch.cuda.graph(torch.cuda.CUDAGraph()):
                torch.zeros(1, device="cuda")
        else:
            self.graphs[shapes] = CapturedGraph(graph, own, loss, [p.grad for p in self.parameters])
        self._drop_gradients()

    def _compile(self, batch: dict[str, torch.Tensor]) -> bool:
        """Compile by a step over a batch, if there is something to compile and it works."""
        if self.compiled is None or self.graphs:
            return False
        try:
            with self.compiled.in_use():
                self.forward_backward(batch)
        except Exception as error:
            # No C compiler here, a model it does not support, or too little memory: train without.
            warnings.warn(f"Trained without compiling: {type(error).__name__}: {error}", stacklevel=2)
            self.compiled = None
            torch.cuda.empty_cache()
        self._drop_gradients()
        return self.compiled is not None

    def _drop_gradients(self) -> None:
        for parameter in self.parameters:
            parameter.grad = None
