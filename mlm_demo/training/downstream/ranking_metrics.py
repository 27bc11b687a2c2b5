"""How well scores tell evidence from other sentences: on single pairs, and as a ranking within a pool.

Equal scores are in no order, so every figure of a ranking is its expected value when ties are broken at random.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from math import comb

import numpy as np


@dataclass(frozen=True)
class PairMetrics:
    """Accuracy, and precision, recall and F1 of the relevant pairs, from 0 to 1."""

    accuracy: float
    precision: float
    recall: float
    f1: float


def pair_metrics(scores: np.ndarray, labels: np.ndarray, threshold: float) -> PairMetrics:
    """Return how well the pairs with at least the score `threshold` are the relevant ones.

    scores: (pairs,) float. labels: (pairs,) bool. Raises ValueError if there are no pairs.
    """
    if not len(scores):
        raise ValueError("no pairs to evaluate")
    predicted, labels = scores >= threshold, labels.astype(bool)
    hits = int((predicted & labels).sum())
    precision, recall = hits / max(1, int(predicted.sum())), hits / max(1, int(labels.sum()))
    f1 = 2 * hits / max(1, int(predicted.sum()) + int(labels.sum()))
    return PairMetrics(float((predicted == labels).mean()), precision, recall, f1)


def reciprocal_rank(scores: np.ndarray, labels: np.ndarray) -> float:
    """Return the expected reciprocal rank of the first relevant sentence of a pool; nan if none is relevant or all are.

    scores: (sentences,) float; a nan is the lowest. labels: (sentences,) bool.
    Equal scores give the value of a random order: 11/18 = (1 + 1/2 + 1/3) / 3 for one relevant sentence of three.
    """
    higher, tied, relevant = _first_relevant(scores, labels)
    if not relevant:
        return float("nan")
    orders = comb(tied, relevant)
    return sum(
        comb(tied - place, relevant - 1) / orders / (higher + place)
        for place in range(1, tied - relevant + 2)
    )


def precision_at_1(scores: np.ndarray, labels: np.ndarray) -> float:
    """Return the chance that the first sentence of a pool is relevant; arguments and nan as above."""
    higher, tied, relevant = _first_relevant(scores, labels)
    if not relevant:
        return float("nan")
    return 0.0 if higher else relevant / tied


def rank_pools(
    scores: Sequence[np.ndarray], labels: Sequence[Sequence[bool]]
) -> tuple[np.ndarray, np.ndarray]:
    """Return the reciprocal rank and the precision at 1 of each pool: (pools,) float, nan without a ranking."""
    pairs = [(s, np.asarray(one, bool)) for s, one in zip(scores, labels, strict=True)]
    return (
        np.array([reciprocal_rank(*pair) for pair in pairs]),
        np.array([precision_at_1(*pair) for pair in pairs]),
    )


def _first_relevant(scores: np.ndarray, labels: np.ndarray) -> tuple[int, int, int]:
    """Return how many sentences are above the best relevant one, how many as high, and how many of those relevant.

    The last is 0 where there is nothing to rank.
    """
    labels = labels.astype(bool)
    if not labels.any() or labels.all():
        return 0, 0, 0
    scores = np.where(np.isnan(scores), -np.inf, scores)
    best = scores[labels].max()
    return int((scores > best).sum()), int((scores == best).sum()), int((scores[labels] == best).sum())
