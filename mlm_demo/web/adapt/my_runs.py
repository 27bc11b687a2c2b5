"""The table of one person's runs: corpus, state, base model, start, and result."""

from datetime import datetime
from html import escape

from mlm_demo.runs.run import Run
from mlm_demo.runs.service import finetune_result_of, result_of
from mlm_demo.runs.tasks.extract import answered_of
from mlm_demo.training.result import loss_row
from mlm_demo.web.adapt.progress import STATES
from mlm_demo.web.html import table, verdict_mark

EMPTY = '<p class="empty">Your runs will be listed here.</p>'
HEADINGS = ("Files", "State", "Model and budget", "Started", "Result")


def my_runs(runs: list[Run], keep_days: int) -> str:
    """Return the runs as a table in the given order, each with a link to it."""
    if not runs:
        return EMPTY
    kept = f"A run and its model are kept for {keep_days} days after it ends, then deleted."
    return table(HEADINGS, [_row(run) for run in runs], "runs") + f'<p class="more">{kept}</p>'


def _row(run: Run) -> tuple[str, ...]:
    request, state, result = run.request, run.state, result_of(run)
    started = datetime.fromtimestamp(request.created).strftime("%d %b %H:%M")
    change = ""
    if result:
        domain = result.figures.domain
        before, after = domain.before.perplexity.value, domain.after.perplexity.value
        verdict = verdict_mark(loss_row("", domain).verdict)
        change = f"perplexity {before:,.1f} → {after:,.1f} {verdict}"
        if result.share == 0:
            change = f"perplexity {before:,.1f}, base model kept"
    elif table := answered_of(run):
        change = table
    elif taught := finetune_result_of(run):
        change = " ".join(map(escape, taught.rows[0].cells()[:2]))
    return (
        f'<a href="?run={escape(run.id)}">{escape(request.title)}</a>',
        f'<span class="state state-{state}">{STATES[state]}</span>',
        f"{escape(str(request.about.get('model', '')))}, {escape(str(request.about.get('budget', '')))}",
        started,
        change,
    )
