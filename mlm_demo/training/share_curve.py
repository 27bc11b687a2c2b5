"""The models between base and adapted as SVG: what each has learned of the domain against what it has forgotten."""

from collections.abc import Sequence

from mlm_demo.training.result import Point
from mlm_demo.training.svg import GRID, HELD_OUT, TEXT, svg, svg_text, ticks_around

WIDTH, HEIGHT = 400, 260
LEFT, RIGHT, TOP, BOTTOM = 46, 66, 46, 44  # margins for numbers and names
MIN_SPAN = 0.1  # nats
APART = 30  # between names, in pixels


def share_curve_svg(points: Sequence[Point], share: float) -> str:
    """Draw the loss of each point on the domain over its loss on general English, in nats; mark the one at `share`.

    Lower left is best. A name that would lie over another one is left out.
    """
    general = [point.figures.general.after.loss.value for point in points]
    domain = [point.figures.domain.after.loss.value for point in points]
    x = _Axis(general, LEFT, WIDTH - RIGHT)
    y = _Axis(domain, HEIGHT - BOTTOM, TOP)
    parts = []
    for tick in y.ticks:
        parts.append(f'<path d="M{LEFT} {y.at(tick):.1f}H{WIDTH - RIGHT}" stroke="{GRID}"/>')
        parts.append(svg_text(LEFT - 8, y.at(tick) + 4, f"{tick:g}", "end"))
    parts += [svg_text(x.at(tick), HEIGHT - BOTTOM + 18, f"{tick:g}", "middle") for tick in x.ticks]
    parts.append(svg_text(2, 14, "domain, nats (lower is better)", "start"))
    parts.append(svg_text(WIDTH - 2, HEIGHT - 6, "general English, nats (lower is better)", "end"))
    places = [(x.at(g), y.at(d)) for g, d in zip(general, domain, strict=True)]
    path = "L".join(f"{a:.1f} {b:.1f}" for a, b in places)
    parts.append(f'<path d="M{path}" fill="none" stroke="{TEXT}" stroke-width="1.2"/>')
    for point, (a, b) in zip(points, places, strict=True):
        now = point.share == share
        look = f'r="6" fill="{HELD_OUT}"' if now else f'r="3.5" fill="{TEXT}"'
        parts.append(f'<circle cx="{a:.1f}" cy="{b:.1f}" {look}/>')
    parts += [
        svg_text(places[i][0] + 10, places[i][1] - 8, _name(points[i].share), "start", color)
        for i, color in _named(points, places, share)
    ]
    title = f"Loss on the domain and on general English between base and adapted; the model is at {share:.0%}"
    return svg(WIDTH, HEIGHT, title, parts)


class _Axis:
    """Maps losses to pixels from `start` to `end`."""

    def __init__(self, losses: Sequence[float], start: float, end: float):
        self.ticks = ticks_around(losses, MIN_SPAN)
        self.start, self.end = start, end

    def at(self, loss: float) -> float:
        first, last = self.ticks[0], self.ticks[-1]
        return self.start + (loss - first) / (last - first) * (self.end - self.start)


def _name(share: float) -> str:
    return {0.0: "base", 1.0: "adapted"}.get(share, f"{share:.0%}")


def _named(
    points: Sequence[Point], places: Sequence[tuple[float, float]], share: float
) -> list[tuple[int, str]]:
    """Return which points get a name and its color: the marked one, then those that lie apart."""
    order = sorted(range(len(points)), key=lambda i: (points[i].share != share, points[i].share % 1, i))
    named: list[int] = []
    for i in order:
        if all(_distance(places[i], places[j]) >= APART for j in named):
            named.append(i)
    return [(i, HELD_OUT if points[i].share == share else TEXT) for i in named]


def _distance(one: tuple[float, float], two: tuple[float, float]) -> float:
    return ((one[0] - two[0]) ** 2 + (one[1] - two[1]) ** 2) ** 0.5
