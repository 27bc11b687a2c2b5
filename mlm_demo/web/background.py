"""Work that takes too long to wait for: a run in the queue, its progress, and its table at the end."""

from collections.abc import Callable, Collection
from html import escape

import gradio as gr

from mlm_demo.errors import MlmDemoError
from mlm_demo.runs.run import ACTIVE, RESUMABLE, Run
from mlm_demo.runs.service import RunService
from mlm_demo.runs.tasks.task import RunRequest
from mlm_demo.web.event_options import AT_ONCE, QUIET
from mlm_demo.web.messages import refusal
from mlm_demo.web.waiting import waiting_for

SECONDS_BETWEEN_LOOKS = 2
DELETED = '<p class="empty">The table is deleted, and with it what it was made from.</p>'


class Background:
    """The widgets and handlers of a run that asks models; a handler returns the widgets that change.

    tasks: of the runs that are shown here; show: returns the widgets of a run's table as far as it is known, {} while
    nothing is; results: where table and progress are shown; prefix: of the ids of the elements; without_table: returns
    what else changes where there is no table, so that nothing acts on one that is gone.
    """

    def __init__(
        self,
        service: RunService,
        tasks: Collection[str],
        show: Callable[[Run], dict],
        results: gr.HTML,
        prefix: str,
        without_table: Callable[[], dict] = dict,
    ):
        self.service, self.tasks, self.show, self.results = service, tasks, show, results
        self.without_table = without_table
        with gr.Row(elem_classes="extract-out"):
            small = {"size": "sm", "min_width": 140, "scale": 0, "visible": False}
            self.stop_button = gr.Button("Stop", variant="stop", elem_id=f"{prefix}-stop", **small)
            self.resume_button = gr.Button("Resume", elem_id=f"{prefix}-resume", **small)
            self.delete_button = gr.Button("Delete this table", elem_id=f"{prefix}-delete", **small)
        self.message = gr.HTML(padding=False, js_on_load=None)
        self.run = gr.Textbox(visible="hidden")
        self.timer = gr.Timer(SECONDS_BETWEEN_LOOKS, active=False)
        self.widgets = [
            self.run, self.message, self.timer, self.stop_button, self.resume_button, self.delete_button,
        ]  # fmt: skip

    # Handlers

    def start(self, draft: str, request: RunRequest, owner: str, address: str) -> dict:
        """Put a run with the files of a draft into the queue and show it; raises MlmDemoError."""
        return self.look(self.service.start(draft, request, owner, address).id, owner)

    def look(self, id: str, owner: str) -> dict:
        """Show how far a run is, or its table once it has ended; only to its owner, because it quotes the files."""
        try:
            run = self.service.require_owner(id, owner)
        except MlmDemoError as error:  # deleted in another window
            return {**self.forget(), **self.without_table(), self.results: refusal(error, "")}
        state = run.state
        shown = {
            self.run: id,
            self.timer: gr.Timer(active=state in ACTIVE),
            self.stop_button: gr.Button(visible=state in ACTIVE, interactive=state != "stopping"),
            self.resume_button: gr.Button(visible=state in RESUMABLE),
            self.delete_button: gr.Button(visible=state not in ACTIVE),
            self.message: "",
        }
        if state in ACTIVE:
            queue = self.service.queue
            waiting = progress(run, queue.position(run), queue.seconds_ahead(run))
            return {**shown, **self.without_table(), self.results: waiting}
        if state != "done":
            shown[self.message] = f'<p class="refusal" role="status" dir="auto">{escape(_ending(run))}</p>'
        return {**shown, self.results: "", **self.show(run)}

    def forget(self) -> dict:
        """Show no run."""
        buttons = (self.stop_button, self.resume_button, self.delete_button)
        return {
            self.run: "",
            self.message: "",
            self.timer: gr.Timer(active=False),
            **{button: gr.Button(visible=False) for button in buttons},
        }

    def stop(self, id: str, owner: str) -> dict:
        """Ask the run to stop; what is known is kept."""
        return self._act(self.service.queue.stop, id, owner)

    def resume(self, id: str, owner: str) -> dict:
        """Put the run back into the queue."""
        return self._act(self.service.queue.resume, id, owner)

    def delete(self, id: str, owner: str) -> dict:
        """Delete the run with its files and its table."""
        try:
            self.service.require_owner(id, owner).delete()
        except MlmDemoError as error:
            return {self.message: refusal(error, "")}
        return {**self.forget(), **self.without_table(), self.results: DELETED}

    def has(self, id: str) -> bool:
        """Return whether there is a run with this id that is shown here."""
        return self.service.runs.has(id) and self._is_here(self.service.runs.find(id))

    def active(self, owner: str) -> str:
        """Return the id of an active run of this person that is shown here, empty without one."""
        own = self.service.runs.owned_by(owner) if owner else []
        return next((run.id for run in own if self._is_here(run) and run.state in ACTIVE), "")

    def _is_here(self, run: Run) -> bool:
        return run.request.task in self.tasks

    def _act(self, action: Callable[[Run], None], id: str, owner: str) -> dict:
        try:
            action(self.service.require_owner(id, owner))
        except MlmDemoError as error:
            return {self.message: refusal(error, "")}
        return self.look(id, owner)

    # Wiring

    def wire(self, owner: gr.BrowserState, shown: list) -> None:
        """Connect the events to the handlers; shown: the widgets of a finished table."""
        asked, outputs = [self.run, owner], [*self.widgets, *shown]
        self.timer.tick(self.look, asked, outputs, **AT_ONCE)
        self.stop_button.click(self.stop, asked, outputs, **QUIET)
        self.resume_button.click(self.resume, asked, outputs, **QUIET)
        self.delete_button.click(self.delete, asked, outputs, **QUIET)


def progress(run: Run, ahead: int, seconds: float | None = None) -> str:
    """Return how far an active run is: a bar with the share done, or its place in the queue."""
    lines = [line for line in run.lines() if "stage" in line]
    share = next((line["done"] for line in reversed(lines) if "done" in line), None)
    bar = ""
    if share is not None:
        bar = f'<progress value="{share:.4f}" max="1" aria-label="done">{share:.0%}</progress>'
    stage = lines[-1]["stage"] if lines else "Loading the model"
    if run.state == "waiting":
        stage = waiting_for(ahead, seconds)
    if run.state == "unreachable":
        stage = f"Unreachable: nobody can say now whether it is still being worked on. {run.whereabouts}"
    return (
        f'<div class="extract-progress" role="status"><h4>{escape(run.name)}, '
        f'{escape(run.request.about.get("budget", ""))}</h4>{bar}<p class="facts">{escape(stage)}</p>'
        '<p class="facts">You can close this page: the work continues. My runs, on the tab Adapt, leads back to it.</p>'
        "</div>"
    )


def _ending(run: Run) -> str:
    """Return how a run ended that is not done."""
    if run.state == "interrupted":
        return "It was interrupted (process killed or machine restarted). What is known is kept; Resume continues."
    return run.message
