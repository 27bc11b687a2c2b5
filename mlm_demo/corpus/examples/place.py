"""Find where an answer stands in its context, whatever its offset says."""

import re
from dataclasses import dataclass
from typing import Literal

from mlm_demo.corpus.examples.example import Answer


@dataclass(frozen=True)
class Placed:
    """An answer at its place.

    how: "kept" where the offset says, "found" at its only place without an offset, "moved" from a wrong offset to
    the nearest place, "first" of several places without an offset, or "folded" where white space or case differ.
    Without an offset, a place within a longer word or number counts only if there is no other.
    """

    answer: Answer
    how: Literal["kept", "found", "moved", "first", "folded"]


def place_answer(context: str, text: str, start: int | None) -> Placed | None:
    """Return an answer at its place in the context, or None if it does not stand there or is empty.

    start: its offset in characters; None if it has none.

    "Iron rose. Iron fell.", "Iron", 9 → Answer(11, "Iron"), moved
    """
    stripped = text.strip()
    if not stripped:
        return None
    if start is not None:
        # The white space before an answer is counted by some tools and not by others.
        for place in (start + len(text) - len(text.lstrip()), start):
            if place >= 0 and context.startswith(stripped, place):
                return Placed(Answer(place, stripped), "kept")
    if start is None and (whole := [found.start() for found in _whole(stripped).finditer(context)]):
        return Placed(Answer(whole[0], stripped), "first" if len(whole) > 1 else "found")
    first = context.find(stripped)
    if first < 0:
        return _folded(context, stripped, start or 0)
    if start is None:
        return Placed(Answer(first, stripped), "first" if context.find(stripped, first + 1) >= 0 else "found")
    before, after = (
        context.rfind(stripped, 0, max(0, start) + len(stripped)),
        context.find(stripped, max(0, start)),
    )
    nearest = min((place for place in (before, after) if place >= 0), key=lambda place: abs(place - start))
    return Placed(Answer(nearest, stripped), "moved")


def _whole(text: str) -> re.Pattern[str]:
    """Match a text where it is no part of a longer word or number."""
    return re.compile(rf"(?<!\w)(?<!\d[.,]){re.escape(text)}(?!\w|[.,]\d)")


def _folded(context: str, text: str, start: int) -> Placed | None:
    """Find an answer whose white space or case differs from the context's; the answer is the context's own text."""
    pattern = re.compile(r"\s+".join(map(re.escape, text.split())), re.IGNORECASE)
    nearest = min(pattern.finditer(context), key=lambda found: abs(found.start() - start), default=None)
    return Placed(Answer(nearest.start(), nearest[0]), "folded") if nearest else None
