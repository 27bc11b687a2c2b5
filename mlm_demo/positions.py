"""Compute a model's head at some positions only, whatever the architecture.

Every `*ForMaskedLM` model runs its encoder (`model.base_model`) and gives the result to its head, and the head's
projection onto the vocabulary is a large share of the work. A forward hook on the encoder keeps only the
positions that are asked for, so the head runs on those alone: the same result, in less time and memory.
"""

from collections.abc import Iterator
from contextlib import contextmanager

import torch
from transformers import PreTrainedModel


class WantedPositions:
    """Holds the positions wanted in the pass that is going on; outside `at` the model is as it was."""

    def __init__(self, model: PreTrainedModel):
        self._wanted: tuple[torch.Tensor, torch.Tensor] | None = None
        self._hook = model.base_model.register_forward_hook(self._keep)

    @contextmanager
    def at(self, rows: torch.Tensor, columns: torch.Tensor) -> Iterator[None]:
        """Within this context a pass gives logits (1, positions, vocab_size) at (rows[i], columns[i])."""
        self._wanted = (rows, columns)
        try:
            yield
        finally:
            self._wanted = None

    def pick(self, logits: torch.Tensor, rows: torch.Tensor, columns: torch.Tensor) -> torch.Tensor:
        """The (positions, vocab_size) logits of a pass, also of an encoder whose output the hook does not know."""
        if logits.shape[:2] != (1, len(columns)):
            logits = logits[rows, columns]
        return logits.view(len(columns), -1).float()

    def remove(self) -> None:
        """Take the hook off."""
        self._hook.remove()

    def _keep(self, _module, _inputs, output):
        """The hook: (rows, length, hidden) → (1, positions, hidden)."""
        hidden = getattr(output, "last_hidden_state", None)
        if self._wanted is None or hidden is None:
            return None
        rows, columns = self._wanted
        return type(output)(last_hidden_state=hidden[rows, columns].unsqueeze(0))
