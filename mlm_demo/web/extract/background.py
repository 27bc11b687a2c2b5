"""An extraction that takes too long to wait for: a run in the queue, its progress, and its table at the end."""

import tempfile
from collections.abc import Callable, Sequence
from html import escape
from pathlib import Path

import gradio as gr

from mlm_demo.corpus.papers import Paper
from mlm_demo.errors import MlmDemoError
from mlm_demo.inference.extract.extraction import Extraction
from mlm_demo.runs.run import ACTIVE, RESUMABLE, Run
from mlm_demo.runs.service import RunService
from mlm_demo.runs.tasks.extract import Extracting, ExtractRequest, extraction_of, write_rows
from mlm_demo.settings import Settings, on_zero_gpu
from mlm_demo.web.event_options import AT_ONCE, QUIET
from mlm_demo.web.messages import refusal

SECONDS_BETWEEN_LOOKS = 2


def takes_long(papers: Sequence[Paper], questions: Sequence[str], settings: Settings) -> bool:
    """Return whether papers and questions are more than what is answered while a person waits."""
    characters = sum(len(paper.text) for paper in papers) * len(questions)
    too_many = len(papers) > settings.max_papers or characters > settings.max_paper_characters
    return too_many and not on_zero_gpu()  # there only a visitor's own event may train or extract


class Background:
    """The widgets and handlers of a run that extracts; a handler returns the widgets that change.

    show: returns the widgets of a finished table; results: where table and progress are shown.
    """

    def __init__(self, service: RunService, show: Callable[[Extraction], dict], results: gr.HTML):
        self.service, self.show, self.results = service, show, results
        with gr.Row(elem_classes="extract-out"):
            small = {"size": "sm", "min_width": 90, "visible": False}
            self.stop_button = gr.Button("Stop", variant="stop", elem_id="extract-stop", **small)
            self.resume_button = gr.Button("Resume", elem_id="extract-resume", **small)
            self.delete_button = gr.Button("Delete this table", elem_id="extract-delete", **small)
        self.message = gr.HTML(padding=False, js_on_load=None)
        self.run = gr.Textbox(visible="hidden")
        self.timer = gr.Timer(SECONDS_BETWEEN_LOOKS, active=False)
        self.widgets = [
            self.run, self.message, self.timer, self.stop_button, self.resume_button, self.delete_button,
        ]  # fmt: skip

    # Handlers

    def start(
        self, papers: Sequence[Paper], questions: Sequence[str], model: str, owner: str, address: str
    ) -> dict:
        """Put a run into the queue and show it; raises MlmDemoError."""
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / f"{len(papers):,} papers"
            write_rows(path, papers)
            draft = self.service.staging.add([path])
        try:
            run = self.service.start(draft, ExtractRequest(tuple(questions), model), owner, address)
        finally:
            self.service.staging.forget(draft)
        return self.look(run.id, owner)

    def look(self, id: str, owner: str) -> dict:
        """Show how far a run is, or its table once it has ended; only to its owner, because it quotes the papers."""
        try:
            run = self.service.require_owner(id, owner)
        except MlmDemoError as error:  # deleted in another window
            return {**self.forget(), self.results: refusal(error, "")}
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
            return {**shown, self.results: progress(run, self.service.queue.position(run))}
        found = extraction_of(run)
        if state != "done":
            shown[self.message] = f'<p class="refusal" role="status" dir="auto">{escape(_ending(run))}</p>'
        if found is None:
            return {**shown, self.results: ""}
        return {**shown, **self.show(found)}

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
        """Delete the run with its papers and its table."""
        try:
            self.service.require_owner(id, owner).delete()
        except MlmDemoError as error:
            return {self.message: refusal(error, "")}
        return {**self.forget(), self.results: '<p class="empty">The table and its papers are deleted.</p>'}

    def has(self, id: str) -> bool:
        """Return whether there is a run with this id that extracts."""
        return self.service.runs.has(id) and is_extraction(self.service.runs.find(id))

    def active(self, owner: str) -> str:
        """Return the id of a run of this person that extracts now, empty without one."""
        own = self.service.runs.owned_by(owner) if owner else []
        return next((run.id for run in own if is_extraction(run) and run.state in ACTIVE), "")

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


def is_extraction(run: Run) -> bool:
    """Return whether a run extracts, so that this tab shows it."""
    return run.request.task == Extracting.name


def progress(run: Run, ahead: int) -> str:
    """Return how far an active run is: a bar with the papers done, or its place in the queue."""
    last = next((line for line in reversed(list(run.lines())) if "done" in line), None)
    bar = ""
    if last:
        share = last["done"]
        bar = f'<progress value="{share:.4f}" max="1" aria-label="done">{share:.0%}</progress>'
    stage = last["stage"] if last else "Loading the model"
    if run.state == "waiting":
        runs = "1 other run" if ahead == 1 else f"{ahead} other runs"
        stage = f"Waiting for {runs}" if ahead else "Starts in a moment"
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
