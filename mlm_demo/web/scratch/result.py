"""The result of a training from scratch as HTML: what was learned, guesses, the curve and the metrics."""

from dataclasses import asdict
from html import escape

from mlm_demo.training.curve import curve_svg
from mlm_demo.training.outcome import sections_note
from mlm_demo.training.pretraining.config import NAMES
from mlm_demo.training.pretraining.model_card import unknown_sentence
from mlm_demo.training.pretraining.result import PretrainResult
from mlm_demo.web.adapt.progress import probes_view, progress
from mlm_demo.web.html import table, verdict_mark

ABOUT = (
    "Loss, perplexity and accuracy are per masked token and depend on the vocabulary; bits per byte and per word of "
    "the same text can be compared between vocabularies."
)


def headline(result: PretrainResult) -> str:
    """Return how much was learned beyond word frequencies, in which numbers, and what to do next."""
    title, numbers, advice = result.outcome()
    kind = result.learned.replace(" ", "-")
    return (
        f'<h4 class="outcome outcome-{kind}">{escape(title)}</h4><p class="verdict">{escape(numbers)}</p>'
        f'<p>{escape(advice)}</p><p class="facts">'
        f"{escape(' '.join(filter(None, [_facts(result), result.training.ending()])))}</p>"
    )


def result_view(result: PretrainResult, lines: list[dict]) -> str:
    """Return the view of a result below its headline; lines: the log of the run."""
    guesses = ""
    if result.guesses:
        after = [asdict(answer) for answer in result.guesses]
        before = [
            {**answer, "rank": answer["rank_before"], "guess": answer["guess_before"]} for answer in after
        ]
        guesses = probes_view(before, after, "This model")
    curve = f'<div class="curve">{curve_svg(result.curve)}</div>' if result.curve else ""
    rows = []
    for row in result.rows():
        *cells, change = map(escape, row.cells())
        rows.append([*cells, f"{change} {verdict_mark(row.verdict)}" if change else ""])
    metrics = table(("", "Word frequencies alone", "This model", "Change"), rows)
    notes = filter(
        None, [ABOUT, unknown_sentence(result), sections_note(result.corpus, result.figures.held_out)]
    )
    return (
        f'<section class="result">{guesses}{curve}{progress(lines, "done")}{metrics}'
        f'<p class="facts">{escape(" ".join(notes))}</p></section>'
    )


def _facts(result: PretrainResult) -> str:
    config, model = result.config, result.model
    return (
        f"{model['parameters']:,} parameters, {config['layers']} layers of {config['hidden']}; "
        f"{NAMES[config['tokenizer']]} vocabulary of {model['vocabulary']:,} entries."
    )
