"""What a model itself would put in the place of each piece of a scored word."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass

from mlm_demo.errors import ParameterError
from mlm_demo.inference.fill_mask import word_shown
from mlm_demo.inference.joint import best_words
from mlm_demo.inference.prompt import ends_in_word
from mlm_demo.inference.score import (
    ScoredToken,
    check_method,
    masked_row,
    read_sentence,
    scored_tokens,
    word_groups,
    word_span,
)
from mlm_demo.models.masked_lm import Encoded, MaskedLM


@dataclass(frozen=True)
class Guess:
    """A word or piece of the vocabulary with its probability; word: as a chart shows it, `##` continues a word."""

    word: str
    token: int
    score: float


@dataclass(frozen=True)
class PieceGuesses:
    """A piece of the word, and the guesses at its place, the best first."""

    piece: ScoredToken
    guesses: tuple[Guess, ...]


@dataclass(frozen=True)
class WordGuesses:
    """The word at the characters `start` to `end` of the text, piece by piece."""

    model: dict
    text: str
    method: str
    start: int
    end: int
    pieces: tuple[PieceGuesses, ...]

    def to_json(self) -> dict:
        """Return the guesses as JSON."""
        return asdict(self)


def guess_word(
    mlm: MaskedLM,
    text: str,
    start: int,
    *,
    method: str = "within_word",
    top_k: int = 5,
    max_characters: int = 20_000,
    max_tokens: int = 512,
) -> WordGuesses:
    """Return the model's guesses at the word that contains character `start`, masked as when it is scored.

    Raises as `score_sentence` does, and ParameterError if there is no word at that character.
    """
    check_method(method)
    readable = read_sentence(mlm, text, max_characters=max_characters, max_tokens=max_tokens)
    group, (first, last) = _word_at(readable.text, readable.encoded, start)
    rows = [masked_row(mlm, readable.encoded, at, method) for at in group]
    logits = mlm.logits_at([row.ids for row in rows], [row.positions for row in rows])
    tokens = scored_tokens(mlm, logits, [readable.encoded.ids[at] for at in group])
    before = [readable.text[: readable.encoded.offsets[at][0]].rstrip(" ") for at in group]
    after_words = [ends_in_word(text) for text in before]
    pieces = [
        PieceGuesses(
            token,
            tuple(
                Guess(word_shown(mlm, best, follows_word), best, score)
                for score, best in best_words(row, top_k, mlm.is_word)
            ),
        )
        for token, row, follows_word in zip(tokens, logits.softmax(-1), after_words, strict=True)
    ]
    return WordGuesses(mlm.describe(), readable.text, method, first, last, tuple(pieces))


def _word_at(text: str, encoded: Encoded, start: int) -> tuple[Sequence[int], tuple[int, int]]:
    for group in word_groups(text, encoded):
        span = word_span(text, encoded, group)
        if span[0] <= start < span[1]:
            return group, span
    raise ParameterError(f"The sentence has no word at character {start}; choose one of its words.")
