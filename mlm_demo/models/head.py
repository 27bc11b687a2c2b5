"""Run the head of a model at the wanted positions only, for any architecture.

Every `*ForMaskedLM` model passes the output of its encoder (`model.base_model`) to its head, whose projection onto the
vocabulary is a large share of the work. A forward hook on the encoder keeps only the wanted positions, so the head runs
at these alone: the same logits in less time and memory. In the BERT family the last layer is cut too. After its
attention no token depends on another, so the rest of the layer (three quarters of its weights) runs at the wanted
positions alone.

Some architectures read more than that output, or look like BERT's and differ. So `proven_positions` tries each cut out
against a full pass when a model is loaded, and takes the first that gives the same logits.
"""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import torch
from torch import nn

from mlm_demo.system.memory import ran_out

LAST_LAYER, HEAD, NOTHING = "last layer", "head", "nothing"
CUTS = (LAST_LAYER, HEAD, NOTHING)  # what runs at the wanted positions only, the fastest first


class WantedPositions:
    """Hooks that reduce a forward pass to the positions its thread wants; outside `at` the model is unchanged.

    cut: one of CUTS; `last layer` is `head` in an architecture whose last layer has no such place.
    """

    def __init__(self, model: nn.Module, cut: str = LAST_LAYER):
        self._thread = threading.local()  # several threads may run forward passes at once
        early = after_last_attention(model.base_model) if cut == LAST_LAYER else None
        self.cut, self._hooks = HEAD if cut == LAST_LAYER and early is None else cut, []
        if self.cut == LAST_LAYER:
            self._hooks.append(early.register_forward_pre_hook(self._keep_early))
        elif self.cut == HEAD:
            self._hooks.append(model.base_model.register_forward_hook(self._keep))

    @contextmanager
    def at(self, rows: torch.Tensor, columns: torch.Tensor) -> Iterator[None]:
        """Within this context a forward pass returns (1, positions, vocab_size) logits at (rows[i], columns[i])."""
        self._thread.wanted = (rows, columns)
        try:
            yield
        finally:
            self._thread.wanted = None

    def pick(self, logits: torch.Tensor, rows: torch.Tensor, columns: torch.Tensor) -> torch.Tensor:
        """Return (positions, vocab_size) float32 logits from those of a pass within `at`."""
        if self.cut == NOTHING:
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
        """Encoder hook: (rows, length, hidden) to (1, positions, hidden)."""
        hidden = getattr(output, "last_hidden_state", None)
        if self._wanted is None or hidden is None:
            return None
        return type(output)(last_hidden_state=self._at_wanted(hidden))

    def _keep_early(self, _module, inputs):
        """Last-layer hook: reduce the output of attention and its residual to the wanted positions."""
        return None if self._wanted is None else tuple(self._at_wanted(hidden) for hidden in inputs)

    def _at_wanted(self, hidden: torch.Tensor) -> torch.Tensor:
        rows, columns = self._wanted
        # index_select, because the backward pass of hidden[rows, columns] is slow on a CPU
        return hidden.flatten(0, 1).index_select(0, rows * hidden.shape[1] + columns).unsqueeze(0)


def proven_positions(
    model: nn.Module, run: Callable[[WantedPositions], torch.Tensor], full: torch.Tensor
) -> WantedPositions:
    """Return the hooks of the fastest cut with which a pass gives the logits of a full pass.

    run: the logits of a sample with these hooks; full: those without.
    """
    for cut in CUTS[:-1]:
        positions = WantedPositions(model, cut)
        if positions.cut == cut:
            try:
                if is_close(run(positions), full):
                    return positions
            except (
                Exception
            ) as error:  # whatever the model's own code raises for a shape that it does not expect
                if ran_out(error):
                    raise
        positions.remove()
    return WantedPositions(model, NOTHING)


def is_close(logits: torch.Tensor, full: torch.Tensor) -> bool:
    """Return whether logits differ by the rounding of float32 only."""
    return logits.shape == full.shape and bool((logits - full).abs().max() <= 0.01 * full.std() + 1e-4)


def after_last_attention(encoder: nn.Module) -> nn.Module | None:
    """Return `attention.output` of the last layer in the BERT family, which takes (context, residual), or None."""
    layers = getattr(getattr(encoder, "encoder", None), "layer", None)
    if not isinstance(layers, nn.ModuleList):
        return None
    return getattr(getattr(layers[-1], "attention", None), "output", None)
