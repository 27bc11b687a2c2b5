"""A person's runs as a list: state, corpus, base, when, and what each has come to."""

from datetime import datetime
from html import escape

from mlm_demo.runs.run import Run
from mlm_demo.runs.service import result_of
from mlm_demo.web.adapt.progress import STATES, table

EMPTY = '<p class="empty">Your runs will be listed here.</p>'


def my_runs(runs: list[Run], keep_days: int) -> str:
    """The runs, the newest first, each a link to its own view."""
    if not runs:
        return EMPTY
    headings = ("Corpus", "State", "Base", "Begun", "Held-out perplexity")
    kept = f"A run and its model are kept for {keep_days} days after its end, then deleted."
    return table(headings, [_row(run) for run in runs], "runs") + f'<p class="more">{kept}</p>'


def _row(run: Run) -> tuple[str, ...]:
    request, state, result = run.request, run.state, result_of(run)
    when = datetime.fromtimestamp(request.created).strftime("%d %b %H:%M")
    change = ""
    if result:
        domain = result.figures.domain
        change = f"{domain.before.perplexity.value:,.1f} → {domain.after.perplexity.value:,.1f}"
    return (
        f'<a href="?run={escape(run.id)}">{escape(request.title)}</a>',
        f'<span class="state state-{state}">{STATES[state]}</span>',
        f"{escape(str(request.about.get('model', '')))}, {escape(str(request.about.get('budget', '')))}",
        when,
        change,
    )
