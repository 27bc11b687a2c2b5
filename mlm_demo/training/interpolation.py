"""The weights between a base model and what training made of it.

The mean of base and adapted weights keeps most of what training taught and forgets much less than the adapted model
(WiSE-FT: Wortsman et al. 2022, arXiv 2109.01903). A share says how far a model goes: 0 is the base, 1 the adapted one.
"""

from collections.abc import Mapping
from pathlib import Path

import torch
from torch import nn

SHARES = (0.0, 0.25, 0.5, 0.75, 1.0)


def copy_weights(model: nn.Module) -> dict[str, torch.Tensor]:
    """Copy the parameters to main memory, one of each pair of tied ones."""
    return {name: weight.detach().cpu().clone() for name, weight in model.named_parameters()}


class Interpolation:
    """Moves a model, in place, between its weights before training and those that it has now."""

    def __init__(self, model: nn.Module, base: Mapping[str, torch.Tensor]):
        """base: what `copy_weights` returned before training."""
        self.model, self.base = model, base
        self.change = {name: weight - base[name] for name, weight in copy_weights(model).items()}

    def move_to(self, share: float) -> None:
        """Set the weights to base + share × (adapted - base); at 0 exactly to the base."""
        self._set(
            {name: torch.add(weight, self.change[name], alpha=share) for name, weight in self.base.items()}
        )

    def save_change(self, folder: Path) -> None:
        """Save adapted - base as the weights of a model, under the same names; leaves the model as it was."""
        weights = copy_weights(self.model)
        try:
            self._set(self.change)
            self.model.save_pretrained(folder)
        finally:
            self._set(weights)

    @torch.no_grad()
    def _set(self, weights: Mapping[str, torch.Tensor]) -> None:
        for name, parameter in self.model.named_parameters():
            parameter.copy_(weights[name])
