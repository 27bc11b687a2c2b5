"""The lines of a PDF page with their positions, in the order of reading."""

import itertools
import re
import statistics
from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import TYPE_CHECKING

from mlm_demo.corpus.readers.scripts import superscript

if TYPE_CHECKING:
    from pypdf import PageObject

CHARACTER = 0.48  # of the size of a font: the usual width of a character
COLUMN = 110  # points between the beginnings of two columns, at least
NEAR = 3  # points that the lines of a column may begin apart
WIDE = 1.15  # times the width of a column: its text may be wider than usual
WORDS = 3  # that a line of a column has; the cells of a table have fewer
RAISED, SMALLER = 0.2, 0.9  # times the size of a line: how superscripts are drawn
BEFORE = 40  # characters that decide what a superscript is
NUMBERED = 4  # lines that count up are line numbers


@dataclass(frozen=True)
class Line:
    """A line of text or a part of one; it begins at x and y, in points from the lower left corner of the page."""

    text: str
    x: float
    y: float
    size: float

    @property
    def end(self) -> float:
        """About where it ends."""
        return self.x + len(self.text.strip()) * self.size * CHARACTER


def lines_of(page: "PageObject") -> list[Line]:
    """Return the lines of a page; columns whose lines were drawn side by side are put one after the other.

    Text that runs along the side of an upright page, such as a stamp in the margin, is left out.
    """
    upright: list[list[Line]] = [[]]
    turned: list[list[Line]] = [[]]

    def visit(text: str, outer: Sequence[float], inner: Sequence[float], font: object, size: float) -> None:
        x = inner[4] * outer[0] + inner[5] * outer[2] + outer[4]
        y = inner[4] * outer[1] + inner[5] * outer[3] + outer[5]
        along = abs(inner[0] * outer[0] + inner[1] * outer[2])
        across = abs(inner[0] * outer[1] + inner[1] * outer[3])
        rows = turned if across > along else upright
        for number, part in enumerate(text.split("\n")):
            if number:
                rows.append([])
            if part.strip():
                rows[-1].append(Line(part, x, y, (size or 1) * (max(along, across) or 1)))
            elif rows[-1] and part:
                rows[-1].append(replace(rows[-1][-1], text=part))

    page.extract_text(visitor_text=visit)
    rows = max((upright, turned), key=lambda rows: sum(len(part.text) for row in rows for part in row))
    return _without_line_numbers(
        _columns_apart([row for row in rows if any(part.text.strip() for part in row)])
    )


def _line(parts: Sequence[Line]) -> Line:
    """Join the parts of a line; those that stand higher and are smaller are superscripts."""
    first = next((part for part in parts if part.text.strip()), parts[0])
    usual = max(parts, key=lambda part: len(part.text))
    text = ""
    for part in parts:
        raised = part.y > usual.y + RAISED * usual.size and part.size < SMALLER * usual.size
        text += superscript(text[-BEFORE:], part.text) if raised else part.text
    return Line(" ".join(text.split()), first.x, usual.y, usual.size)


def _columns_apart(rows: list[list[Line]]) -> list[Line]:
    """Put the right halves of consecutive rows after their left halves, where both look like a column."""
    found: list[Line] = []
    start = 0
    while start < len(rows):
        sides = []
        if edge := _right_edge(rows[start]):
            halves = (_halves(row, edge) for row in rows[start:])
            sides = [both for both in itertools.takewhile(bool, halves) if both]
        both = [side for row in sides if all(row) for side in row]
        words = [len("".join(part.text for part in side).split()) for side in both]
        if len(words) > 2 and statistics.median(words) >= WORDS:
            found += [_line(side) for number in (0, 1) for side in (row[number] for row in sides) if side]
            start += len(sides)
        else:
            found.append(_line(rows[start]))
            start += 1
    return found


def _right_edge(row: list[Line]) -> float | None:
    """Return where the right column of a row begins; None if the row has none."""
    for left, right in pairwise(row):
        filled, width = left.end - row[0].x, right.x - row[0].x
        # A cell of a table leaves most of its column empty.
        if right.text.strip() and width > COLUMN and 0.4 * width < filled < WIDE * width:
            return right.x
    return None


def _halves(row: list[Line], edge: float) -> tuple[list[Line], list[Line]] | None:
    """Cut a row in two at an edge; None if its text goes across."""
    left = [part for part in row if part.x < edge - NEAR]
    right = row[len(left) :]
    across = (left and left[-1].end - left[0].x > WIDE * (edge - left[0].x)) or (
        right and abs(right[0].x - edge) > NEAR
    )
    return None if across or any(part.x < edge - NEAR for part in right) else (left, right)


def _without_line_numbers(lines: list[Line]) -> list[Line]:
    """Leave out the line numbers of a manuscript, beside its lines or on lines of their own."""
    alone = [index for index, line in enumerate(lines) if re.fullmatch(r"\d{1,4}", line.text)]
    counted = [
        index for a, b in pairwise(alone) if _follows(lines[a].text, lines[b].text) for index in (a, b)
    ]
    if len(set(counted)) >= NUMBERED:
        gone = set(counted)
        return [line for index, line in enumerate(lines) if index not in gone]
    led = [
        (index, found)
        for index, line in enumerate(lines)
        if (found := re.match(r"(\d{1,4})\s+(?=\S)", line.text))
    ]
    follow = sum(_follows(a[1], b[1]) for (_, a), (_, b) in pairwise(led))
    if len(led) >= max(NUMBERED, 0.6 * len(lines)) and follow >= 0.8 * (len(led) - 1):
        cut = {index: found.end() for index, found in led}
        return [
            Line(line.text[cut.get(index, 0) :], line.x, line.y, line.size)
            for index, line in enumerate(lines)
        ]
    return lines


def _follows(one: str, two: str) -> bool:
    return int(two) - int(one) in (1, 5)
