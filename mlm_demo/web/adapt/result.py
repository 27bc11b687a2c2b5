"""The result of a run as HTML: headline, guesses that changed, the exam, how training went, and the metrics."""

from collections.abc import Sequence
from dataclasses import asdict
from html import escape

from mlm_demo.training.config import MOST_MASKED_AT_END
from mlm_demo.training.curve import curve_svg
from mlm_demo.training.exam import ExamAnswer, ExamRow, exam_rows
from mlm_demo.training.outcome import caveats, outcome
from mlm_demo.training.result import DOMAIN, GENERAL, AdaptationResult, Comparison
from mlm_demo.training.row import Row
from mlm_demo.web.adapt.progress import followed, guess, marked_term, probes_view, progress, rank_change
from mlm_demo.web.html import bar, figure, marked, table, verdict_mark

PERPLEXITY = (
    "Perplexity is roughly the number of words that the model hesitates between at a mask; lower is better."
)
NO_MODEL = "The base model was kept, so there is no new model in the pickers"


def headline(result: AdaptationResult, *, own: bool) -> str:
    """Return how much was learned, in which numbers, and what to do next.

    own: whether the person has the slider.
    """
    found = outcome(result)
    kind = result.learned.replace(" ", "-")
    notes = [found.advice]
    if result.share == 0:
        notes.append(f"{NO_MODEL}{'; move the slider to use it anyway' * own}.")
    return (
        f'<h4 class="outcome outcome-{kind}">{escape(found.title)}</h4>'
        f'<p class="verdict">{escape(found.numbers)}</p><p>{escape(" ".join(notes))}</p>'
        f'<p class="facts">{escape(" ".join(filter(None, [PERPLEXITY, result.training.ending()])))}</p>'
    )


def result_view(result: AdaptationResult, lines: list[dict]) -> str:
    """Return the view of a run's result below its headline; lines: the log of the run."""
    return (
        f'<section class="result">{_changed_guesses(result)}{_exam(result)}'
        f"{_training(result, lines)}{_metrics(result)}</section>"
    )


def _changed_guesses(result: AdaptationResult) -> str:
    """Return tables of the sentences whose first guess changed."""
    better, worse = exam_rows(result.exam)
    if not better and not worse:
        return '<p class="empty">No first guess in the exam got better or worse.</p>'
    return _guesses("First guesses that improved, correct ones first", better) + _guesses(
        "First guesses that worsened most", worse
    )


def _guesses(title: str, rows: Sequence[ExamRow]) -> str:
    """Return a table of questions with the first guess and the rank of the correct word, before and after."""
    cells = [
        (
            marked(row.left, row.term, row.right),
            guess(asdict(row.before)),
            rank_change(row.before.rank, row.after.rank, guess(asdict(row.after))),
        )
        for row in rows
    ]
    return table((title, "Before", "After"), cells, "guesses") if rows else ""


def _exam(result: AdaptationResult) -> str:
    """Return all questions of the exam with the rank of the correct word before and after, to be opened."""
    if not result.exam:
        return ""
    shares = result.figures.exam
    correct = f"correct word first {shares.top_1_before:.0%} → {shares.top_1_after:.0%}"
    among = f"among the first five {shares.top_5_before:.0%} → {shares.top_5_after:.0%}"
    rows = [(marked_term(asdict(answer)), _ranks(answer)) for answer in result.exam]
    return (
        f'<details class="exam"><summary>All {len(result.exam):,} questions of the exam: {correct}, {among}</summary>'
        f"{table(('Held-out sentence', 'Rank of the correct word'), rows, 'guesses')}</details>"
    )


def _ranks(answer: ExamAnswer) -> str:
    return rank_change(answer.rank_before, answer.rank, f"#{answer.rank_before:,} → #{answer.rank:,}")


def _training(result: AdaptationResult, lines: list[dict]) -> str:
    """Return the curve, the facts of training, and the followed sentences as the kept model answers them."""
    parts = [f'<div class="curve">{curve_svg(result.curve)}</div>'] if result.curve else []
    if result.curve and result.config.get("mlm_probability", 0) > MOST_MASKED_AT_END:
        parts.append(
            '<p class="facts">Until its last fifth, training masks more tokens than the evaluation does, so its loss '
            "is higher.</p>"
        )
    parts.append(progress(lines, "done"))
    if probes := followed(lines):
        kept = {(answer.sentence, answer.start): asdict(answer) for answer in result.exam}
        after = [kept.get((line["sentence"], line["start"]), line) for line in probes[-1]]
        parts.append(probes_view(probes[0], after, "Kept model"))
    return "".join(parts)


def _metrics(result: AdaptationResult) -> str:
    figures = result.figures
    bars = _bars(DOMAIN, figures.domain) + _bars(GENERAL, figures.general)
    rows = table(("", "Before", "After", "Change"), [_cells(row) for row in result.rows()])
    note = f'<p class="facts">{escape(text)}</p>' if (text := caveats(result)) else ""
    return f'<div class="figures">{bars}</div>{rows}{note}'


def _cells(row: Row) -> list[str]:
    *cells, change = map(escape, row.cells())
    return [*cells, f"{change} {verdict_mark(row.verdict)}" if change else ""]


def _bars(title: str, part: Comparison) -> str:
    """Return accuracy before and after as two bars with their intervals."""
    rows = ""
    for name, metrics, hue in (("before", part.before, "other"), ("after", part.after, "adapted")):
        accuracy = metrics.accuracy
        interval = ""
        if accuracy.low is not None and accuracy.high is not None:
            low, width = accuracy.low, accuracy.high - accuracy.low
            interval = (
                f'<span class="interval" style="inset-inline-start:{low:.2%};inline-size:{width:.2%}"></span>'
            )
        rows += (
            f'<li class="domain-{hue}"><span class="word">{name}</span>{bar(accuracy.value, interval)}'
            f'<span class="score">{accuracy.value * 100:.1f}%</span></li>'
        )
    about = '<span class="facts">masked tokens predicted correctly, with 95% intervals</span>'
    return figure("chart before-after", f"{escape(title)}<br>{about}", f"<ol>{rows}</ol>")
