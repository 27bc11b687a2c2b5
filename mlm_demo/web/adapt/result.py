"""The result of a run as HTML: accuracy before and after as bars, the table of figures, and the exam."""

from collections.abc import Sequence
from dataclasses import asdict
from html import escape

from mlm_demo.training.result import DOMAIN, GENERAL, AdaptationResult, Comparison, ExamRow
from mlm_demo.web.adapt.progress import guess
from mlm_demo.web.html import marked, table


def result_view(result: AdaptationResult) -> str:
    """Return the view of a run's result."""
    figures = result.figures
    bars = _bars(DOMAIN, figures.domain) + _bars(GENERAL, figures.general)
    rows = [[escape(cell) for cell in row.cells()] for row in result.rows()]
    better, worse = result.exam_rows()
    tables = (
        table(("", "Before", "After", "Change"), rows)
        + _exam("Exam: what got better", better)
        + _exam("What got worse", worse)
    )
    return f'<section class="result"><div class="figures">{bars}</div>{tables}</section>'


def headline(result: AdaptationResult) -> str:
    """Say why training ended, if there is something to say, and what it changed."""
    return " ".join(filter(None, [result.training.ending(), summary(result)]))


def summary(result: AdaptationResult) -> str:
    """Say in a sentence or two what was gained and forgotten, and whether that is more than chance."""
    return (
        f"On the domain, perplexity {_change(result.figures.domain)}; on general English it "
        f"{_change(result.figures.general)}. Perplexity is the number of words the model wavers between for a masked "
        "word: lower is better."
    )


def _change(part: Comparison) -> str:
    change = part.change.loss
    if change.low <= 0 <= change.high:
        return "did not change by more than chance would"
    before, after = part.before.perplexity.value, part.after.perplexity.value
    return f"{'fell' if after < before else 'rose'} from {before:,.1f} to {after:,.1f}"


def _bars(title: str, part: Comparison) -> str:
    """Return accuracy before and after as two bars with their intervals."""
    rows = ""
    for name, metrics, hue in (("before", part.before, "other"), ("after", part.after, "adapted")):
        accuracy = metrics.accuracy
        value, low, high = (share * 100 for share in (accuracy.value, accuracy.low, accuracy.high))
        rows += (
            f'<li class="domain-{hue}"><span class="word">{name}</span><span class="track"><span class="bar" '
            f'style="width:{value:.1f}%"></span><span class="interval" style="left:{low:.1f}%;width:{high - low:.1f}%">'
            f'</span></span><span class="score">{value:.1f} %</span></li>'
        )
    return (
        f'<figure class="chart before-after"><figcaption>{escape(title)}<br><span class="facts">masked words predicted '
        f"correctly, with 95 % intervals</span></figcaption><ol>{rows}</ol></figure>"
    )


def _exam(title: str, rows: Sequence[ExamRow]) -> str:
    """Return questions with the first guess and the rank of the correct word, before and after."""
    cells = [(_sentence(row), guess(asdict(row.before)), guess(asdict(row.after))) for row in rows]
    return table((title, "Before", "After"), cells, "guesses") if rows else ""


def _sentence(row: ExamRow) -> str:
    return marked(row.left, row.term, row.right)
