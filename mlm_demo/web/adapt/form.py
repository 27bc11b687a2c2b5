"""The Adapt tab before a run starts: handlers on top, wiring below; `form_widgets.py` draws its fields."""

from collections.abc import Sequence
from contextlib import suppress
from html import escape
from pathlib import Path
from typing import Any

import gradio as gr

from mlm_demo.errors import CorpusError, MlmDemoError, MoreNeededError
from mlm_demo.runs.service import SAMPLE, RunService
from mlm_demo.runs.tasks.adapt import AdaptRequest
from mlm_demo.web import javascript
from mlm_demo.web.adapt.draft import adapt_request, read_files
from mlm_demo.web.adapt.file_list import file_list
from mlm_demo.web.adapt.form_widgets import FormWidgets
from mlm_demo.web.adapt.report import report_view
from mlm_demo.web.closed_form import close_on, open_after
from mlm_demo.web.event_options import AT_ONCE, QUIET
from mlm_demo.web.identity import browser_secret
from mlm_demo.web.messages import kept_files, refusal
from mlm_demo.web.scratch.form import ScratchForm
from mlm_demo.web.server.rate_limits import RateLimits

EMPTY = '<p class="empty">Add files or use the sample corpus. The corpus report appears before training starts.</p>'
READING = "Your text is being read; the report follows."


class AdaptForm(FormWidgets):
    """The widgets of the form, and a handler for each event; a handler returns the widgets that change."""

    def __init__(self, service: RunService, limits: RateLimits):
        self.service, self.limits = service, limits
        self.missing = gr.HTML(padding=False, js_on_load=None, elem_id="run-missing")  # for a link to no run
        # In the browser, so that a reload finds the files again.
        self.draft = gr.BrowserState(
            "", storage_key="mlm_demo_draft", secret=browser_secret(service.settings), render=False
        )
        self.content = gr.State({})
        self.read_as = gr.State(())  # the choices that the report was made with
        self.kept = gr.Textbox(visible="hidden")  # the draft that was here before a reload
        # Not a State: the browser makes the page's address from it.
        self.started = gr.Textbox(visible="hidden")
        with gr.Column(elem_id="adapt-setup") as self.group:
            with gr.Row(equal_height=False):
                with gr.Column(scale=2, min_width=320):
                    self.draw_corpus()
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
                    self.draw_start()
                with (
                    gr.Column(scale=3, min_width=320),
                    gr.Accordion("Options", open=False, elem_id="adapt-more"),
                ):
                    self.draw_more()
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

    def read_as_chosen(
        self, request: gr.Request, draft: str, read_as: tuple, *fields, progress=gr.Progress()
    ) -> dict:
        """Report again if another base model or column was chosen while the files were read."""
        if tuple(read_as) == self._read_by(fields):
            return gr.skip()
        return self.read_again(request, draft, *fields, progress=progress)

    def find_draft(self, draft: str) -> dict:
        """Report on the draft that the browser remembers if its files are still here."""
        return {self.kept: draft} if self._files(draft or "") else gr.skip()

    def show_report(self, draft: str, content: dict, *fields) -> dict:
        """Update the verdict for the budget now chosen; Start refuses values that cannot be used."""
        if not content:
            return gr.skip()
        try:
            names, chosen = self.service.staging.names(draft), self._request(fields)
            return {self.report: report_view(content, names, chosen.config)}
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

        was_here = bool(self._files(draft))
        if files and not was_here:  # what a browser remembers may be of another day
            draft = ""
        try:
            self.limits.admit(request)
            on_progress("Reading")
            chosen = self._request(fields)
            draft, content = read_files(
                self.service, files, draft, chosen, take=take, owner=owner, on_progress=on_progress
            )
            names = self.service.staging.names(draft)
        except MlmDemoError as error:
            names = [path.name for path in self._files(draft)]
            if not files and was_here and not names:
                return gr.skip()  # another event has taken its place and shows its own report
            return {
                self.files: None,
                self.read_as: self._read_by(fields),
                self.report: refusal(error, "") + kept_files(names),
                self.start: gr.Button(interactive=bool(names)),
            }
        lacking = isinstance(content, MoreNeededError)
        return {
            self.files: None,
            self.draft: draft,
            self.content: {} if lacking else content,
            self.read_as: self._read_by(fields),
            self.report: refusal(content, "") + kept_files(names, "Your files")
            if lacking
            else report_view(content, names, chosen.config),
            self.listed: file_list(self._files(draft), () if lacking else content["documents_by_file"]),
            **self._column_picker(content, fields),
            self.start: gr.Button(interactive=not lacking),
            self.clear: gr.Button(visible=True),
        }

    def _request(self, fields: tuple) -> AdaptRequest:
        return adapt_request(**self._values(fields))

    def _values(self, fields: tuple) -> dict[str, Any]:
        return dict(zip(self.fields, fields, strict=True))

    def _read_by(self, fields: tuple) -> tuple:
        """Return the choices that a report depends on, of those that read the files again."""
        values = self._values(fields)
        return values["model"], tuple(values["column"] or ()), bool(values["near"])

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
        ticked = self._values(fields)["column"] or ()
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
            "outputs": [self.files, self.read_as, *self.filled],
            "show_progress_on": self.report,
            "api_visibility": "private",
            "concurrency_id": "reading",
            "concurrency_limit": 2,
        }
        page.load(self.find_draft, self.draft, self.kept, **AT_ONCE)
        self.kept.change(self.read_again, [self.draft, *fields], **reading)
        opened = [self.files, self.sample, self.clear]
        closed = [*opened, self.start, self.scratch.start]
        close_on([self.files.upload, self.sample.click], self.report, READING, closed)
        for read in (
            self.files.upload(self.read_upload, [self.files, self.draft, owner, *fields], **reading),
            self.sample.click(self.read_sample, [self.draft, owner, *fields], **reading),
        ):
            open_after(read, opened).then(
                self.scratch.allow_start, self.content, self.scratch.start, **AT_ONCE
            ).then(self.read_as_chosen, [self.draft, self.read_as, *fields], **reading)
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


def _status(said: str) -> str:
    return f'<p role="status">{escape(said)}</p>' if said else ""
