"""The threshold for 'no answer': its range on the page, and what it means."""

import math
from collections.abc import Sequence
from html import escape
from itertools import pairwise

from mlm_demo.inference.extract.extraction import Extraction

FIRST_RANGE = -10.0, 10.0  # before there are scores
FIRST_MEANING = '<p class="meaning">Each model starts at the threshold that it was calibrated to.</p>'
ABOUT = (
    "An answer with a lower score counts as 'no answer found'; the score stands below the answer and is not the "
    "relevance. Moving it does not ask the model again."
)


def score_range(extraction: Extraction) -> tuple[float, float]:
    """Return whole numbers around all scores and the threshold, so that both ends of the slider mean something."""
    scores = [finding.score for finding in extraction.findings if math.isfinite(finding.score)]
    scores.append(extraction.threshold)
    return float(math.floor(min(scores)) - 1), float(math.ceil(max(scores)) + 1)


def meaning(extraction: Extraction, calibrated: float) -> str:
    """Return as HTML how many of the answers are expected to be right, and the threshold that the model came with."""
    shown = f"The model was calibrated to {calibrated:.1f}."
    precision = expected_precision(precision_points(extraction.model), extraction.threshold)
    if precision is None:
        text = f"A higher threshold gives fewer and surer answers. {shown}"
    else:
        text = (
            f"Expected precision: {precision:.0%} of the answers above this threshold are right, as measured on the "
            f"texts that the model was calibrated with; your papers may differ. {shown}"
        )
    return f'<p class="meaning">{escape(text)}</p>'


def precision_points(model: dict) -> list[tuple[float, float]]:
    """Return the (threshold, precision) pairs that the calibration of an extractor measured; empty without them."""
    answering = model.get("answers") or model.get("evidence") or {}
    return [
        (float(threshold), float(share)) for threshold, share in answering.get("expected_precision") or ()
    ]


def expected_precision(points: Sequence[tuple[float, float]], threshold: float) -> float | None:
    """Return the precision at a threshold, linear between the points and flat beyond them; None without points."""
    if not points:
        return None
    points = sorted(points)
    if threshold <= points[0][0]:
        return points[0][1]
    for (low, before), (high, after) in pairwise(points):
        if threshold <= high:
            return before + (after - before) * (threshold - low) / (high - low) if high > low else after
    return points[-1][1]
