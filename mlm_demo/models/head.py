"""Compute a model at some positions only, as far down as that is possible, whatever the architecture.

Every `*ForMaskedLM` model runs its encoder (`model.base_model`) and gives the result to its head, and the head's
projection onto the vocabulary is a large share of the work. A forward hook on the encoder keeps only the
positions that are asked for, so the head runs on those alone: the same result, in less time and memory. In BERT and
its kin the last layer is cut too: after its attention every token goes its own way, so what follows there (three
quarters of a layer's weights) runs at those positions alone.
"""

import threading
from collections.abc import Iterator
from contextlib import contextmanager

import torch
from torch import nn


class WantedPositions:
    """Holds the positions wanted in the pass that a thread makes; outside `at` the model is as it was."""

    def __init__(self, model: nn.Module):
        self._here = threading.local()  # passes of several threads may go on at once
        self._hooks = [model.base_model.register_forward_hook(self._keep)]
        self._after_attention = _after_last_attention(model.base_model)
        if self._after_attention is not None:
            self._hooks.append(self._after_attention.register_forward_pre_hook(self._keep_early))

    @contextmanager
    def at(self, rows: torch.Tensor, columns: torch.Tensor) -> Iterator[None]:
        """Within this context a pass gives logits (1, positions, vocab_size) at (rows[i], columns[i])."""
        self._here.wanted = (rows, columns)
        try:
            yield
        finally:
            self._here.wanted = None

    def pick(self, logits: torch.Tensor, rows: torch.Tensor, columns: torch.Tensor) -> torch.Tensor:
        """The (positions, vocab_size) logits of a pass, also of an encoder whose output the hook does not know."""
        if logits.shape[:2] != (1, len(columns)):
            logits = logits[rows, columns]
        return logits.view(len(columns), -1).float()

    def remove(self) -> None:
        """Take the hooks off."""
        for hook in self._hooks:
            hook.remove()

    @property
    def _wanted(self) -> tuple[torch.Tensor, torch.Tensor] | None:
        """Of the pass of this thread."""
        return getattr(self._here, "wanted", None)

    def _keep(self, _module, _inputs, output):
        """The encoder's hook: (rows, length, hidden) → (1, positions, hidden), unless the last layer did it."""
        hidden = getattr(output, "last_hidden_state", None)
        if self._wanted is None or hidden is None or self._after_attention is not None:
            return None
        return type(output)(last_hidden_state=self._at_wanted(hidden))

    def _keep_early(self, _module, inputs):
        """The last layer's hook: what attention found and what it is added to, at the positions alone."""
        return None if self._wanted is None else tuple(self._at_wanted(hidden) for hidden in inputs)

    def _at_wanted(self, hidden: torch.Tensor) -> torch.Tensor:
        rows, columns = self._wanted
        # index_select, since the way back of hidden[rows, columns] is slow on a processor
        return hidden.flatten(0, 1).index_select(0, rows * hidden.shape[1] + columns).unsqueeze(0)


def _after_last_attention(encoder: nn.Module) -> nn.Module | None:
    """The `attention.output` of the last layer of BERT and its kin, which takes (context, what it is added to)."""
    layers = getattr(getattr(encoder, "encoder", None), "layer", None)
    if not isinstance(layers, nn.ModuleList):
        return None
    return getattr(getattr(layers[-1], "attention", None), "output", None)
