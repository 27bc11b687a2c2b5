"""Hide tokens of blocks: which ones, and what stands in their place.

BERT's rule (Devlin et al. 2019): a share of the tokens is to be predicted; of these 80 % become the mask token,
10 % a random one, 10 % stay. The draw for a block depends on the seed, the epoch and the block's number alone:
so a resumed run masks as an undisturbed one, each epoch masks anew, and evaluation can freeze its masks by
never changing the epoch.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from mlm_demo.training.packing import NO_WORD, Blocks

IGNORED = -100  # a label that the loss leaves out, as everywhere in transformers
AS_MASK, AS_RANDOM = 0.8, 0.1


@dataclass(frozen=True)
class Masking:
    """What is hidden: the share of tokens, by whole words or not, from which seed.

    random_ids: the ids that a random token is drawn from (special tokens are not among them).
    """

    mask_id: int
    random_ids: np.ndarray
    probability: float = 0.15
    whole_word: bool = False
    seed: int = 0


@dataclass(frozen=True)
class Masked:
    """Rows ready for a model: ids (rows, length) with tokens hidden, labels the same shape, IGNORED elsewhere."""

    ids: np.ndarray
    labels: np.ndarray


def mask_blocks(blocks: Blocks, numbers: Sequence[int], masking: Masking, epoch: int) -> Masked:
    """Hide tokens of the blocks of these numbers; at least one token in each block that has any."""
    ids = blocks.ids[list(numbers)].astype(np.int64)
    labels = np.full_like(ids, IGNORED)
    for row, number in enumerate(numbers):
        random = np.random.default_rng([masking.seed, epoch, int(number)])
        chosen = _choose(blocks.words[number], masking, random)
        labels[row, chosen] = ids[row, chosen]
        fate = random.random(len(chosen))
        ids[row, chosen[fate < AS_MASK]] = masking.mask_id
        swapped = chosen[(fate >= AS_MASK) & (fate < AS_MASK + AS_RANDOM)]
        ids[row, swapped] = random.choice(masking.random_ids, len(swapped))
    return Masked(ids, labels)


def _choose(words: np.ndarray, masking: Masking, random: np.random.Generator) -> np.ndarray:
    """The positions to be predicted in one block, in their order."""
    candidates = np.flatnonzero(words != NO_WORD)
    if not len(candidates):
        return candidates
    # What is drawn is a word, or a token: then each is a word of its own.
    groups = words[candidates] if masking.whole_word else np.arange(len(candidates))
    drawn = random.random(groups.max() + 1) < masking.probability
    if not drawn[groups].any():  # a block in which nothing is hidden has no loss
        drawn[random.choice(groups)] = True
    return candidates[drawn[groups]]


def random_ids(vocab_size: int, special_ids: Sequence[int]) -> np.ndarray:
    """Every id of the vocabulary but the special ones."""
    return np.setdiff1d(np.arange(vocab_size), np.array(sorted(special_ids)))
