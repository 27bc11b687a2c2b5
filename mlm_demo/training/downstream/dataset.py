"""The training data of a downstream task: its questions, an order that wastes little padding, and batches."""

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
import torch

from mlm_demo.models.task_model import TaskModel
from mlm_demo.training.dataset import NumberedDataset
from mlm_demo.training.downstream.task import DownstreamTask

BATCHES_SORTED = 50  # the questions of so many batches are sorted by length together
# Windows in one pass: on a CPU passes of similar lengths are faster than one with much padding.
WINDOWS_PER_PASS_ON_CPU = 8


class LengthSampler(torch.utils.data.Sampler):
    """Every question once per epoch, in an order that depends on the seed and the epoch alone.

    Questions of similar length come together: within BATCHES_SORTED batches drawn at random they are sorted by length,
    and then the batches are shuffled.
    """

    def __init__(self, dataset: NumberedDataset, lengths: Sequence[int], batch_size: int, seed: int):
        self.dataset, self.lengths, self.seed = dataset, np.asarray(lengths), seed
        self.batch_size = batch_size

    def __len__(self) -> int:
        return len(self.dataset)

    def __iter__(self) -> Iterator[int]:
        random = np.random.default_rng([self.seed, self.dataset.epoch])
        order = random.permutation(len(self.dataset))
        together = self.batch_size * BATCHES_SORTED
        batches = []
        for start in range(0, len(order), together):
            part = order[start : start + together]
            part = part[np.argsort(self.lengths[part], kind="stable")]
            batches += [part[i : i + self.batch_size] for i in range(0, len(part), self.batch_size)]
        # The last batch stays last: only it may be smaller than the others.
        smaller = [batches.pop()] if len(batches[-1]) < self.batch_size else []
        random.shuffle(batches)
        return iter(np.concatenate([*batches, *smaller]).tolist())


class QuestionCollator:
    """Turns numbers of questions into a batch.

    parts: the inputs of the model, windows of similar length together; targets: one tensor for each part; owner: the
    number of the question within the batch, for the windows of all parts.
    """

    def __init__(self, task: DownstreamTask, model: TaskModel, examples: Sequence[Any], seed: int):
        self.task, self.model, self.examples, self.seed = task, model, examples, seed

    def __call__(self, items: Sequence[tuple[int, int]]) -> dict[str, Any]:
        windows, targets, owners = [], [], []
        for owner, (epoch, number) in enumerate(items):
            random = np.random.default_rng([self.seed, epoch, number])
            item = self.task.item(self.model, self.examples[number], random)
            windows += item.windows
            targets += item.targets
            owners += [owner] * len(item.windows)
        order = sorted(range(len(windows)), key=lambda place: len(windows[place]))
        size = WINDOWS_PER_PASS_ON_CPU if self.model.device.type == "cpu" else len(order)
        parts = [order[start : start + size] for start in range(0, len(order), size)]
        return {
            "parts": [self.model.inputs([windows[place] for place in part]) for part in parts],
            "targets": [torch.tensor([targets[place] for place in part]) for part in parts],
            "owner": torch.tensor([owners[place] for place in order]),
        }
