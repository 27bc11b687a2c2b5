"""Start and end logits become spans of characters: the answers of extractive question answering.

The scores are those of transformers' `run_qa.py` (`utils_qa.postprocess_qa_predictions`): a span scores its start logit
plus its end logit, and the null answer scores the first token's start logit plus its end logit, the minimum over all
windows. `run_qa.py` looks at twenty starts and twenty ends; here every span of at most MAX_PIECES pieces is looked at.
"""

import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch

from mlm_demo.models.pairs import Window

MAX_PIECES = 80  # tokens in an answer; medical answers are long
N_BEST = 20


@dataclass(frozen=True)
class Span:
    """A span of a text: its (start, end) characters, without white space around them, and its score."""

    start: int
    end: int
    score: float


@dataclass(frozen=True)
class Answers:
    """The best spans of a text, best first, and the score of the null answer."""

    spans: list[Span]
    null: float

    @property
    def score(self) -> float:
        """By how much the best span is above the null answer; minus infinity without a span."""
        return self.spans[0].score - self.null if self.spans else -np.inf


def best_spans(
    text: str,
    windows: Sequence[Window],
    logits: Sequence[torch.Tensor],
    *,
    n_best: int = N_BEST,
    max_pieces: int = MAX_PIECES,
) -> Answers:
    """Return the `n_best` different spans of a text over all of its windows, and the score of the null answer.

    windows: the windows of the text, at least one. logits: (2, tokens) of each window, the start and the end logits. A
    span starts and ends in the text, in one window, and has at most `max_pieces` tokens.
    """
    scores: dict[tuple[int, int], float] = {}
    for window, of_window in zip(windows, logits, strict=True):
        for place, score in _spans_of_window(text, window, of_window, n_best, max_pieces).items():
            scores[place] = max(score, scores.get(place, -np.inf))
    ranked = sorted(scores.items(), key=lambda item: (-item[1], item[0]))
    null = min(float(of_window[:, 0].double().sum()) for of_window in logits)
    return Answers([Span(*place, score) for place, score in ranked[:n_best]], null)


def _spans_of_window(
    text: str, window: Window, logits: torch.Tensor, n_best: int, max_pieces: int
) -> dict[tuple[int, int], float]:
    """Return the scores of the best spans of one window by their characters."""
    count = len(window.offsets)
    # Tokens without characters, or of white space only, neither start nor end an answer.
    usable = np.array([bool(text[start:end].strip()) for start, end in window.offsets], dtype=bool)
    if not usable.any():
        return {}
    start, end = logits[:, window.first : window.first + count].double().cpu().numpy()
    start, end = np.where(usable, start, -np.inf), np.where(usable, end, -np.inf)
    # Row i: the spans that start at token i and end at i, i + 1, …; beyond the window the end is -inf.
    padded = np.concatenate([end, np.full(max_pieces - 1, -np.inf)])
    table = start[:, None] + np.lib.stride_tricks.sliding_window_view(padded, max_pieces)
    flat = table.ravel()
    possible = int(np.isfinite(flat).sum())
    wanted = n_best
    while True:
        found: dict[tuple[int, int], float] = {}
        for place in _largest(flat, min(wanted, possible)):
            first, length = divmod(int(place), max_pieces)
            characters = _trim(text, window.offsets[first][0], window.offsets[first + length][1])
            found.setdefault(characters, float(flat[place]))
        # Several tokens can share a character, and then several spans are the same characters.
        if len(found) >= n_best or wanted >= possible:
            return found
        wanted *= 4


def _largest(values: np.ndarray, count: int) -> np.ndarray:
    """Return the places of the largest values, the largest first and equal ones in order."""
    places = np.argpartition(-values, count - 1)[:count]
    # argpartition may pick any of the values that equal the smallest one: take the first of them.
    smallest = values[places].min()
    above = np.flatnonzero(values > smallest)
    equal = np.flatnonzero(values == smallest)[: count - len(above)]
    places = np.concatenate([above, equal])
    return places[np.lexsort((places, -values[places]))]


def _trim(text: str, start: int, end: int) -> tuple[int, int]:
    """Take white space off a span, and put on the accents that a tokenizer has stripped after its last letter."""
    while text[start].isspace():
        start += 1
    while text[end - 1].isspace():
        end -= 1
    while end < len(text) and unicodedata.combining(text[end]):
        end += 1
    return start, end
