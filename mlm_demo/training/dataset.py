"""The batches of a run: which blocks, in which order, with which tokens hidden."""

import math
from collections.abc import Iterator

import numpy as np
import torch

from mlm_demo.training.masking import IGNORED, Masking, mask_blocks
from mlm_demo.training.packing import NO_WORD, Blocks


class BlockDataset(torch.utils.data.Dataset):
    """The numbers of the blocks, each with the epoch it is drawn in; the collator does the rest."""

    def __init__(self, count: int):
        self.count, self.epoch = count, 0

    def set_epoch(self, epoch: int) -> None:
        """Called by accelerate before each epoch."""
        self.epoch = epoch

    def __len__(self) -> int:
        return self.count

    def __getitem__(self, number: int) -> tuple[int, int]:
        return self.epoch, int(number)


class EpochSampler(torch.utils.data.Sampler):
    """Every number once an epoch, in an order that depends on the seed and the epoch alone.

    accelerate's own seeded sampler loses its epoch when a resumed run skips the batches already seen.
    """

    def __init__(self, numbers: BlockDataset, seed: int):
        self.numbers, self.seed = numbers, seed

    def __len__(self) -> int:
        return len(self.numbers)

    def __iter__(self) -> Iterator[int]:
        return iter(
            np.random.default_rng([self.seed, self.numbers.epoch]).permutation(len(self.numbers)).tolist()
        )


class MaskingCollator:
    """Numbers of blocks into a batch: input_ids with tokens hidden, where they are (`hidden`, counted through the
    rows), what they are (`labels`), and attention_mask if there is padding.

    even: whether each whole batch has as many places for hidden tokens (those left over at 0, IGNORED).
    """

    def __init__(self, blocks: Blocks, masking: Masking, even: bool = False):
        self.blocks, self.masking, self.even = blocks, masking, even

    def __call__(self, drawn: list[tuple[int, int]]) -> dict[str, torch.Tensor]:
        epoch, numbers = drawn[0][0], [number for _, number in drawn]
        masked = mask_blocks(self.blocks, numbers, self.masking, epoch)
        hidden = np.flatnonzero(masked.labels != IGNORED)
        labels = masked.labels.ravel()[hidden]
        left_over = _places(masked.ids.size, self.masking.probability) - len(hidden) if self.even else 0
        if left_over > 0:
            hidden = np.pad(hidden, (0, left_over))
            labels = np.pad(labels, (0, left_over), constant_values=IGNORED)
        batch = {
            "input_ids": torch.from_numpy(masked.ids),
            "hidden": torch.from_numpy(hidden),
            "labels": torch.from_numpy(labels),
        }
        padding = (self.blocks.ids[numbers] == self.blocks.pad_id) & (self.blocks.words[numbers] == NO_WORD)
        if padding.any():  # without a mask attention takes its fastest way
            batch["attention_mask"] = torch.from_numpy((~padding).astype(np.int64))
        return batch


def _places(tokens: int, probability: float) -> int:
    """Enough for the hidden ones among so many tokens, but once in tens of thousands of batches."""
    usual = tokens * probability
    return math.ceil((usual + 4 * math.sqrt(usual)) / 64) * 64
