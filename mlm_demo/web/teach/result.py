"""The result of a fine-tuning as HTML: what was learned, in which numbers, and how training went."""

from collections.abc import Iterable
from html import escape

from mlm_demo.training.curve import curve_svg
from mlm_demo.training.downstream.result import BEFORE, FinetuneResult, MetricRow
from mlm_demo.web.html import table, verdict_mark
from mlm_demo.web.messages import notices

LEFT_OUT_SHOWN = 10
SHOWN = 160  # characters of a question and of what answers it
MANY = 500  # examples that a task can be learned from
RULES = {
    "evidence": "Simple rules rank the sentences at random, by words they share with the question, or by how sentences "
    "that answered other questions look.",
    "answers": "The simple rule takes the words that share most with the question.",
}


def headline(result: FinetuneResult) -> str:
    """Return whether the model is better than simple rules, and what to do next."""
    row, kind = result.rows[0], "clearly" if result.better_than_rules else "nothing"
    title = "Learned clearly" if result.better_than_rules else "Nothing measurable"
    label, model, rule, gain = row.cells()
    advice = "Use it in Extract." if result.better_than_rules else _advice(result)
    return (
        f'<h4 class="outcome outcome-{kind}">{title}</h4>'
        f'<p class="verdict">{escape(f"{_capital(label)}: {model}; to beat: {rule}; gain {gain}.")}</p>'
        f"<p>{escape(advice)}</p>"
        f'<p class="facts">{escape(_facts(result))}</p>'
    )


def result_view(result: FinetuneResult) -> str:
    """Return the view of a result below its headline."""
    rows = [_cells(row, len(result.seeds)) for row in result.rows]
    seeds = [
        (
            f"Seed {seed.seed}{', kept' if seed.seed == result.seed else ''}",
            f"{seed.training.steps:,}",
            *(f"{_shown(row, seed.judging[row.metric])}" for row in result.rows),
        )
        for seed in result.seeds
    ]
    curve = f'<div class="curve">{curve_svg(result.curve, per="question")}</div>' if result.curve else ""
    heads = ("", "Steps", *(_capital(row.label) for row in result.rows))
    return (
        f'<section class="result">{table(("", "This model, all seeds", "To beat", "Gain"), rows)}'
        f'<p class="facts">{escape(_to_beat(result))} The intervals are over articles, then seeds.</p>'
        f"{table(heads, seeds)}{curve}</section>"
    )


def examples_view(report: dict) -> str:
    """Return what the examples of an upload or of a run are; of a run it is for everybody."""
    split = f"{report['training']:,} to train on, {report['held_out']:,} held out"
    notes = [*report["notes"], *(f"Left out: {item}" for item in report["dropped"][:LEFT_OUT_SHOWN])]
    more = len(report["dropped"]) - LEFT_OUT_SHOWN
    if more > 0:
        notes.append(f"{more:,} more were left out.")
    return (
        f'<p class="verdict">{report["examples"]:,} examples of {report["groups"]:,} articles: {split}</p>'
        + notices(notes)
    )


def first_examples(examples: Iterable[tuple[str, str]]) -> str:
    """Return questions and what answers them as a table."""
    return table(("The first of them", "What answers it"), map(_first, examples))


def _first(example: tuple[str, str]) -> tuple[str, str]:
    question, right = (escape(text[:SHOWN] + "…" * (len(text) > SHOWN)) for text in example)
    return question, right or '<span class="facts">nothing</span>'


def _cells(row: MetricRow, seeds: int) -> tuple[str, ...]:
    label, model, rule, gain = map(escape, row.cells())
    verdict = "better" if row.gain.low > 0 else "worse" if row.gain.high < 0 else "unclear"
    agree = f"{row.agree} of {seeds} seeds agree" if seeds > 1 else ""
    shown = f'{gain} {verdict_mark(verdict)} <span class="facts">{agree}</span>'
    return _capital(label), model, rule, shown


def _capital(label: str) -> str:
    return label[:1].upper() + label[1:]


def _shown(row: MetricRow, value: float) -> str:
    return f"{value:.1%}" if row.percent else f"{value:.3f}"


def _facts(result: FinetuneResult) -> str:
    examples = result.examples
    return (
        f"{examples.training:,} examples to train on, {examples.choosing:,} to choose seed and threshold by, "
        f"{examples.judging:,} to judge by, of {examples.groups:,} articles."
    )


def _to_beat(result: FinetuneResult) -> str:
    if BEFORE not in result.rows[0].rules:
        return f"To beat is the best of simple rules. {RULES[result.task]}"
    return (
        f"To beat is the best of simple rules and {BEFORE}, which is the one that this run started from. "
        f"{RULES[result.task]}"
    )


def _advice(result: FinetuneResult) -> str:
    rival = result.rows[0].best_rule
    other = "the model before it" if rival == BEFORE else "a simple rule"
    if result.examples.training >= MANY:
        return f"It is not measurably better than {other}; try more time."
    start = "" if BEFORE in result.rows[0].rules else ", or start from a model that was taught this task"
    return f"It is not measurably better than {other}. The examples are few; add more{start}."
