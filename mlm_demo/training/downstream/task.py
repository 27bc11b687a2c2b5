"""What fine-tuning needs to know of a downstream task, and the batches of windows that it trains on."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
import torch

from mlm_demo.models.pairs import Window
from mlm_demo.models.task_model import TaskModel


@dataclass(frozen=True)
class Item:
    """The windows of one question, and a target for each: 0 or 1 for evidence, (start, end) tokens for answers."""

    windows: list[Window]
    targets: list[Any]


@dataclass(frozen=True)
class Scores:
    """How a model did, example by example.

    groups: the article of each example, the unit of resampling; values: by metric, an array of floats, one per example.
    """

    groups: tuple[str, ...]
    values: dict[str, np.ndarray]


@dataclass(frozen=True)
class Calibration:
    """The threshold of a score that is best on some examples, and what to expect at others.

    precision: (threshold, share of right ones among those above it, share above it), the lowest threshold first.
    """

    threshold: float
    precision: tuple[tuple[float, float, float], ...]


class DownstreamTask(Protocol):
    """A task: `evidence` or `answers`.

    metrics: their names by key, the most important one first; the values of `Scores` have these keys. in_percent: the
    keys of those that are shown in percent.
    """

    name: str
    metrics: dict[str, str]
    in_percent: set[str]

    def completed(self, examples: Sequence[Any], seed: int) -> list[Any]:
        """Return examples to learn or to choose by, with what the task needs and files often lack."""

    def item(self, model: TaskModel, example: Any, random: np.random.Generator) -> Item:
        """Return what a step learns of an example; random draws candidates and windows."""

    def length(self, example: Any) -> int:
        """Return about how many characters an item of this example has, to put similar ones together."""

    def loss(
        self, outputs: Sequence[Any], targets: Sequence[torch.Tensor], owner: torch.Tensor
    ) -> torch.Tensor:
        """Return the mean loss of the questions of a batch.

        outputs: of the model, of each part of the batch; targets: of the windows of each part; owner: the number of the
        question of each window, over all parts.
        """

    def predict(self, model: TaskModel, examples: Sequence[Any]) -> list[Any]:
        """Return what a model finds in each example, for `calibrate` and `evaluate`."""

    def calibrate(self, found: Sequence[Any], examples: Sequence[Any]) -> Calibration:
        """Return the threshold that is best on examples, with what `predict` found in them."""

    def evaluate(self, found: Sequence[Any], examples: Sequence[Any], threshold: float) -> Scores:
        """Return how good what `predict` found in examples is."""

    def baselines(self, training: Sequence[Any], examples: Sequence[Any]) -> dict[str, Scores]:
        """Return how well simple rules do on the same examples, by the name of the rule."""
