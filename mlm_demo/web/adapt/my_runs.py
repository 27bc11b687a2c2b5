"""My runs: one person's runs as a table of name, state, base model, start and result, which follows their states."""

from datetime import datetime
from html import escape

import gradio as gr

from mlm_demo.runs.run import ACTIVE, Run
from mlm_demo.runs.service import RunService, finetune_result_of, pretrain_result_of, result_of
from mlm_demo.runs.tasks.batch import result_of_batch
from mlm_demo.runs.tasks.extract import answered_of
from mlm_demo.training.result import loss_row
from mlm_demo.web.adapt.progress import STATES
from mlm_demo.web.event_options import AT_ONCE
from mlm_demo.web.html import table, verdict_mark

EMPTY = '<p class="empty">Your runs will be listed here.</p>'
HEADINGS = ("Name", "State", "Model and budget", "Started", "Result")
SECONDS_BETWEEN_REFRESHES = 2
Listed = tuple[tuple[str, str, str], ...]  # id, state and name of each run


class MyRuns:
    """The widgets of the list: a table, and a timer while one of its runs is active."""

    def __init__(self, service: RunService):
        self.service = service
        with gr.Accordion("My runs", open=True, elem_id="my-runs"):
            self.table = gr.HTML(my_runs([], service.settings.keep_days), js_on_load=None)
        self.timer = gr.Timer(SECONDS_BETWEEN_REFRESHES, active=False)
        self.listed = gr.State(())
        self.widgets = [self.table, self.timer, self.listed]

    def show(self, owner: str) -> dict:
        """List the runs as they are now."""
        runs = self.service.runs.owned_by(owner)
        listed = listed_of(runs)
        return {
            self.table: my_runs(runs, self.service.settings.keep_days),
            self.timer: gr.Timer(active=any(state in ACTIVE for _, state, _ in listed)),
            self.listed: listed,
        }

    def refresh(self, owner: str, listed: Listed) -> dict:
        """List the runs again if one of them has changed, whether it is shown or not."""
        if listed_of(self.service.runs.owned_by(owner)) == listed:
            return gr.skip()
        return self.show(owner)

    def wire(self, owner: gr.BrowserState) -> None:
        """Connect the timer to the handler."""
        self.timer.tick(self.refresh, [owner, self.listed], self.widgets, **AT_ONCE)


def listed_of(runs: list[Run]) -> Listed:
    """Return what a list of runs depends on; a log line changes nothing in it."""
    return tuple((run.id, run.state, run.name) for run in runs)


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
    elif table := answered_of(run) or result_of_batch(run):
        change = table
    elif fresh := pretrain_result_of(run):
        change = f"{fresh.figures.bits_per_byte.model.value:.2f} bits per byte"
    elif taught := finetune_result_of(run):
        change = " ".join(map(escape, taught.rows[0].cells()[:2]))
    return (
        f'<a href="?run={escape(run.id)}">{escape(run.name)}</a>',
        f'<span class="state state-{state}">{STATES[state]}</span>',
        f"{escape(str(request.about.get('model', '')))}, {escape(str(request.about.get('budget', '')))}",
        started,
        change,
    )
