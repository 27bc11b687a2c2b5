"""Which words of a sentence a guess rests on: hide each in turn and see how probable the guess still is.

This is occlusion (Zeiler & Fergus 2014, arXiv 1311.2901; for words Li et al. 2016, arXiv 1612.08220). It runs on the
same weights and passes as a prediction, and its numbers are probabilities that pressing a word shows again.
`gradients.py` is the other measure.

Its limit: of two words that say the same, hiding one changes little, because the other one is still there.
"""

from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from math import log

import torch

from mlm_demo.errors import ParameterError
from mlm_demo.inference.expected_words import predicted
from mlm_demo.inference.fill_mask import distributions, word_shown
from mlm_demo.inference.hidden_words import hidden_beside, with_a_word_hidden
from mlm_demo.inference.joint import best_words
from mlm_demo.inference.prompt import Prompt, read_prompt
from mlm_demo.inference.targets import target_pieces
from mlm_demo.models.masked_lm import MaskedLM

LEAST = 1e-45  # probabilities of zero are counted as float32's smallest number


@dataclass(frozen=True)
class Influence:
    """A word, its characters in the sentence, and what hiding it does to the guess.

    score: the probability of the guess without the word. change: its logarithm with the word minus without it, in
    nats; positive if the word speaks for the guess, negative if it speaks against it.
    """

    word: str
    start: int
    end: int
    score: float
    change: float


@dataclass(frozen=True)
class WordShare:
    """A word, its characters in the sentence, and its share of the gradient; those of a sentence sum to 1."""

    word: str
    start: int
    end: int
    share: float


@dataclass(frozen=True)
class Influences:
    """A guess at a mask, which counts from 1, its probability, and the influence of each word of the sentence on it.

    measure: hiding, whose words are of the type Influence, or gradient, whose words are of the type WordShare.
    """

    model: dict
    text: str
    mask: int
    guess: str
    score: float
    words: tuple[Influence, ...] | tuple[WordShare, ...]
    measure: str

    def to_json(self) -> dict:
        """Return its fields."""
        return asdict(self)


def influences(
    mlm: MaskedLM,
    text: str,
    *,
    mask: int = 1,
    targets: Sequence[str] = (),
    max_characters: int,
    max_masks: int,
    on_progress: Callable[[float], None] = lambda share: None,
) -> Influences:
    """Return the influence of each word on the first guess at a mask of `text`, or on the best of `targets`.

    mask: counts from 1. Raises PromptError as `read_prompt` and `hidden_beside` do, ParameterError for no such mask, or
    if no target is a single token.
    """
    whole = read_prompt(text, mlm, max_characters=max_characters, max_masks=max_masks)
    limits = with_a_word_hidden(max_characters=max_characters, max_masks=max_masks)
    hidden, mask = hidden_beside(text, mask), int(mask) - 1
    ((rows, _),) = distributions(mlm, [whole])
    token = guessed_token(mlm, whole, mask, rows[mask], targets)
    score = rows[mask][token].item()
    found: list[Influence] = []
    for one, _, row in predicted(mlm, hidden, on_progress=on_progress, **limits):
        without = row[token].item()
        change = log(max(score, LEAST)) - log(max(without, LEAST))
        found.append(Influence(one.word, one.start, one.end, without, change))
    guess = word_shown(mlm, token, whole.follows_word(mask))
    return Influences(mlm.describe(), text, mask + 1, guess, score, tuple(found), "hiding")


def guessed_token(mlm: MaskedLM, prompt: Prompt, mask: int, row: torch.Tensor, targets: Sequence[str]) -> int:
    """Return the most probable word at a mask, or the best of `targets`, as a token.

    mask: counts from 0. row: the probabilities there, shape (vocab_size). Raises ParameterError if no target is a
    single token.
    """
    if not targets:
        return best_words(row, 1, mlm.is_word)[0][1]
    pieces = [target_pieces(mlm, prompt, mask, target) for target in targets]
    single = [token for token, *more in filter(None, pieces) if not more]
    if not single:
        raise ParameterError(
            f"{mlm.name} writes each of the targets with several pieces; which words matter is shown for a guess of "
            "one piece. Add a shorter target, or leave the targets empty."
        )
    return max(single, key=lambda token: row[token].item())
