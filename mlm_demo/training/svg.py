"""Parts of a drawing as SVG: the document, its texts, and the round numbers of an axis."""

import math
from collections.abc import Iterable, Sequence
from html import escape

# Readable on light and dark pages alike.
TEXT, GRID, HELD_OUT = "#7d8590", "#7d859040", "#e8710a"


def svg(width: int, height: int, title: str, parts: Iterable[str]) -> str:
    """Return a drawing of a size in pixels; title: for screen readers."""
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" role="img" '
        f'font-family="system-ui, sans-serif" font-size="12"><title>{title}</title>'
        + "".join(parts)
        + "</svg>\n"
    )


def svg_text(x: float, y: float, text: str, anchor: str, color: str = TEXT) -> str:
    """Return a text at a place in pixels; anchor: its start, middle or end."""
    return f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}" fill="{color}">{escape(text)}</text>'


def ticks_around(values: Sequence[float], least_span: float) -> list[float]:
    """Return the ticks of an axis for some values, at least least_span long: it does not jump while they are flat."""
    middle = (min(values) + max(values)) / 2
    return ticks_between(min(*values, middle - least_span / 2), max(*values, middle + least_span / 2))


def ticks_between(low: float, high: float) -> list[float]:
    """Return four to eight round numbers at equal distances that cover the range from low to high."""
    span = max(high - low, 1e-3)
    distance = 10 ** math.floor(math.log10(span / 4))
    distance *= next(factor for factor in (1, 2, 5, 10) if span / (distance * factor) <= 6)
    first, last = math.floor(low / distance), math.ceil(high / distance)
    return [round(number * distance, 10) for number in range(first, max(last, first + 1) + 1)]
