"""Run the head of a model at the wanted positions only, for any architecture.

Every `*ForMaskedLM` model passes the output of its encoder (`model.base_model`) to its head, whose projection onto the
vocabulary is a large share of the work. A forward hook on the encoder keeps only the wanted positions, so the head runs
at these alone: the same logits in less time and memory. In the BERT family the last layer is cut too. After its
attention no token depends on another, so the rest of the layer (three quarters of its weights) runs at the wanted
positions alone.
"""

import threading
from collections.abc import Iterator
from contextlib import contextmanager

import torch
from torch import nn


class WantedPositions:
    """Hooks that reduce a forward pass to the positions its thread wants; outside `at` the model is unchanged."""

    def __init__(self, model: nn.Module):
        self._thread = threading.local()  # several threads may run forward passes at once
        self._hooks = [model.base_model.register_forward_hook(self._keep)]
        self._after_attention = after_last_attention(model.base_model)
        if self._after_attention is not None:
            self._hooks.append(self._after_attention.register_forward_pre_hook(self._keep_early))

    @contextmanager
    def at(self, rows: torch.Tensor, columns: torch.Tensor) -> Iterator[None]:
        """Within this context a forward pass returns (1, positions, vocab_size) logits at (rows[i], columns[i])."""
        self._thread.wanted = (rows, columns)
        try:
            yield
        finally:
            self._thread.wanted = None

    def pick(self, logits: torch.Tensor, rows: torch.Tensor, columns: torch.Tensor) -> torch.Tensor:
        """Return (positions, vocab_size) float32 logits, also if the hook did not recognize the encoder's output."""
        if logits.shape[:2] != (1, len(columns)):
            logits = logits[rows, columns]
        return logits.view(len(columns), -1).float()

    def remove(self) -> None:
        """Remove the hooks."""
        for hook in self._hooks:
            hook.remove()

    @property
    def _wanted(self) -> tuple[torch.Tensor, torch.Tensor] | None:
        """The rows and columns that this thread wants, or None."""
        return getattr(self._thread, "wanted", None)

    def _keep(self, _module, _inputs, output):
        """Encoder hook: (rows, length, hidden) to (1, positions, hidden), unless the last layer did this."""
        hidden = getattr(output, "last_hidden_state", None)
        if self._wanted is None or hidden is None or self._after_attention is not None:
            return None
        return type(output)(last_hidden_state=self._at_wanted(hidden))

    def _keep_early(self, _module, inputs):
        """Last-layer hook: reduce the output of attention and its residual to the wanted positions."""
        return None if self._wanted is None else tuple(self._at_wanted(hidden) for hidden in inputs)

    def _at_wanted(self, hidden: torch.Tensor) -> torch.Tensor:
        rows, columns = self._wanted
        # index_select, because the backward pass of hidden[rows, columns] is slow on a CPU
        return hidden.flatten(0, 1).index_select(0, rows * hidden.shape[1] + columns).unsqueeze(0)


def after_last_attention(encoder: nn.Module) -> nn.Module | None:
    """Return `attention.output` of the last layer in the BERT family, which takes (context, residual), or None."""
    layers = getattr(getattr(encoder, "encoder", None), "layer", None)
    if not isinstance(layers, nn.ModuleList):
        return None
    return getattr(getattr(layers[-1], "attention", None), "output", None)
