"""Fill several masks jointly with a beam search.

Predicted on their own, the words of two masks may not fit together. Here the masks are filled from left to right, each
given the words already chosen, with the later masks still masked:
    p(w1, …, wm) = p(w1 | all masked) · p(w2 | w1, the rest masked) · … · p(wm | w1, …)
A masked language model has no joint distribution that is the same in every order; this one follows reading order.
The beam keeps the best BEAM partial fillings after each mask, so at most BEAM fillings are returned.
"""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import torch

from mlm_demo.errors import ParameterError
from mlm_demo.inference.prompt import Prompt
from mlm_demo.inference.targets import target_pieces
from mlm_demo.inference.windows import windows
from mlm_demo.models.masked_lm import MaskedLM

BEAM = 20
MARGIN = 4  # how many more than wanted are looked at first, since some may be no words


@dataclass(frozen=True)
class Filling:
    """A word for every mask: their joint probability, tokens, words, and the sentence with them."""

    score: float
    tokens: tuple[int, ...]
    token_strs: tuple[str, ...]
    sequence: str


def fill_jointly(
    mlm: MaskedLM, prompt: Prompt, *, top_k: int = 5, targets: Sequence[str] = (), beam: int = BEAM
) -> list[Filling]:
    """Return the best fillings of all masks, best first, at most top_k and at most the beam.

    With targets, only those of one token are considered. Raises ParameterError if the masks do not fit into one
    window of the model, or if no target has one token.
    """
    cut = windows(mlm, prompt.ids, prompt.positions)
    if len(cut) > 1:
        raise ParameterError(
            f"The masks are too far apart to be filled jointly: {mlm.name} reads {mlm.capacity} tokens at once. "
            "Shorten the text between them, or turn joint filling off."
        )
    (window,) = cut
    hypotheses: list[tuple[float, tuple[int, ...]]] = [(0.0, ())]
    for mask, at in enumerate(window.positions):
        allowed = _one_token(mlm, prompt, mask, targets) if targets else None
        rows = []
        for _, tokens in hypotheses:
            row = list(window.ids)
            for position, token in zip(window.positions, tokens, strict=False):
                row[position] = token
            rows.append(row)
        log_probabilities = mlm.logits_at(rows, [[at]] * len(rows)).log_softmax(-1)
        if allowed is not None:
            only = torch.full_like(log_probabilities, -math.inf)
            only[:, allowed] = log_probabilities[:, allowed]
            log_probabilities = only
        is_word = mlm.is_word if allowed is None else lambda token: True
        hypotheses = _best(hypotheses, log_probabilities, beam, is_word)
    return [_filling(mlm, prompt, math.exp(score), tokens) for score, tokens in hypotheses[:top_k]]


def best_words(scores: torch.Tensor, count: int, is_word: Callable[[int], bool]) -> list[tuple[float, int]]:
    """Return the best scores of a vector with their positions, best first, without those that are no words."""
    asked = count
    while True:
        asked = min(asked + MARGIN, len(scores))
        best = (part.tolist() for part in scores.topk(asked))
        found = [(score, position) for score, position in zip(*best, strict=True) if is_word(position)]
        if len(found) >= count or asked == len(scores):
            return found[:count]
        asked *= 2


def _best(
    hypotheses: list, log_probabilities: torch.Tensor, beam: int, is_word: Callable[[int], bool]
) -> list:
    """Extend every hypothesis by every token that is a word and keep the best `beam`."""
    before = torch.tensor([score for score, _ in hypotheses], dtype=torch.float64)
    totals = before[:, None] + log_probabilities.cpu().double()  # MPS has no float64
    vocabulary = totals.shape[1]
    best = best_words(totals.flatten(), beam, lambda index: is_word(index % vocabulary))
    return [
        (score, (*hypotheses[index // vocabulary][1], index % vocabulary))
        for score, index in best
        if score > -math.inf
    ]


def _one_token(mlm: MaskedLM, prompt: Prompt, mask: int, targets: Sequence[str]) -> list[int]:
    pieces = [target_pieces(mlm, prompt, mask, target) for target in targets]
    allowed = sorted({ids[0] for ids in pieces if len(ids) == 1})
    if not allowed:
        raise ParameterError(
            f"No target is a single token of the vocabulary of {mlm.name}, so the masks cannot be filled jointly "
            "with them; give shorter words, or turn joint filling off."
        )
    return allowed


def _filling(mlm: MaskedLM, prompt: Prompt, score: float, tokens: tuple[int, ...]) -> Filling:
    pieces = {mask: mlm.piece(token) for mask, token in enumerate(tokens)}
    return Filling(score, tokens, tuple(mlm.token_str(t) for t in tokens), prompt.filled(pieces, mlm))
