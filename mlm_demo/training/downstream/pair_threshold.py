"""Where to cut the scores of sentences into those that answer and those that do not, question by question.

A pool has many sentences that do not answer and few that do. So accuracy is that of balanced pairs, as in GLUE's QNLI:
the mean of the share of right sentences above the threshold and of wrong ones below it.
"""

from collections.abc import Sequence

import numpy as np

from mlm_demo.training.downstream.task import Calibration

POINTS = 51  # thresholds for which a calibration says what to expect


def calibrate_pairs(scores: Sequence[np.ndarray], labels: Sequence[Sequence[bool]]) -> Calibration:
    """Return the threshold with the best accuracy on balanced pairs, and the precision at others.

    scores: of the sentences of each pool; labels: whether they answer.
    """
    flat = np.concatenate([np.asarray(one, float) for one in scores])
    right = np.concatenate([np.asarray(one, bool) for one in labels])
    order = np.argsort(-flat, kind="stable")
    ranked, hits = flat[order], right[order]
    possible = np.flatnonzero(np.concatenate([ranked[1:] != ranked[:-1], [True]]))  # equal scores go together
    found, given = np.cumsum(hits)[possible], possible + 1
    recall = found / max(1, hits.sum())
    specificity = 1 - (given - found) / max(1, (~hits).sum())
    below = np.concatenate([ranked[1:], [ranked[-1] - 1]])[possible]
    thresholds = (ranked[possible] + below) / 2
    best = int(np.argmax(recall + specificity))
    shown = np.unique(np.linspace(0, len(possible) - 1, POINTS).round().astype(int))[::-1]
    precision = [
        (float(thresholds[i]), float(found[i] / given[i]), float(given[i] / len(flat))) for i in shown
    ]
    return Calibration(float(thresholds[best]), tuple(precision))


def balanced_pairs(scores: np.ndarray, labels: np.ndarray, threshold: float) -> tuple[float, float]:
    """Return the accuracy on balanced pairs and the F1 of one pool; nan for an accuracy without both kinds.

    The F1 of a pool in which nothing answers is 1 if nothing is predicted to, else 0.
    """
    predicted, labels = np.asarray(scores) > threshold, np.asarray(labels, bool)
    accuracy = (
        (predicted[labels].mean() + (~predicted[~labels]).mean()) / 2
        if 0 < labels.sum() < len(labels)
        else np.nan
    )
    total = predicted.sum() + labels.sum()
    return float(accuracy), float(2 * (predicted & labels).sum() / total) if total else 1.0
