"""The Adapt tab before a run starts: files, corpus report and settings. `run_tab.py` shows the run."""

from collections.abc import Sequence
from contextlib import suppress
from html import escape
from pathlib import Path
from typing import Any

import gradio as gr

from mlm_demo.corpus.formats import describe_formats
from mlm_demo.errors import CorpusError, MlmDemoError, MoreNeededError
from mlm_demo.runs.service import SAMPLE, RunService
from mlm_demo.runs.tasks.adapt import AdaptRequest
from mlm_demo.training.config import AdaptConfig
from mlm_demo.web import javascript
from mlm_demo.web.adapt.draft import REPLAY, adapt_request, read_files
from mlm_demo.web.adapt.file_list import CROSSES, file_list
from mlm_demo.web.adapt.report import report_view
from mlm_demo.web.event_options import AT_ONCE, QUIET
from mlm_demo.web.html import about_files
from mlm_demo.web.identity import browser_secret
from mlm_demo.web.messages import kept_files, refusal
from mlm_demo.web.model_choices import choices, offered
from mlm_demo.web.scratch.form import ScratchForm
from mlm_demo.web.server.rate_limits import RateLimits

PRESETS = [("1 minute", 1), ("5 minutes", 5), ("30 minutes", 30)]
ABOUT_FILES = (
    "PDF, Word, tables, plain text and many others, zipped too; the sample corpus is 681 paragraphs about beekeeping. "
    "Your text stays on {where}."
)
FORMATS = f"Files can be {describe_formats()}."
DELETION = (
    "Your files are deleted a day after the run is done, or when you remove them; those of a run that is stopped or "
    "fails are kept for Resume until you delete it. Without a run, they are deleted when you remove them, or else "
    "after a day. The result keeps up to 120 held-out sentences as exam questions."
)
HERE = "the machine that serves this page"
IN_CLUSTER = f"{HERE} and in the cluster that trains for it"
EMPTY = '<p class="empty">Add files or use the sample corpus. The corpus report appears before training starts.</p>'
READING = """() => '<p class="empty">Your text is being read; the report follows.</p>'"""


class AdaptForm:
    """The widgets of the form, and a handler for each event; a handler returns the widgets that change."""

    def __init__(self, service: RunService, limits: RateLimits):
        self.service, self.limits = service, limits
        self.missing = gr.HTML(padding=False, js_on_load=None, elem_id="run-missing")  # for a link to no run
        # In the browser, so that a reload finds the files again.
        self.draft = gr.BrowserState(
            "", storage_key="mlm_demo_draft", secret=browser_secret(service.settings), render=False
        )
        self.content = gr.State({})
        self.kept = gr.Textbox(visible="hidden")  # the draft that was here before a reload
        # Not a State: the browser makes the page's address from it.
        self.started = gr.Textbox(visible="hidden")
        with gr.Column(elem_id="adapt-setup") as self.group:
            with gr.Row(equal_height=False):
                with gr.Column(scale=2, min_width=320):
                    self._draw_corpus()
                with gr.Column(scale=3, min_width=320):
                    gr.Markdown("### 2 · Corpus report", elem_classes="step")
                    self.report = gr.HTML(
                        EMPTY, min_height=240, padding=False, js_on_load=None, elem_id="report"
                    )
                    self.column = gr.CheckboxGroup(
                        label="Columns to read instead",
                        info="Several are joined, in the order in which you tick them. Without a tick, the column is "
                        "chosen by its content.",
                        visible=False,
                        elem_id="column",
                    )
            gr.Markdown("### 3 · Settings", elem_classes="step")
            with gr.Row(equal_height=False):
                with gr.Column(scale=2, min_width=320):
                    self._draw_start()
                with (
                    gr.Column(scale=3, min_width=320),
                    gr.Accordion("Options", open=False, elem_id="adapt-more"),
                ):
                    self._draw_more()
            self.filled = [
                self.draft,
                self.content,
                self.listed,
                self.report,
                self.column,
                self.start,
                self.clear,
            ]
            self.scratch = ScratchForm(
                service, limits, started=self.started, filled=self.filled, emptied=self.emptied
            )
        self.fields = {
            "model": self.model, "minutes": self.minutes, "steps": self.steps, "rate": self.rate,
            "masked": self.masked, "whole": self.whole, "batch": self.batch, "block": self.block,
            "replay": self.replay, "column": self.column, "seed": self.seed, "near": self.near,
        }  # fmt: skip

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
        """Add uploaded files to the draft and report on them."""
        return self._read(request, files or [], draft, fields, take=True, owner=owner, progress=progress)

    def read_sample(
        self, request: gr.Request, draft: str, owner: str, *fields, progress=gr.Progress()
    ) -> dict:
        """Take the sample corpus in place of the draft and report on it."""
        return self._read(request, [str(SAMPLE)], draft, fields, take=False, owner=owner, progress=progress)

    def read_again(self, request: gr.Request, draft: str, *fields, progress=gr.Progress()) -> dict:
        """Report on the files again, for another base model or column."""
        if not draft:
            return gr.skip()
        return self._read(request, [], draft, fields, take=False, owner="", progress=progress)

    def find_draft(self, draft: str) -> dict:
        """Report on the draft that the browser remembers if its files are still here."""
        return {self.kept: draft} if self._files(draft or "") else gr.skip()

    def show_report(self, draft: str, content: dict, *fields) -> dict:
        """Update the verdict for the budget now chosen; Start refuses values that cannot be used."""
        if not content:
            return gr.skip()
        try:
            return {self.report: self._report(draft, content, self._request(fields))}
        except MlmDemoError:
            return gr.skip()

    def remove_file(self, draft: str, event: gr.EventData) -> dict:
        """Delete a file of the draft; the others are read again by the next event."""
        said = ""
        with suppress(CorpusError, TypeError, KeyError):  # removed in another window; not from the page
            said = f"Deleted: {self.service.staging.remove(draft, event._data['number'])}."
        if not (files := self._files(draft)):
            return {**self.emptied(), self.report: _status(said) + EMPTY}
        if not said:
            return gr.skip()
        said += " The other files are read again."
        return {self.content: {}, self.listed: file_list(files), self.report: _status(said)}

    def remove_files(self, draft: str) -> dict:
        """Delete the draft, and say so."""
        names = ", ".join(path.name for path in self._files(draft))
        self.service.staging.forget(draft)
        return {**self.emptied(), self.report: _status(f"Deleted: {names}." if names else "") + EMPTY}

    def start_run(self, request: gr.Request, draft: str, owner: str, *fields) -> dict:
        """Start a run with the draft and the settings, and clear the form for the next one."""
        try:
            self.limits.admit(request)
            run = self.service.start(draft, self._request(fields), owner, self.limits.address(request))
        except MlmDemoError as error:
            return {self.started: "", self.refused: refusal(error, "")}
        return {self.started: run.id, self.refused: self._price(), **self.emptied()}

    def show_launcher(self) -> str:
        """Say what a run costs the owner of the page, or why none could be started now."""
        try:
            self.service.queue.launcher.check()
        except MlmDemoError as error:  # without a pop-up, because it is not the visitor's doing
            return f'<p class="refusal" role="status" dir="auto">{escape(str(error))}</p>'
        return self._price()

    def _price(self) -> str:
        """Return what a run costs the owner of the page, as the launcher's check has just found it."""
        price = self.service.queue.launcher.price()
        return f'<p class="price">{escape(price)}</p>' if price else ""

    def _read(
        self,
        request: gr.Request,
        files: Sequence[str],
        draft: str,
        fields: tuple,
        *,
        take: bool,
        owner: str,
        progress,
    ) -> dict:
        def on_progress(stage: str) -> None:
            progress(None, desc=stage or "Reading")

        if files and not self._files(draft):  # what a browser remembers may be of another day
            draft = ""
        try:
            self.limits.admit(request)
            on_progress("Reading")
            chosen = self._request(fields)
            draft, content = read_files(
                self.service, files, draft, chosen, take=take, owner=owner, on_progress=on_progress
            )
        except MlmDemoError as error:
            names = [path.name for path in self._files(draft)]
            return {
                self.files: None,
                self.report: refusal(error, "") + kept_files(names),
                self.start: gr.Button(interactive=bool(names)),
            }
        lacking = isinstance(content, MoreNeededError)
        return {
            self.files: None,
            self.draft: draft,
            self.content: {} if lacking else content,
            self.report: refusal(content, "") + kept_files(self.service.staging.names(draft), "Your files")
            if lacking
            else self._report(draft, content, chosen),
            self.listed: file_list(self._files(draft), () if lacking else content["documents_by_file"]),
            **self._column_picker(content, fields),
            self.start: gr.Button(interactive=not lacking),
            self.clear: gr.Button(visible=True),
        }

    def _request(self, fields: tuple) -> AdaptRequest:
        return adapt_request(**dict(zip(self.fields, fields, strict=True)))

    def _report(self, draft: str, content: dict, chosen: AdaptRequest) -> str:
        return report_view(content, self.service.staging.names(draft), chosen.config)

    def _files(self, draft: str) -> list[Path]:
        """Return the files of the draft; none if a day has passed, or another window has deleted them."""
        with suppress(CorpusError):
            return self.service.staging.files(draft)
        return []

    def _column_picker(self, content: dict | MoreNeededError, fields: tuple) -> dict:
        """Return the boxes of the columns, unchanged if none are known; ticks stay where the column is still there."""
        if isinstance(content, MoreNeededError):
            columns = content.columns
            if not columns:
                return {}
        else:
            columns = list(dict.fromkeys(name for table in content["tables"] for name in table["columns"]))
        ticked = dict(zip(self.fields, fields, strict=True))["column"] or ()
        kept = [name for name in ticked if name in columns]
        # The value is left alone if it can be, because a person may have ticked another box meanwhile.
        value = {} if len(kept) == len(ticked) else {"value": kept}
        return {self.column: gr.CheckboxGroup(columns, visible=len(columns) > 1, **value)}

    def emptied(self) -> dict:
        """Return the form without files."""
        return {
            self.draft: "",
            self.content: {},
            self.report: EMPTY,
            self.listed: "",
            self.column: gr.CheckboxGroup(value=[], visible=False),
            self.start: gr.Button(interactive=False),
            self.clear: gr.Button(visible=False),
        }

    # Wiring

    def wire(self, page: gr.Blocks, owner: gr.BrowserState) -> None:
        """Connect the widgets' events to the handlers, outside the tabs, which Gradio draws when they are opened."""
        self.draft.render()  # the browser has its value before a tab is opened
        fields = list(self.fields.values())
        reading: dict[str, Any] = {
            "outputs": [self.files, *self.filled],
            "show_progress_on": self.report,
            "api_visibility": "private",
            "concurrency_id": "reading",
            "concurrency_limit": 2,
        }
        # While they are read, the report does not ask for files any more.
        gr.on(
            [self.files.upload, self.sample.click],
            None,
            None,
            self.report,
            js=READING,
            api_visibility="private",
        )
        page.load(self.find_draft, self.draft, self.kept, **AT_ONCE)
        self.kept.change(self.read_again, [self.draft, *fields], **reading)
        self.files.upload(self.read_upload, [self.files, self.draft, owner, *fields], **reading)
        self.sample.click(self.read_sample, [self.draft, owner, *fields], **reading)
        gr.on(
            [self.model.input, self.column.input, self.near.input],
            self.read_again,
            [self.draft, *fields],
            trigger_mode="always_last",  # a choice that is made while the files are read counts too
            **reading,
        )
        gr.on(
            # A budget that was changed while the files were read is that of the new report.
            [self.minutes.input, self.steps.input, self.batch.input, self.content.change],
            self.show_report,
            [self.draft, self.content, *fields],
            self.report,
            **AT_ONCE,
        )
        self.listed.select(
            self.remove_file, self.draft, self.filled, **{**AT_ONCE, "trigger_mode": "multiple"}
        ).then(self.read_again, [self.draft, *fields], trigger_mode="always_last", **reading)
        self.clear.click(self.remove_files, self.draft, self.filled, **AT_ONCE)
        self.scratch.wire(self.content, [self.draft, owner, self.column, self.near])
        self.start.click(
            self.start_run,
            [self.draft, owner, *fields],
            [self.started, self.refused, *self.filled],
            **QUIET,
        ).success(None, self.started, js=javascript.SHOW_RUN, api_visibility="private")

    # Widgets

    def _draw_corpus(self) -> None:
        gr.Markdown("### 1 · Corpus", elem_classes="step")
        self.files = gr.File(file_count="multiple", label="Your files", height=150, elem_id="files")
        self.listed = gr.HTML(padding=False, js_on_load=CROSSES, elem_id="draft-files")
        with gr.Row():
            size = {"size": "md", "min_width": 140}
            self.sample = gr.Button("Use the sample corpus", elem_id="sample", **size)
            self.clear = gr.Button("Remove files", visible=False, elem_id="clear", **size)
        where = HERE if self.service.trains_here else IN_CLUSTER
        folded = {"All formats": FORMATS, "When your files are deleted": DELETION}
        gr.HTML(about_files(ABOUT_FILES.format(where=where), folded.items()), padding=False, js_on_load=None)
        self.model = gr.Dropdown(
            choices(offered(self.service.runs, "")),
            label="Base model",
            value="general",
            allow_custom_value=True,
            elem_id="base",
        )

    def _draw_start(self) -> None:
        limit = self.service.settings.max_run_minutes
        self.minutes = gr.Radio(
            [(label, minutes) for label, minutes in PRESETS if minutes <= limit],
            value=1,
            label="Training time",
            info="Reading and evaluation take extra time. To set a number of steps instead, open Options.",
            elem_id="minutes",
        )
        self.start = gr.Button("Start", variant="primary", size="md", interactive=False, elem_id="start")
        self.refused = gr.HTML(padding=False, js_on_load=None, elem_id="start-refused")

    def _draw_more(self) -> None:
        with gr.Row():
            self.steps = _number(
                0, "Steps", "If above 0, train for this many steps instead of a time.", "steps"
            )
            self.rate = _number(
                AdaptConfig.learning_rate,
                "Learning rate",
                "The peak, after a linear warm-up; it then falls to a third of it.",
                "rate",
            )
            self.masked = _number(
                AdaptConfig.mlm_probability * 100,
                "Masked tokens, %",
                "Share of tokens to predict; in the last fifth of the training, 15 at most.",
                "masked",
            )
        with gr.Row():
            self.batch = _number(AdaptConfig.batch_size, "Batch size", "Blocks per step.", "batch")
            self.block = _number(AdaptConfig.block_size, "Block size", "Tokens per block.", "block")
            self.seed = _number(
                AdaptConfig.seed, "Seed", "Decides which text is held out and masked.", "seed"
            )
        self.whole = gr.Checkbox(
            label="Whole-word masking",
            info="Mask all tokens of a word together: harder, and closer to what the word means.",
            elem_id="whole",
        )
        self.replay = gr.Checkbox(
            label=f"Replay general text, {REPLAY:.0%}",
            info="Mixed into your text, so that the model forgets less general English.",
            elem_id="replay",
        )
        self.near = gr.Checkbox(
            label="Keep near duplicates",
            info="Paragraphs that are nearly the same as earlier ones.",
            elem_id="near",
        )


def _status(said: str) -> str:
    return f'<p role="status">{escape(said)}</p>' if said else ""


def _number(value: float, label: str, info: str, elem_id: str) -> gr.Number:
    return gr.Number(value, label=label, info=info, precision=None, min_width=140, elem_id=elem_id)
