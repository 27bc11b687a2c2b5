"""What a run has come to: the figures before and after, as a picture and as a table, and the exam."""

from html import escape

from mlm_demo.training.ending import ending
from mlm_demo.web.adapt.progress import guess, hidden, table

SIDES = (("domain", "Held-out text of the domain"), ("general", "General English"))
MOST_SHOWN = 6


def result_view(result: dict) -> str:
    """The result of a run, as result.json holds it."""
    figures = "".join(_figure(title, result["figures"][name]) for name, title in SIDES)
    tables = _table(result["figures"]) + _exam(result["exam"])
    return f'<section class="result"><div class="figures">{figures}</div>{tables}</section>'


def headline(result: dict) -> str:
    """Why the training ended, if there is something to say of that, and the summary of its figures."""
    return " ".join(filter(None, [ending(result["training"]), summary(result["figures"])]))


def summary(figures: dict) -> str:
    """A sentence or two: what was gained, what was forgotten, and whether that is more than chance."""
    domain, general = (_moved(figures[name]) for name, _ in SIDES)
    return (
        f"On the domain, perplexity {domain}; on general English it {general}. Perplexity is the number of words the "
        "model wavers between at a hidden one: lower is better."
    )


def _moved(part: dict) -> str:
    change = part["change"]["loss"]
    if change["low"] <= 0 <= change["high"]:
        return "did not change by more than chance would"
    before, after = (part[when]["perplexity"]["value"] for when in ("before", "after"))
    return f"{'fell' if after < before else 'rose'} from {before:,.1f} to {after:,.1f}"


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
    return table(("", "Before", "After", "Change"), [[escape(cell) for cell in row] for row in rows])


def _exam(exam: list[dict]) -> str:
    """The questions that changed most."""
    better = sorted((q for q in exam if q["rank"] < q["rank_before"]), key=_gain)
    worse = sorted((q for q in exam if q["rank"] > q["rank_before"]), key=_gain, reverse=True)
    return _answers("Exam: what got better", better[:MOST_SHOWN]) + _answers(
        "What got worse", worse[: MOST_SHOWN // 3]
    )


def _gain(question: dict) -> float:
    return question["rank"] / question["rank_before"]


def _answers(title: str, questions: list[dict]) -> str:
    """Questions with the first guess and the rank of the right word, before and after."""
    rows = [
        (hidden(q), guess({"guess": q["guess_before"], "rank": q["rank_before"]}), guess(q))
        for q in questions
    ]
    return table((title, "Before", "After"), rows, "guesses") if rows else ""


def _span(interval: dict, scale: int, unit: str, sign: str = "") -> str:
    value, low, high = (interval[key] * scale for key in ("value", "low", "high"))
    digits = 1 if unit else 2
    return f"{value:{sign}.{digits}f}{unit} ({low:{sign}.{digits}f} to {high:{sign}.{digits}f})"
