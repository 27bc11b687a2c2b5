"""The result of a run as HTML: accuracy before and after as bars, the table of metrics, and the exam."""

from collections.abc import Sequence
from dataclasses import asdict
from html import escape

from mlm_demo.training.result import DOMAIN, GENERAL, AdaptationResult, Comparison, ExamRow
from mlm_demo.web.adapt.progress import guess
from mlm_demo.web.html import bar, figure, marked, table


def result_view(result: AdaptationResult) -> str:
    """Return the view of a run's result."""
    figures = result.figures
    bars = _bars(DOMAIN, figures.domain) + _bars(GENERAL, figures.general)
    rows = [[escape(cell) for cell in row.cells()] for row in result.rows()]
    better, worse = result.exam_rows()
    tables = (
        table(("", "Before", "After", "Change"), rows)
        + _exam("Exam questions that improved most", better)
        + _exam("Exam questions that worsened most", worse)
    )
    return f'<section class="result"><div class="figures">{bars}</div>{tables}</section>'


def headline(result: AdaptationResult) -> str:
    """Return why training ended, unless it used its steps, and the summary of the result."""
    return " ".join(filter(None, [result.training.ending(), summary(result)]))


def summary(result: AdaptationResult) -> str:
    """Return the change of perplexity on the domain and on general English in a sentence or two."""
    return (
        f"On the domain, perplexity {_change(result.figures.domain)}; on general English it "
        f"{_change(result.figures.general)}. Perplexity is roughly the number of words that the model hesitates "
        "between at a mask; lower is better."
    )


def _change(part: Comparison) -> str:
    change = part.change.loss
    if change.low <= 0 <= change.high:
        return "did not change significantly"
    before, after = part.before.perplexity.value, part.after.perplexity.value
    return f"{'fell' if after < before else 'rose'} from {before:,.1f} to {after:,.1f}"


def _bars(title: str, part: Comparison) -> str:
    """Return accuracy before and after as two bars with their intervals."""
    rows = ""
    for name, metrics, hue in (("before", part.before, "other"), ("after", part.after, "adapted")):
        accuracy = metrics.accuracy
        low, width = accuracy.low, accuracy.high - accuracy.low
        interval = (
            f'<span class="interval" style="inset-inline-start:{low:.2%};inline-size:{width:.2%}"></span>'
        )
        rows += (
            f'<li class="domain-{hue}"><span class="word">{name}</span>{bar(accuracy.value, interval)}'
            f'<span class="score">{accuracy.value * 100:.1f} %</span></li>'
        )
    about = '<span class="facts">masked tokens predicted correctly, with 95 % intervals</span>'
    return figure("chart before-after", f"{escape(title)}<br>{about}", f"<ol>{rows}</ol>")


def _exam(title: str, rows: Sequence[ExamRow]) -> str:
    """Return a table of questions with the first guess and the rank of the correct word, before and after."""
    cells = [(_sentence(row), guess(asdict(row.before)), guess(asdict(row.after))) for row in rows]
    return table((title, "Before", "After"), cells, "guesses") if rows else ""


def _sentence(row: ExamRow) -> str:
    return marked(row.left, row.term, row.right)
