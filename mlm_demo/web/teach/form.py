"""The form that teaches a model a task: examples, base model and time. The tab Adapt shows the run."""

from collections.abc import Sequence
from contextlib import suppress
from html import escape
from pathlib import Path

import gradio as gr

from mlm_demo.errors import CorpusError, MlmDemoError
from mlm_demo.models.extractor import BUILT_IN
from mlm_demo.models.tasks import ANSWERS, EVIDENCE
from mlm_demo.runs.service import SAMPLE_EXAMPLES, RunService
from mlm_demo.runs.tasks.finetune import FinetuneRequest
from mlm_demo.training.downstream.config import FinetuneConfig
from mlm_demo.web import javascript
from mlm_demo.web.closed_form import close_on, open_after
from mlm_demo.web.event_options import AT_ONCE, QUIET
from mlm_demo.web.messages import kept_files, refusal
from mlm_demo.web.model_choices import choices
from mlm_demo.web.server.rate_limits import RateLimits
from mlm_demo.web.teach.bases import first_name, offered
from mlm_demo.web.teach.result import examples_view, first_examples

PRESETS = [("5 minutes", 5), ("15 minutes", 15), ("60 minutes", 60)]
TASKS = [("Answers: find the words that answer a question", ANSWERS), ("Evidence: rank sentences", EVIDENCE)]
ABOUT = (
    "Give questions with their answers: SQuAD JSON, or a CSV, TSV or JSON lines file with the columns *question, "
    "context, answer* (answers) or *question, sentence, label* (evidence), such as the verdicts that Extract exports. "
    "A fifth of the articles is held out to judge by. The chosen time is divided among three trainings from different "
    "random numbers, so that chance shows; the best is kept. The sample, questions about sixty invented abstracts, "
    "shows the way, and is too small to show a gain beyond chance."
)
READING = "Your examples are being read."
EMPTY = (
    '<p class="empty">Add a file of examples, or use the sample. What is in it appears here before training '
    "starts.</p>"
)


class TeachForm:
    """The widgets of the form, and a handler for each event; a handler returns the widgets that change."""

    def __init__(self, service: RunService, limits: RateLimits):
        self.service, self.limits = service, limits
        with (
            gr.Accordion("Teach a model a task", open=False, elem_id="teach") as self.panel,
            gr.Row(equal_height=False),
        ):
            with gr.Column(scale=2, min_width=320):
                self._draw_form()
            with gr.Column(scale=3, min_width=320):
                self.report = gr.HTML(
                    EMPTY, min_height=160, padding=False, js_on_load=None, elem_id="teach-report"
                )
        self.draft = gr.State("")
        self.read_for = gr.State("")  # the task
        self.filled = [self.draft, self.report, self.start, self.clear]
        self.started = gr.Textbox(visible="hidden")

    # Handlers

    def read_upload(
        self,
        request: gr.Request,
        files: list[str] | None,
        draft: str,
        owner: str,
        *fields,
        progress=gr.Progress(),
    ) -> dict:
        """Take uploaded files in place of the draft, and say what their examples are."""
        paths = [Path(name) for name in files or []]
        return self._read(request, paths, draft, owner, fields, progress, take=True)

    def read_sample(
        self, request: gr.Request, draft: str, owner: str, task: str, *fields, progress=gr.Progress()
    ) -> dict:
        """Take the sample of the task in place of the draft."""
        return self._read(request, [SAMPLE_EXAMPLES[task]], draft, owner, (task, *fields), progress)

    def read_again(
        self, request: gr.Request, draft: str, owner: str, task: str, *fields, progress=gr.Progress()
    ) -> dict:
        """Read the files again for another task, of the sample the file for it."""
        if not draft:
            return gr.skip()
        is_sample = self._names(draft) in [[path.name] for path in SAMPLE_EXAMPLES.values()]
        files = [SAMPLE_EXAMPLES[task]] if is_sample else []
        return self._read(request, files, draft, owner, (task, *fields), progress)

    def read_as_chosen(
        self,
        request: gr.Request,
        draft: str,
        read_for: str,
        owner: str,
        task: str,
        *fields,
        progress=gr.Progress(),
    ) -> dict:
        """Read again if another task was chosen while the files were read."""
        if task == read_for:
            return gr.skip()
        return self.read_again(request, draft, owner, task, *fields, progress=progress)

    def start_run(
        self, request: gr.Request, draft: str, task: str, model: str, minutes: float, owner: str
    ) -> dict:
        """Start a run with the examples."""
        try:
            self.limits.admit(request)
            asked = _request(task, model, minutes)
            run = self.service.start(draft, asked, owner, self.limits.address(request))
        except MlmDemoError as error:
            return {self.started: "", self.refused: refusal(error, "")}
        return {
            self.started: run.id,
            self.refused: "",
            **self.emptied(),
        }

    def emptied(self) -> dict:
        """Return the form without files."""
        return {
            self.draft: "",
            self.report: EMPTY,
            self.start: gr.Button(interactive=False),
            self.clear: gr.Button(visible=False),
        }

    def remove_files(self, draft: str) -> dict:
        """Delete the draft, and say so."""
        names = ", ".join(self._names(draft))
        self.service.staging.forget(draft)
        said = f'<p role="status">Deleted: {escape(names)}.</p>' if names else ""
        return {**self.emptied(), self.report: said + EMPTY}

    def _read(
        self,
        request: gr.Request,
        files: Sequence[Path],
        draft: str,
        owner: str,
        fields: tuple,
        progress,
        *,
        take: bool = False,
    ) -> dict:
        """Read new files, or the draft without any, for the task, model and minutes in fields."""
        added = ""
        try:
            self.limits.admit(request)
            progress(None, desc="Reading")
            asked = _request(*fields)
            if files:
                added = self.service.staging.add(files, take=take, owner=owner)
            content = self.service.examples(added or draft, asked, lambda stage: progress(None, desc=stage))
        except MlmDemoError as error:
            if added:
                self.service.staging.forget(added)
            names = self._names(draft)
            return {
                self.files: None,
                self.read_for: fields[0],
                self.report: refusal(error, "") + kept_files(names),
                self.start: gr.Button(interactive=bool(names)),
                self.clear: gr.Button(visible=bool(names)),
            }
        if added and draft:
            self.service.staging.forget(draft)
        return {
            self.files: None,
            self.draft: added or draft,
            self.read_for: fields[0],
            self.report: examples_view(content) + first_examples(content["first"]),
            self.start: gr.Button(interactive=True),
            self.clear: gr.Button(visible=True),
        }

    def _names(self, draft: str) -> list[str]:
        """Return the names of a draft's files; none if a day has passed, or another window has deleted them."""
        with suppress(CorpusError):
            return self.service.staging.names(draft)
        return []

    # Wiring

    def wire(self, owner: gr.BrowserState) -> None:
        """Connect the widgets' events to the handlers."""
        fields = [self.task, self.model, self.minutes]
        reading = {
            "outputs": [self.files, self.read_for, *self.filled],
            "show_progress_on": self.report,
            "api_visibility": "private",
            "concurrency_id": "reading",
            "concurrency_limit": 2,
        }
        opened = [self.files, self.sample, self.clear]
        closed = [*opened, self.start]
        close_on([self.files.upload, self.sample.click], self.report, READING, closed)
        for read in (
            self.files.upload(self.read_upload, [self.files, self.draft, owner, *fields], **reading),
            self.sample.click(self.read_sample, [self.draft, owner, *fields], **reading),
        ):
            open_after(read, opened).then(
                self.read_as_chosen, [self.draft, self.read_for, owner, *fields], **reading
            )
        # A choice that is made while the files are read again counts too.
        self.task.input(self.read_again, [self.draft, owner, *fields], trigger_mode="always_last", **reading)
        self.clear.click(self.remove_files, self.draft, self.filled, **AT_ONCE)
        self.start.click(
            self.start_run,
            [self.draft, *fields, owner],
            [self.started, self.refused, *self.filled],
            **QUIET,
        ).success(None, self.started, js=javascript.SHOW_RUN, api_visibility="private")

    # Widgets

    def _draw_form(self) -> None:
        self.task = gr.Radio(TASKS, value=ANSWERS, label="Task", elem_id="teach-task")
        self.files = gr.File(file_count="multiple", label="Examples", height=120, elem_id="teach-files")
        with gr.Row():
            size = {"size": "md", "min_width": 140}
            self.sample = gr.Button("Use the sample", elem_id="teach-sample", **size)
            self.clear = gr.Button("Remove files", visible=False, elem_id="teach-clear", **size)
        gr.Markdown(ABOUT, elem_classes="quiet")
        models = offered(self.service.runs, "")
        self.model = gr.Dropdown(
            choices(models),
            label="Base model",
            info=f"One that you adapted here starts with what {BUILT_IN} knows of the task.",
            value=first_name(models),
            allow_custom_value=True,
            elem_id="teach-base",
        )
        limit = self.service.settings.max_run_minutes
        allowed = [(label, minutes) for label, minutes in PRESETS if minutes <= limit]
        allowed = allowed or [(f"{limit:g} minute{'s' * (limit != 1)}", limit)]
        self.minutes = gr.Radio(
            allowed,
            value=allowed[0][1],
            label="Training time",
            elem_id="teach-minutes",
        )
        self.start = gr.Button(
            "Teach", variant="primary", size="md", interactive=False, elem_id="teach-start"
        )
        self.refused = gr.HTML(padding=False, js_on_load=None, elem_id="teach-refused")


def _request(task: str, model: str, minutes: float) -> FinetuneRequest:
    return FinetuneRequest(FinetuneConfig(minutes=float(minutes)), task, model or "")
