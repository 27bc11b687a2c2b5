"""The loss curve of a run as SVG: training loss and held-out loss over the steps."""

from collections.abc import Sequence

from mlm_demo.training.svg import GRID, HELD_OUT, svg, svg_text, ticks_around, ticks_between

WIDTH, HEIGHT = 640, 280
LEFT, RIGHT, TOP, BOTTOM = 52, 124, 32, 40  # margins for numbers and names
TRAINING = "#9aa0a6"  # readable on light and dark pages alike
MIN_SPAN, NAME_HEIGHT = 0.5, 22  # nats; pixels, as text is larger on a phone


def curve_svg(curve: Sequence[dict], planned: int = 0, *, per: str = "masked token") -> str:
    """Draw the log lines of a run that have `step` and `loss` (the mean since the line before) or `eval_loss`, in nats.

    planned: the last step of the axis, if the run has not reached it yet. per: what the losses are a mean over.
    """
    training = [(line["step"], line["loss"]) for line in curve if "loss" in line]
    held_out = [(line["step"], line["eval_loss"]) for line in curve if "eval_loss" in line]
    # Before the first step the base model, and what a start in closed form has made of it.
    has_start = [step for step, _ in held_out[:2]] == [0, 0]
    last = max([planned, *(step for step, _ in training + held_out)])
    losses = [loss for _, loss in training + held_out] or [0.0, 1.0]
    ticks = ticks_around(losses, MIN_SPAN)

    def x(step: float) -> float:
        return LEFT + step / max(last, 1) * (WIDTH - LEFT - RIGHT)

    def y(loss: float) -> float:
        return HEIGHT - BOTTOM - (loss - ticks[0]) / (ticks[-1] - ticks[0]) * (HEIGHT - TOP - BOTTOM)

    parts = []
    for tick in ticks:
        parts.append(f'<path d="M{LEFT} {y(tick):.1f}H{WIDTH - RIGHT}" stroke="{GRID}"/>')
        parts.append(svg_text(LEFT - 8, y(tick) + 4, f"{tick:g}", "end"))
    for step in [tick for tick in ticks_between(0, max(last, 4)) if tick <= last and tick == int(tick)]:
        parts.append(svg_text(x(step), HEIGHT - BOTTOM + 18, f"{step:,g}", "middle"))
    parts.append(svg_text((LEFT + WIDTH - RIGHT) / 2, HEIGHT - 4, "steps", "middle"))
    parts.append(svg_text(LEFT - 44, TOP - 16, f"loss (nats per {per})", "start"))
    names = []  # at the ends of their lines: y, x, text, color
    for name, points, color, width in (
        ("training", training, TRAINING, 1.2),
        ("held out", held_out, HELD_OUT, 2.2),
    ):
        if not points:
            continue
        path = "L".join(f"{x(step):.1f} {y(loss):.1f}" for step, loss in points)
        parts.append(f'<path d="M{path}" fill="none" stroke="{color}" stroke-width="{width}"/>')
        if points is held_out or len(points) == 1:
            parts += [f'<circle cx="{x(s):.1f}" cy="{y(v):.1f}" r="3.5" fill="{color}"/>' for s, v in points]
        if points is held_out and has_start:
            parts.append(svg_text(x(0) + 8, y(points[0][1]) + 4, "base model", "start", color))
        names.append((y(points[-1][1]), x(points[-1][0]), f"{name} {points[-1][1]:.2f}", color))
    if len(names) == 2 and abs(names[0][0] - names[1][0]) < NAME_HEIGHT:  # they would overlap
        upper, lower = sorted(names)
        middle = (upper[0] + lower[0]) / 2
        names = [(middle - NAME_HEIGHT / 2, *upper[1:]), (middle + NAME_HEIGHT / 2, *lower[1:])]
    parts += [svg_text(at + 7, height + 4, name, "start", color) for height, at, name, color in names]
    return svg(WIDTH, HEIGHT, "Loss over the steps", parts)
