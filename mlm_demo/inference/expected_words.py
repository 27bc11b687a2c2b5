"""What a model expects at each word of a sentence: its first guess there, and how probable the word itself is."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass
from math import log2

import torch

from mlm_demo.inference.fill_mask import distributions, word_shown
from mlm_demo.inference.hidden_words import HiddenWord
from mlm_demo.inference.joint import best_words
from mlm_demo.inference.prompt import Prompt, read_prompt
from mlm_demo.inference.targets import target_pieces
from mlm_demo.models.masked_lm import MaskedLM

AT_ONCE = 16  # sentences in a pass, so that other questions get their turn in between


@dataclass(frozen=True)
class ExpectedWord:
    """The first guess for a hidden word with its probability, and the word's own.

    rank: 1 for the most probable token of the vocabulary; surprisal: in bits, -log2 of the word's probability; both
    None for a word that the vocabulary writes with several pieces, or cannot write.
    """

    word: str
    guess: str
    score: float
    rank: int | None
    surprisal: float | None

    def to_json(self) -> dict:
        """Return its fields."""
        return asdict(self)


def expected_words(
    mlm: MaskedLM,
    hidden: Sequence[HiddenWord],
    *,
    max_characters: int,
    max_masks: int,
    on_progress: Callable[[float], None] = lambda share: None,
) -> list[ExpectedWord]:
    """Predict each hidden word; raises PromptError as `read_prompt` does."""
    limits = {"max_characters": max_characters, "max_masks": max_masks}
    found = []
    for one, prompt, row in predicted(mlm, hidden, on_progress=on_progress, **limits):
        ((score, token),) = best_words(row, 1, mlm.is_word)
        pieces = target_pieces(mlm, prompt, one.mask, one.word)
        rank = surprisal = None
        if len(pieces) == 1:
            own = row[pieces[0]]
            rank, surprisal = int((row > own).sum()) + 1, -log2(max(own.item(), 1e-45))
        found.append(
            ExpectedWord(
                one.word, word_shown(mlm, token, prompt.follows_word(one.mask)), score, rank, surprisal
            )
        )
    return found


def predicted(
    mlm: MaskedLM,
    hidden: Sequence[HiddenWord],
    *,
    max_characters: int,
    max_masks: int,
    on_progress: Callable[[float], None],
) -> Iterator[tuple[HiddenWord, Prompt, torch.Tensor]]:
    """Yield each hidden word with its sentence as read and the probabilities at its mask, shape (vocab_size).

    on_progress: gets the share done after each pass of AT_ONCE sentences. Raises PromptError as `read_prompt` does.
    """
    for first in range(0, len(hidden), AT_ONCE):
        some = hidden[first : first + AT_ONCE]
        prompts = [
            read_prompt(one.sentence, mlm, max_characters=max_characters, max_masks=max_masks) for one in some
        ]
        for one, prompt, (rows, _) in zip(some, prompts, distributions(mlm, prompts), strict=True):
            yield one, prompt, rows[one.mask]
        on_progress((first + len(some)) / len(hidden))
