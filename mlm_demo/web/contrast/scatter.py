"""Draw a contrast as a scatter plot in SVG: each word by its probability in both blanks, on logarithmic axes."""

import math
from collections.abc import Sequence
from html import escape

from mlm_demo.training.svg import svg

SIZE, LEFT, RIGHT, TOP, BOTTOM = 480, 78, 14, 14, 48  # pixels, and the margins for numbers and names
LEAST_POWER = -6  # of ten: less is drawn at the edge
NAMED = 14  # words
LETTER, LINE = 10, 15  # pixels that a bold letter and a line take, in most words at most
Box = tuple[float, float, float, float]  # left, top, right, bottom


def scatter(words: Sequence[dict], axes: tuple[str, str], sides: tuple[str, str]) -> str:
    """Draw words, those that differ most first; these carry their names where there is room.

    axes: their names; sides: as for `paired_bars`. A word below the diagonal is more probable in the first blank and
    filled, one above it in the second and hollow.
    """
    power = _lowest_power(words)
    parts = _axes(power, axes)
    places = [(_x(word["first"], power), _y(word["second"], power)) for word in words]
    # The points of the words with names come last, over the others.
    for word, (x, y) in reversed(list(zip(words, places, strict=True))):
        side = "first" if word["first"] >= word["second"] else "second"
        tip = f"{word['word']}: {word['first']:.2g} {sides[0]}, {word['second']:.2g} {sides[1]}"
        parts.append(
            f'<circle class="{side}" cx="{x:.1f}" cy="{y:.1f}" r="4.5"><title>{escape(tip)}</title></circle>'
        )
    points = [_around(x, y) for x, y in places]
    names: list[Box] = []
    for word, (x, y) in zip(words[:NAMED], places, strict=False):
        # Over a point that carries no name, if need be.
        label = _label(word["word"], x, y, points, names) or _label(word["word"], x, y, points[:NAMED], names)
        if label:
            parts.append(label)
    title = f"Probability of {len(words)} words: {axes[0]} against {axes[1]}"
    return f'<div class="scatter">{svg(SIZE, SIZE, escape(title), parts)}</div>'


def _lowest_power(words: Sequence[dict]) -> int:
    smallest = min((min(word["first"], word["second"]) for word in words), default=1e-3)
    return max(LEAST_POWER, min(-3, math.floor(math.log10(max(smallest, 1e-9)))))


def _share(probability: float, power: int) -> float:
    """Return the place on an axis from 0 to 1."""
    return 1 - max(math.log10(max(probability, 1e-45)), power) / power


def _x(probability: float, power: int) -> float:
    return LEFT + _share(probability, power) * (SIZE - LEFT - RIGHT)


def _y(probability: float, power: int) -> float:
    return SIZE - BOTTOM - _share(probability, power) * (SIZE - TOP - BOTTOM)


def _axes(power: int, names: tuple[str, str]) -> list[str]:
    right, bottom = SIZE - RIGHT, SIZE - BOTTOM
    parts = [f'<path class="equal" d="M{LEFT} {bottom}L{right} {TOP}"/>']
    for tick in range(power, 1):
        value = 10.0**tick
        x, y = _x(value, power), _y(value, power)
        shown = f"{'≤ ' * (tick == power)}{value:g}"
        parts.append(f'<path class="grid" d="M{LEFT} {y:.1f}H{right}M{x:.1f} {TOP}V{bottom}"/>')
        parts.append(f'<text x="{LEFT - 6}" y="{y + 4:.1f}" text-anchor="end">{shown}</text>')
        parts.append(
            f'<text x="{x:.1f}" y="{bottom + 17}" text-anchor="{"end" if not tick else "middle"}">{shown}</text>'
        )
    middle = (LEFT + right) / 2
    parts.append(
        f'<text class="axis-name" x="{middle}" y="{SIZE - 8}" text-anchor="middle">{escape(names[0])}</text>'
    )
    parts.append(
        f'<text class="axis-name" transform="translate(13 {(TOP + bottom) / 2}) rotate(-90)" text-anchor="middle">'
        f"{escape(names[1])}</text>"
    )
    return parts


def _label(word: str, x: float, y: float, points: Sequence[Box], names: list[Box]) -> str:
    """Return a word beside its point where it covers no other point or name; empty if there is no such place."""
    width = LETTER * len(word)
    for dx, dy, anchor in ((8, 4, "start"), (-8, 4, "end"), (0, -9, "middle"), (0, 17, "middle")):
        left = x + dx - {"start": 0, "middle": width / 2, "end": width}[anchor]
        box = (left, y + dy - LINE + 3, left + width, y + dy + 3)
        inside = box[0] >= LEFT and box[2] <= SIZE and box[1] >= 0 and box[3] <= SIZE - BOTTOM
        if inside and not any(_overlap(box, other) for other in [*points, *names] if other != _around(x, y)):
            names.append(box)
            return f'<text class="name" x="{x + dx:.1f}" y="{y + dy:.1f}" text-anchor="{anchor}">{escape(word)}</text>'
    return ""


def _around(x: float, y: float) -> Box:
    return x - 4, y - 4, x + 4, y + 4


def _overlap(a: Box, b: Box) -> bool:
    return a[0] < b[2] and b[0] < a[2] and a[1] < b[3] and b[1] < a[3]
