"""The training data of a run: its blocks, the order of each epoch, and batches with masked tokens."""

import math
from collections.abc import Callable, Sequence

import numpy as np
import torch

from mlm_demo.models.masked_lm import MaskedLM
from mlm_demo.settings import ASSETS
from mlm_demo.training.config import MaskedLMConfig
from mlm_demo.training.masking import IGNORED, Masking, mask_blocks
from mlm_demo.training.packing import NO_WORD, REPLAYED, Blocks, one_by_one, pack

GENERAL_TEXT = ASSETS / "corpora" / "general_english.txt"


def make_blocks(
    mlm: MaskedLM, training: Sequence[str], replay: Sequence[str], config: MaskedLMConfig
) -> Blocks:
    """Cut the corpus into blocks and add the share of general text that the configuration asks for."""
    size = min(config.block_size, mlm.max_tokens)
    if config.line_by_line:
        lines = [line for text in training for line in text.split("\n") if line.strip()]
        blocks = one_by_one(mlm.tokenizer, lines, size)
    else:
        blocks = pack(mlm.tokenizer, training, size)
    if not config.replay or not replay:
        return blocks
    general = pack(mlm.tokenizer, replay, size)
    wanted = round(len(blocks) * config.replay / (1 - config.replay))
    chosen = np.resize(np.random.default_rng(config.seed).permutation(len(general)), wanted)
    return Blocks(
        np.concatenate([blocks.ids, general.ids[chosen]]),
        np.concatenate([blocks.words, general.words[chosen]]),
        np.concatenate([blocks.document, np.full(wanted, REPLAYED, np.int32)]),
        blocks.pad_id,
    )


def general_texts() -> tuple[list[str], list[str]]:
    """Return our own general English: paragraphs to replay, and others to measure forgetting with."""
    paragraphs = [p.strip() for p in GENERAL_TEXT.read_text(encoding="utf-8").split("\n\n") if p.strip()]
    return paragraphs[1::2], paragraphs[::2]


class NumberedDataset(torch.utils.data.Dataset):
    """The numbers of the training items, each with the current epoch; the collator does the rest."""

    def __init__(self, count: int):
        self.count, self.epoch = count, 0

    def set_epoch(self, epoch: int) -> None:
        """Set the epoch; accelerate calls this before each one."""
        self.epoch = epoch

    def __len__(self) -> int:
        return self.count

    def __getitem__(self, number: int) -> tuple[int, int]:
        return self.epoch, int(number)


class ShuffledDataset(NumberedDataset):
    """Every item once per epoch, in an order that depends on the seed and the epoch alone: epoch, position, number.

    accelerate's own seeded sampler loses its epoch when a resumed run skips the batches already seen.
    """

    def __init__(self, count: int, seed: int):
        super().__init__(count)
        self.seed = seed
        self.set_epoch(0)

    def set_epoch(self, epoch: int) -> None:
        """Draw the order of an epoch."""
        super().set_epoch(epoch)
        self.order = np.random.default_rng([self.seed, epoch]).permutation(self.count)

    def __getitem__(self, position: int) -> tuple[int, int, int]:
        return self.epoch, int(position), int(self.order[position])


class MaskingCollator:
    """Turns numbers of blocks into a batch of tensors.

    input_ids: tokens after masking; masked: positions to predict, counted through all rows; labels: the true ids at
    these positions; attention_mask: only if there is padding.
    share_over: the share of the run that is over before a block, from its epoch and its position in it; by it the last
    blocks may be masked less. even: pad `masked` (with 0) and `labels` (with IGNORED) so that all whole batches have
    the same shapes.
    """

    def __init__(
        self,
        blocks: Blocks,
        masking: Masking,
        share_over: Callable[[int, int], float] = lambda epoch, position: 0.0,
        even: bool = False,
    ):
        self.blocks, self.masking, self.share_over, self.even = blocks, masking, share_over, even

    def __call__(self, items: list[tuple[int, int, int]]) -> dict[str, torch.Tensor]:
        epoch, position, _ = items[0]
        numbers = [number for *_, number in items]
        # By the position, not by the steps made: accelerate draws a batch while the one before it is trained on.
        rows = mask_blocks(self.blocks, numbers, self.masking.at(self.share_over(epoch, position)), epoch)
        masked = np.flatnonzero(rows.labels != IGNORED)
        labels = rows.labels.ravel()[masked]
        missing = _slots(rows.ids.size, self.masking.probability) - len(masked) if self.even else 0
        if missing > 0:
            masked = np.pad(masked, (0, missing))
            labels = np.pad(labels, (0, missing), constant_values=IGNORED)
        batch = {
            "input_ids": torch.from_numpy(rows.ids),
            "masked": torch.from_numpy(masked),
            "labels": torch.from_numpy(labels),
        }
        padding = (self.blocks.ids[numbers] == self.blocks.pad_id) & (self.blocks.words[numbers] == NO_WORD)
        if padding.any():  # attention is fastest without a mask
            batch["attention_mask"] = torch.from_numpy((~padding).astype(np.int64))
        return batch


def _slots(tokens: int, probability: float) -> int:
    """Return how many masked tokens to make room for: too few only once in tens of thousands of batches."""
    expected = tokens * probability
    return math.ceil((expected + 4 * math.sqrt(expected)) / 64) * 64
