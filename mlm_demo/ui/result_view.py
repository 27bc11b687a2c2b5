"""What a run has come to: the figures before and after, as a picture and as a table, and the exam."""

from html import escape

from mlm_demo.ui.run_view import hidden, table

SIDES = (("domain", "Held-out text of the domain"), ("general", "General English"))
MOST_SHOWN = 8


def result_view(result: dict) -> str:
    """The result of a run, as result.json holds it."""
    figures = "".join(_figure(title, result["figures"][name]) for name, title in SIDES)
    return (
        f'<section class="result"><p>{escape(summary(result["figures"]))}</p>'
        f'<div class="figures">{figures}</div>{_table(result["figures"])}{_exam(result["exam"])}</section>'
    )


def summary(figures: dict) -> str:
    """One sentence: what was gained, what was forgotten, and whether that is more than chance."""
    domain, general = (figures[name]["change"]["loss"] for name, _ in SIDES)
    return (
        f"On the domain the loss {_moved(domain)}; on general English it {_moved(general)} "
        "(95 % intervals; lower is better)."
    )


def _moved(change: dict) -> str:
    span = f"{change['low']:+.2f} to {change['high']:+.2f}"
    if change["low"] <= 0 <= change["high"]:
        return f"did not change by more than chance would ({span} nats)"
    return f"{'fell' if change['value'] < 0 else 'rose'} by {abs(change['value']):.2f} nats ({span})"


def _figure(title: str, part: dict) -> str:
    """Accuracy before and after as two bars with their intervals."""
    rows = ""
    for name, hue in (("before", "other"), ("after", "adapted")):
        value, low, high = (part[name]["accuracy"][key] * 100 for key in ("value", "low", "high"))
        rows += (
            f'<li class="domain-{hue}"><span class="word">{name}</span><span class="track"><span class="bar" '
            f'style="width:{value:.1f}%"></span><span class="interval" style="left:{low:.1f}%;width:{high - low:.1f}%">'
            f'</span></span><span class="score">{value:.1f} %</span></li>'
        )
    return (
        f'<figure class="chart before-after"><figcaption>{escape(title)}<br><span class="facts">hidden words predicted '
        f"right, with 95 % intervals</span></figcaption><ol>{rows}</ol></figure>"
    )


def _table(figures: dict) -> str:
    rows = []
    for name, title in SIDES:
        part = figures[name]
        for key, label, scale, unit in (
            ("loss", "loss, nats", 1, ""),
            ("perplexity", "perplexity", 1, ""),
            ("accuracy", "accuracy", 100, " %"),
        ):
            cells = [_span(part[when][key], scale, unit) for when in ("before", "after")]
            cells.append(_span(part["change"][key], scale, unit, "+") if key in part["change"] else "")
            rows.append((f"{title}: {label}", *cells))
    exam = figures["exam"]
    for k in (1, 5):
        shares = [f"{exam[f'top_{k}_{when}']:.0%}" for when in ("before", "after")]
        rows.append((f"Exam of {exam['questions']} questions: among the first {k}", *shares, ""))
    body = "".join(
        f'<tr><th scope="row">{escape(name)}</th>'
        + "".join(f"<td>{escape(cell)}</td>" for cell in cells)
        + "</tr>"
        for name, *cells in rows
    )
    return table(("", "Before", "After", "Change"), body)


def _exam(exam: list[dict]) -> str:
    """The questions that changed most."""
    moved = sorted(
        (q for q in exam if q["rank"] != q["rank_before"]), key=lambda q: q["rank"] / q["rank_before"]
    )
    chosen = moved if len(moved) <= MOST_SHOWN else [*moved[: MOST_SHOWN - 2], *moved[-2:]]
    rows = "".join(
        f'<tr><td dir="auto">{hidden(q)}</td><td><b>{escape(q["guess_before"])}</b> '
        f'<span class="facts">{q["rank_before"]:,}</span></td><td><b>{escape(q["guess"])}</b> '
        f'<span class="facts">{q["rank"]:,}</span></td></tr>'
        for q in chosen
    )
    return table(("Exam: what changed most", "Before, rank", "After, rank"), rows, "guesses")


def _span(interval: dict, scale: int, unit: str, sign: str = "") -> str:
    value, low, high = (interval[key] * scale for key in ("value", "low", "high"))
    digits = 1 if unit else 2
    return f"{value:{sign}.{digits}f}{unit} ({low:{sign}.{digits}f} to {high:{sign}.{digits}f})"
