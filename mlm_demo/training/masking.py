"""Mask tokens of blocks: choose them, and replace them.

BERT's rule (Devlin et al. 2019): the model predicts a share of the tokens; 80% of these become the mask token, 10% a
random token, and 10% stay as they are. What happens to a block depends on the seed, the epoch and the block's number
alone. So a resumed run masks as an uninterrupted one, each epoch masks anew, and an evaluation freezes its masks by
keeping to one epoch. The last part of a run may mask less than the others.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from mlm_demo.training.config import MaskedLMConfig
from mlm_demo.training.packing import NO_WORD, Blocks

if TYPE_CHECKING:
    from mlm_demo.models.masked_lm import MaskedLM

IGNORED = -100  # the label that the loss ignores, as everywhere in transformers
AS_MASK, AS_RANDOM = 0.8, 0.1
LAST_PART_FROM = 0.8  # of a run


@dataclass(frozen=True)
class Masking:
    """How tokens are masked: the share, whole words or single tokens, and the seed.

    random_ids: the ids that a random token is drawn from, special tokens excluded. final_probability: the share in the
    last part of a run, None for the same.
    """

    mask_id: int
    random_ids: np.ndarray
    probability: float = 0.15
    whole_word: bool = False
    seed: int = 0
    final_probability: float | None = None

    def at(self, share_over: float) -> "Masking":
        """Return the masking once a share of the run is over."""
        if self.final_probability is None or share_over < LAST_PART_FROM:
            return self
        return replace(self, probability=self.final_probability)


def make_masking(mlm: "MaskedLM", config: MaskedLMConfig) -> Masking:
    """Return the masking that a run's configuration asks for."""
    return Masking(
        mlm.mask_id,
        vocabulary_ids(mlm),
        config.mlm_probability,
        config.whole_word,
        config.seed,
        config.final_mlm_probability,
    )


@dataclass(frozen=True)
class Masked:
    """Rows ready for a model: ids (rows, length) after masking, labels of the same shape, IGNORED elsewhere."""

    ids: np.ndarray
    labels: np.ndarray


def mask_blocks(blocks: Blocks, numbers: Sequence[int], masking: Masking, epoch: int) -> Masked:
    """Mask tokens of the blocks with these numbers, at least one in each block that has any."""
    ids = blocks.ids[list(numbers)].astype(np.int64)
    labels = np.full_like(ids, IGNORED)
    for row, number in enumerate(numbers):
        random = np.random.default_rng([masking.seed, epoch, int(number)])
        chosen = _choose(blocks.words[number], masking, random)
        labels[row, chosen] = ids[row, chosen]
        draw = random.random(len(chosen))
        ids[row, chosen[draw < AS_MASK]] = masking.mask_id
        swapped = chosen[(draw >= AS_MASK) & (draw < AS_MASK + AS_RANDOM)]
        ids[row, swapped] = random.choice(masking.random_ids, len(swapped))
    return Masked(ids, labels)


def _choose(words: np.ndarray, masking: Masking, random: np.random.Generator) -> np.ndarray:
    """Return the positions to predict in one block, in ascending order."""
    candidates = np.flatnonzero(words != NO_WORD)
    if not len(candidates):
        return candidates
    # Words are drawn; without whole-word masking each token counts as a word.
    groups = words[candidates] if masking.whole_word else np.arange(len(candidates))
    drawn = random.random(groups.max() + 1) < masking.probability
    if not drawn[groups].any():  # a block without a masked token would have no loss
        drawn[random.choice(groups)] = True
    return candidates[drawn[groups]]


def vocabulary_ids(mlm: "MaskedLM") -> np.ndarray:
    """Return the ids of a model's vocabulary that a random token is drawn from."""
    return random_ids(len(mlm.tokenizer), mlm.tokenizer.all_special_ids)


def random_ids(vocab_size: int, special_ids: Sequence[int]) -> np.ndarray:
    """Return every id of a vocabulary except the special ones."""
    return np.setdiff1d(np.arange(vocab_size), np.array(sorted(special_ids)))
