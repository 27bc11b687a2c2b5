"""How good predicted answers are, by SQuAD's definitions, and where to stop answering.

The functions follow SQuAD 2's official evaluation script: an answer counts after normalization, against the best of
the right answers, and where a text has no answer only an empty prediction is right.
"""

import re
import string
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

POINTS = 101  # of a calibration that are kept
PUNCTUATION = str.maketrans("", "", string.punctuation)
ARTICLES = re.compile(r"\b(a|an|the)\b")


def normalize(text: str) -> str:
    """Return a text in lower case without ASCII punctuation, articles and needless white space.

    "The  low-dose arm." → "lowdose arm"
    """
    return " ".join(ARTICLES.sub(" ", text.lower().translate(PUNCTUATION)).split())


def exact_match(prediction: str | None, answers: Sequence[str]) -> float:
    """Return 1 if a prediction is one of the right answers after normalization, else 0.

    prediction: None or "" for no answer, which is right if `answers` is empty.
    """
    predicted = normalize(prediction or "")
    return float(any(predicted == gold for gold in _golds(answers)))


def token_f1(prediction: str | None, answers: Sequence[str]) -> float:
    """Return the F1 of the words of a prediction and of the best right answer, from 0 to 1; arguments as above."""
    predicted = normalize(prediction or "").split()
    return max(_f1(predicted, gold.split()) for gold in _golds(answers))


def _golds(answers: Sequence[str]) -> list[str]:
    """Return the right answers, normalized; those that normalization empties are none, as in SQuAD 2."""
    return [normalized for answer in answers if (normalized := normalize(answer))] or [""]


def _f1(predicted: Sequence[str], gold: Sequence[str]) -> float:
    if not predicted or not gold:
        return float(predicted == gold)
    shared = sum((Counter(predicted) & Counter(gold)).values())
    return 2 * shared / (len(predicted) + len(gold))


@dataclass(frozen=True)
class CalibrationPoint:
    """What to expect when answers with at least the score `threshold` are given, all from 0 to 1.

    f1: over all questions. precision: the mean F1 of the answers that are given; 1 if none is. answered: their share.
    """

    threshold: float
    f1: float
    precision: float
    answered: float


@dataclass(frozen=True)
class Calibration:
    """The threshold with the best F1, and what to expect at this one and at others, the lowest threshold first."""

    best: CalibrationPoint
    points: tuple[CalibrationPoint, ...]

    def at(self, threshold: float) -> CalibrationPoint:
        """Return what to expect at a threshold: the kept point of the next threshold that is as high, or the last."""
        return next((point for point in self.points if point.threshold >= threshold), self.points[-1])


def calibrate(scores: np.ndarray, f1: np.ndarray, answerable: np.ndarray) -> Calibration:
    """Choose the score from which answers are given, by the F1 on a development set.

    scores: (questions,) float, higher for surer answers, such as the span's score minus the null score. Use long
    documents: the null score is the lowest of all windows, so the more windows, the more answers.
    f1: (questions,) float, of the best span, from 0 to 1; ignored where `answerable` (questions,) is false.
    Raises ValueError if there are no questions.
    """
    if not len(scores):
        raise ValueError("no questions to calibrate on")
    order = np.argsort(-scores, kind="stable")
    ranked = scores[order].astype(float)
    # After answering the first k questions: (questions + 1,) each.
    gained = np.concatenate([[0.0], np.cumsum(np.where(answerable, f1, 0.0)[order])])
    silent = (~answerable.astype(bool)).sum() - np.concatenate(
        [[0], np.cumsum(~answerable.astype(bool)[order])]
    )
    given = np.arange(len(scores) + 1)
    possible = np.flatnonzero(
        np.concatenate([[True], ranked[1:] != ranked[:-1], [True]])
    )  # equal scores go together
    margin = max(1.0, float(np.ptp(ranked))) / 1_000
    edges = np.concatenate([[ranked[0] + 2 * margin], ranked, [ranked[-1] - 2 * margin]])
    thresholds = (edges[:-1] + edges[1:]) / 2  # halfway between the last score that is answered and the next
    points = [
        CalibrationPoint(
            float(thresholds[k]),
            float((gained[k] + silent[k]) / len(scores)),
            float(gained[k] / k) if k else 1.0,
            float(given[k] / len(scores)),
        )
        for k in possible
    ]
    best = max(points, key=lambda point: point.f1)  # the first of equals, which answers less
    kept = np.unique(np.linspace(0, len(points) - 1, POINTS).round().astype(int))
    shown = sorted({*(points[i] for i in kept), best}, key=lambda point: point.threshold)
    return Calibration(best, tuple(shown))
