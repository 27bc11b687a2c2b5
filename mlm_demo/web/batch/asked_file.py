"""A file of sentences, pairs or facts on a tab: handlers on top, widgets below.

The page answers as many rows as a person waits for. The rest of a longer file is a run in the background.
"""

from collections.abc import Callable
from dataclasses import dataclass
from html import escape
from pathlib import Path

import gradio as gr

from mlm_demo.errors import MlmDemoError
from mlm_demo.inference.engine import Engine
from mlm_demo.runs.answered_file import COUNTED, FACTS, PAIRS, csv
from mlm_demo.runs.run import Run
from mlm_demo.runs.service import RunService
from mlm_demo.runs.tasks.batch import BatchRequest, count_rows, counted, notes_of, request_of, rows_of
from mlm_demo.settings import Settings, on_zero_gpu
from mlm_demo.web import javascript
from mlm_demo.web.background import Background
from mlm_demo.web.batch.part import MAX_SENTENCES, answer_some, drawn, read_rows
from mlm_demo.web.batch.table import ROWS_SHOWN
from mlm_demo.web.event_options import AT_ONCE, QUIET, SCORING
from mlm_demo.web.identity import owner_of
from mlm_demo.web.messages import notices, refusal, reporter
from mlm_demo.web.score.cancel import CancelableWork, Canceled
from mlm_demo.web.score.javascript import CAN_CANCEL
from mlm_demo.web.server.downloads import table_address
from mlm_demo.web.server.rate_limits import RateLimits

ENDINGS = (".txt", ".csv", ".tsv", ".jsonl")
NOTHING_YET = '<p class="empty">Add a file to see a row for each of its sentences.</p>'
CANCELED = '<p class="old" role="status">Canceled.</p>'


@dataclass(frozen=True)
class Waiting:
    """A file that is more than the page answers: its draft, and what is to be asked of it. Without a draft, none."""

    draft: str = ""
    asked: BatchRequest | None = None


class AskedFile:
    """The widgets of the file and its table; a handler returns the widgets that change. Each tab has one of its own.

    name: of the command for such a file, and of the tab; it starts the ids of the elements. done: what has happened
    to a sentence, in words. kinds: the tasks of its runs.
    """

    name: str
    done: str
    kinds: tuple[str, ...]

    def __init__(self, engine: Engine, service: RunService, limits: RateLimits, work: CancelableWork):
        self.engine, self.service, self.limits, self.work = engine, service, limits, work

    # Handlers

    def answer(
        self,
        file: str | None,
        waiting: Waiting,
        owner: str,
        asked_of: Callable[[str, int], BatchRequest],
        request: gr.Request,
        progress: gr.Progress,
    ) -> dict:
        """Answer the rows of an uploaded file, as many as there is time for; keep it only if there are more.

        asked_of: returns what the form asks of a file of a kind with so many rows.
        """
        idle = {self.file: None, self.cancel: gr.Button(interactive=False)}
        if not file:
            return idle
        self.service.staging.forget(waiting.draft)
        idle |= {self.waiting: Waiting(), self.offer: gr.Button(visible=False)}
        notes: list[str] = []
        try:
            self.limits.admit(request)
            with self.work.reporting(request, reporter(progress)) as on_progress:
                kind, items = read_rows(Path(file), self.kinds, self.engine.settings, notes)
                asked = asked_of(kind, len(items))
                rows, why = answer_some(self.engine, asked, items, on_progress)
            table, text = drawn(asked, rows, len(rows)), csv(asked.verb, rows)
            more = self._keep(Path(file), asked, owner) if why else {}
        except Canceled:
            return idle
        except MlmDemoError as error:
            return {**idle, self.results: refusal(error, ""), self.out: gr.Row(visible=False)}
        finally:
            Path(file).unlink(missing_ok=True)
        said = f"{escape(Path(file).name)}: {self._summary(asked, len(rows), why)}"
        summary = f'<p class="answered" role="status" dir="auto">{said}</p>'
        return {
            **idle,
            **self.background.forget(),
            **more,
            self.results: notices(notes) + summary + table,
            self.csv: text,
            self.out: gr.Row(visible=True),
        }

    def run_in_background(self, waiting: Waiting, owner: str, request: gr.Request) -> dict:
        """Put the file into the queue, and show how far it is."""
        try:
            self.limits.admit(request)
            if not waiting.asked:
                return {self.offer: gr.Button(visible=False)}
            return self.start(waiting.draft, waiting.asked, owner, request)
        except MlmDemoError as error:
            return {self.background.message: refusal(error, "")}

    def start(self, draft: str, asked: BatchRequest, owner: str, request: gr.Request) -> dict:
        """Start a run with the file of a draft and show how far it is; raises MlmDemoError."""
        shown = self.background.start(draft, asked, owner, self.limits.address(request))
        hidden = {self.offer: gr.Button(visible=False), self.out: gr.Row(visible=False)}
        return {**shown, **hidden, self.waiting: Waiting()}

    def show_run(self, run: Run) -> dict:
        """Show the table of a run as far as it is known, and the addresses of its files."""
        asked, count = request_of(run), count_rows(run)
        if not count:
            return {}
        try:
            rows = list(rows_of(run, None if asked.verb in COUNTED else ROWS_SHOWN))
            table = drawn(asked, rows, count)
        except MlmDemoError as error:
            return {self.results: refusal(error, "")}
        summary = f"{counted(asked.verb, count).capitalize()} {self._verb(asked.verb)}."
        head = notices(notes_of(run)) + f'<p class="answered" role="status">{escape(run.name)}: {summary}</p>'
        return {
            self.results: head + table_links(run, self.service.settings) + table,
            self.out: gr.Row(visible=False),
        }

    def cancel_file(self, request: gr.Request) -> dict:
        """End the work at its next pass."""
        self.work.cancel(request)
        return {self.results: CANCELED, self.cancel: gr.Button(interactive=False), self.file: None}

    def emptied(self) -> dict:
        """Return the widgets without a table, as the page opens."""
        return {
            **self.background.forget(),
            self.waiting: Waiting(),
            self.offer: gr.Button(visible=False),
            self.results: NOTHING_YET,
            self.csv: "",
            self.out: gr.Row(visible=False),
        }

    def _keep(self, path: Path, asked: BatchRequest, owner: str) -> dict:
        """Keep a file that is too long for the page, and offer to ask it in the background if that is possible."""
        settings = self.service.settings
        if on_zero_gpu() or asked.sentences > settings.max_file_sentences:
            return {}
        draft = self.service.staging.add([path], owner=owner)
        return {self.waiting: Waiting(draft, asked), self.offer: gr.Button(visible=True)}

    def _summary(self, asked: BatchRequest, done: int, why: str) -> str:
        """Return how many rows were answered and, if these are not all, why."""
        count, verb = counted(asked.verb, asked.rows), self._verb(asked.verb)
        if why:
            return f"The first {done:,} of {count} {verb}: {why}."
        return f"All {count} {verb}." if done > 1 else f"{count} {verb}."

    def _verb(self, kind: str) -> str:
        return {PAIRS: "judged", FACTS: "asked"}.get(kind, self.done)

    # Widgets

    def build(self, handler: Callable[..., dict], form: list, owner: gr.BrowserState, about: str) -> None:
        """Draw the file and its table, and wire them.

        handler: answers an uploaded file; form: its last inputs, which say what is asked.
        """
        with gr.Row(equal_height=False):
            with gr.Column(scale=2, min_width=320):
                self.file = gr.File(
                    label="File", file_types=list(ENDINGS), height=130, elem_id=f"{self.name}-file"
                )
                gr.Markdown(about + " " + self._about_limits(), elem_classes="quiet")
                self.cancel = gr.Button(
                    "Cancel", interactive=False, size="md", elem_id=f"{self.name}-file-cancel"
                )
                self._draw_more()
            with gr.Column(scale=3, min_width=320):
                self.results = gr.HTML(
                    NOTHING_YET,
                    min_height=180,
                    padding=False,
                    js_on_load=None,
                    elem_id=f"{self.name}-list",
                    render=False,
                )
                self.offer = gr.Button(
                    "Run in the background",
                    variant="primary",
                    size="md",
                    visible=False,
                    elem_id=f"{self.name}-list-run",
                )
                self.background = Background(
                    self.service, self.kinds, self.show_run, self.results, f"{self.name}-list"
                )
                self.results.render()
                with gr.Row(visible=False) as self.out:
                    self.csv_down = gr.Button("Download CSV", size="sm", elem_id=f"{self.name}-list-csv")
        self.csv = gr.Textbox(visible="hidden")
        self.waiting = gr.State(Waiting())
        self.filled = [
            *(self.waiting, self.offer, self.results, self.csv, self.out),
            *self.background.widgets,
        ]
        self._wire(handler, form, owner)

    def _draw_more(self) -> None:
        """Draw what a tab has beside the file."""

    def _about_limits(self) -> str:
        seconds = self.engine.settings.max_score_seconds
        here = f"The page answers up to {MAX_SENTENCES:,} sentences, for up to {seconds} seconds"
        shell = f"the shell takes any number: `python -m mlm_demo {self.name} FILE`."
        if on_zero_gpu():
            return f"{here}; {shell} The file is deleted as soon as it is read."
        return (
            f"{here}; a longer file can run in the background, and {shell} The file is deleted as soon as it is "
            "answered, a longer one when its run is done, or after a day."
        )

    def _wire(self, handler: Callable[..., dict], form: list, owner: gr.BrowserState) -> None:
        in_browser = {"fn": None, "api_visibility": "private"}
        shown = [self.results, self.csv, self.out]
        self.file.upload(outputs=self.cancel, js=CAN_CANCEL, **in_browser)
        asking = self.file.upload(
            handler,
            [self.file, self.waiting, owner, *form],
            [self.file, self.cancel, *self.filled],
            show_progress_on=self.results,
            api_visibility="private",
            **SCORING,
        )
        self.cancel.click(
            self.cancel_file, None, [self.results, self.cancel, self.file], cancels=asking, **AT_ONCE
        )
        self.offer.click(
            self.run_in_background,
            [self.waiting, owner],
            self.filled,
            **QUIET,
        )
        self.background.wire(owner, shown)
        self.csv_down.click(
            inputs=self.csv, js=javascript.download(f"{self.name}.csv", "text/csv"), **in_browser
        )


def table_links(run: Run, settings: Settings) -> str:
    """Return the addresses of a run's table as files, and of the run itself."""
    kinds = (
        {"csv": "CSV", "json": "JSON"}
        if run.request.task in COUNTED
        else {"csv": "CSV", "jsonl": "JSON lines"}
    )
    links = [
        f'<a href="{escape(table_address(run, ending, settings))}" download>Download {name}</a>'
        for ending, name in kinds.items()
    ]
    return (
        f'<p class="download">{" · ".join(links)} · <a href="?run={escape(run.id)}">Link to this run</a></p>'
    )


def open_runs(
    page: gr.Blocks, owner: gr.BrowserState, tabs: gr.Tabs, files: dict[AskedFile, gr.Accordion]
) -> None:
    """Show the run that the page's address names, or an active run of the visitor's, on the tab that it belongs to.

    files: those of all tabs, each with what it is folded in.
    """

    def open_run(stored: str, request: gr.Request, profile: gr.OAuthProfile | None) -> dict:
        person = owner_of(stored, profile, next(iter(files)).service.settings)
        wanted, shown = request.query_params.get("run", ""), {}
        for file, box in files.items():
            id = (wanted if file.background.has(wanted) else "") if wanted else file.background.active(person)
            if id:
                shown |= {**file.background.look(id, person), box: gr.Accordion(open=True)}
                shown |= {tabs: gr.Tabs(selected=file.name)} if wanted else {}
        return shown or gr.skip()

    outputs = [tabs, *files.values()]
    for file in files:
        outputs += [file.results, file.csv, file.out, *file.background.widgets]
    page.load(open_run, owner, outputs, **AT_ONCE)
