"""The 'Extract' tab: handlers on top, wiring below; `widgets.py` draws it."""

from contextlib import suppress
from dataclasses import replace

import gradio as gr

from mlm_demo.corpus.papers import Paper
from mlm_demo.errors import CorpusError, LimitError, MlmDemoError, ModelError, ParameterError
from mlm_demo.inference.engine import Engine
from mlm_demo.inference.extract.extraction import Extraction
from mlm_demo.inference.extract.questions import check_questions
from mlm_demo.runs.run import Run
from mlm_demo.runs.service import RunService
from mlm_demo.runs.tasks.extract import ExtractRequest, extraction_of
from mlm_demo.web import javascript
from mlm_demo.web.api import check_amount
from mlm_demo.web.closed_form import close_on, open_after
from mlm_demo.web.event_options import AT_ONCE, EXTRACTING, QUIET
from mlm_demo.web.extract import javascript as extract_javascript
from mlm_demo.web.extract.background import asked_of, start, takes_long
from mlm_demo.web.extract.extractors import choices, first_name, none_here, offered
from mlm_demo.web.extract.links import Asked, lines, read_link, write_link
from mlm_demo.web.extract.opened_paper import opened_paper
from mlm_demo.web.extract.papers import examples, papers_view, read_files, sample
from mlm_demo.web.extract.table import cell_of, cells, table
from mlm_demo.web.extract.threshold import FIRST_MEANING, FIRST_RANGE, meaning, score_range
from mlm_demo.web.extract.verdicts import (
    Verdicts,
    answers_csv,
    count_sentence,
    evidence_csv,
    judge,
    table_csv,
    table_lines,
)
from mlm_demo.web.extract.widgets import NOTHING_YET, ExtractWidgets
from mlm_demo.web.fill.links import page_address
from mlm_demo.web.identity import owner_of
from mlm_demo.web.messages import notices, refusal, reporter
from mlm_demo.web.score.cancel import CancelableWork, Canceled
from mlm_demo.web.server.rate_limits import RateLimits
from mlm_demo.web.server.uploads import delete_uploads

ASK_THEM = '<p class="empty">Press an example, or write a question and press Extract.</p>'
SHOWN_DIGITS = 2  # of the threshold beside the slider


class ExtractTab(ExtractWidgets):
    """A handler returns its outputs by name, `{component: value}`; what it does not name stays as it is."""

    def __init__(self, engine: Engine, service: RunService, limits: RateLimits):
        self.engine, self.service, self.limits, self.work = engine, service, limits, CancelableWork()
        self.example_questions = examples()

    # Handlers

    def read_upload(
        self,
        files: list[str] | None,
        papers: list[Paper],
        sampled: bool,
        verdicts: Verdicts,
        request: gr.Request,
        progress=gr.Progress(),
    ) -> dict:
        """Add uploaded files to the papers; the sample makes room for them."""
        before = [] if sampled else papers
        try:
            self.limits.admit(request)
            progress(None, desc="Reading")
            found, noted = read_files(
                self.service, files or [], before, lambda stage: progress(None, desc=stage or "Reading")
            )
        except MlmDemoError as error:
            return {self.files: None, self.about: refusal(error, "") + papers_view(papers)}
        finally:
            delete_uploads(files or [])
        return {self.files: None, **self.show_papers(found, noted, verdicts, request, sampled=False)}

    def read_sample(self, verdicts: Verdicts, request: gr.Request) -> dict:
        """Take the sample in place of the papers."""
        try:
            return self.show_papers(list(sample()), [], verdicts, request, sampled=True)
        except CorpusError as error:
            return {self.about: refusal(error, "")}

    def remove_papers(self, request: gr.Request | None) -> dict:
        """Forget the papers and all that was made of them, as when the page opens; the questions stay."""
        return {
            **self.show_papers([], [], {}, request, sampled=False),
            self.threshold: gr.Slider(*FIRST_RANGE, 0.0),
            self.meaning: FIRST_MEANING,
            self.chosen: {},
            self.verdicts: {},
            self.judged: gr.Row(visible=False),
            self.link: "",
        }

    def emptied(self) -> dict:
        """Return the tab without papers and questions, as the page opens."""
        return {**self.remove_papers(None), self.questions: ""}

    def choose_example(
        self, index: int, papers: list[Paper], verdicts: Verdicts, request: gr.Request
    ) -> dict:
        """Ask an example, of the sample if there are no papers yet."""
        return {
            self.questions: self.example_questions[index],
            **({} if papers else self.read_sample(verdicts, request)),
        }

    def extract(
        self,
        questions: str,
        model: str,
        chosen: dict[str, float],
        papers: list[Paper],
        before: Extraction | None,
        verdicts: Verdicts,
        owner: str,
        request: gr.Request,
        progress=gr.Progress(),
    ) -> dict:
        """Ask the questions of the papers, in the background if that takes long; show an error above the table before.

        chosen: the thresholds that the person has set, by model; others keep the one they were calibrated to.
        """
        try:
            self.limits.admit(request)
            asked = lines(questions)
            if not papers:
                raise ParameterError("There are no papers; add files, or use the sample.")
            if not model:
                raise ModelError(none_here(self.engine.settings))
            settings = self.engine.settings
            if takes_long(papers, asked, settings):
                check_amount([], check_questions(asked), settings)
                task = ExtractRequest(tuple(asked), model, chosen.get(model))
                return start(self.background, papers, task, owner, self.limits.address(request))
            check_amount(papers, asked, settings)
            self.work.cancel(request)  # an earlier question's answer would come in place of this one's
            with self.work.reporting(request, reporter(progress)) as on_progress:
                found = self.engine.extract(papers, asked, model, on_progress=on_progress)
        except Canceled:
            return gr.skip()
        except MlmDemoError as error:
            return {self.results: refusal(error, table(before, verdicts) if before else "")}
        return {
            **self.background.forget(),
            **self.show_found(found, chosen.get(model, found.threshold), verdicts),
        }

    def show_found(
        self, found: Extraction, threshold: float | None = None, verdicts: Verdicts | None = None
    ) -> dict:
        """Show a table, decided by a threshold or by the one that its model was calibrated to.

        verdicts: None leaves those that are there.
        """
        calibrated = found.threshold
        found = found if threshold is None else found.at(threshold)
        return {
            self.calibrated: calibrated,
            self.threshold: gr.Slider(*score_range(found), round(found.threshold, SHOWN_DIGITS)),
            self.out: gr.Row(visible=True),
            **self._show(found, calibrated, verdicts),
        }

    def show_run(self, run: Run) -> dict:
        """Show the table of a run as far as it is known."""
        found = extraction_of(run)
        return self.show_found(found, asked_of(run).threshold) if found else {}

    def without_table(self) -> dict:
        """Return what belongs to a table as it is without one."""
        return {
            self.extraction: None,
            self.out: gr.Row(visible=False),
            self.link: "",
            self.copied: "",
            self.paper: "",
        }

    def decide(
        self,
        threshold: float | None,
        model: str,
        chosen: dict[str, float],
        extraction: Extraction | None,
        calibrated: float,
        verdicts: Verdicts,
    ) -> dict:
        """Decide by another threshold which papers answer; no model is asked."""
        if threshold is None:
            return {self.chosen: chosen}
        name = extraction.model["name"] if extraction else model
        updates = {self.chosen: {**chosen, name: float(threshold)}}
        if extraction is None:
            return updates
        return {**updates, **self._show(extraction.at(float(threshold)), calibrated, verdicts)}

    def open_paper(self, extraction: Extraction | None, request: gr.Request, event: gr.EventData) -> dict:
        """Open the paper of a row or cell, and judge its other sentences, which the table did not need."""
        cell = cell_of(extraction, event._data)
        if cell is None:
            return {self.paper: gr.skip()}
        # The model may have been deleted, or the visitor asks too often: then what the table knows is shown.
        with suppress(ModelError, LimitError):
            self.limits.admit(request)
            finding = self.engine.judge_all(cell.finding, extraction.model["name"])
            (cell,) = cells(replace(extraction, findings=(finding,)))
        return {self.paper: opened_paper(cell)}

    def judge(self, extraction: Extraction | None, verdicts: Verdicts, event: gr.EventData) -> dict:
        """Note a verdict, which the browser shows already."""
        cell = cell_of(extraction, event._data)
        if cell is None:
            return {self.verdicts: gr.skip()}
        judge(verdicts, cell.finding, cell.row, str(event._data.get("verdict", "")))
        return {
            self.verdicts: verdicts,
            self.counted: count_sentence(verdicts, extraction),
            self.judged: gr.Row(visible=bool(verdicts)),
        }

    def open_link(self, owner: str, request: gr.Request, profile: gr.OAuthProfile | None) -> dict:
        """Offer the models, and fill in the form from the page's link, or show a run in the background."""
        owner = owner_of(owner, profile, self.engine.settings)
        found, wanted = read_link(dict(request.query_params)), request.query_params.get("run", "")
        if wanted and self.background.has(wanted):
            return {**self._open_run(wanted, owner), self.tabs: gr.Tabs(selected="extract")}
        if found is None:
            active = "" if wanted else self.background.active(owner)
            return self._open_run(active, owner) if active else self._form(Asked(), owner)
        asked, noted = found
        hint = '<p class="empty">The link holds the questions. Add papers, or use the sample, and press Extract.</p>'
        return {
            **self._form(asked, owner),
            self.link: page_address() + write_link(asked),
            self.results: notices(noted) + hint,
            self.tabs: gr.Tabs(selected="extract"),
        }

    def _open_run(self, id: str, owner: str) -> dict:
        """Show a run, to its owner with the form as it was asked."""
        shown = self.background.look(id, owner)
        asked = asked_of(self.service.runs.find(id)) if shown[self.background.run] else Asked()
        return {**self._form(asked, owner), **shown}

    def _form(self, asked: Asked, owner: str) -> dict:
        """Offer the models, and fill in what was asked."""
        models = offered(self.service.runs, owner, asked.model)
        model = asked.model or first_name(models)
        form = {self.model: gr.Dropdown(choices(models), value=model)}
        if asked.questions:
            form[self.questions] = asked.questions
        if asked.threshold is not None:
            form[self.chosen] = {model or "": asked.threshold}
            low, high = min(FIRST_RANGE[0], asked.threshold), max(FIRST_RANGE[1], asked.threshold)
            form[self.threshold] = gr.Slider(low, high, asked.threshold)
        return form

    def _show(self, found: Extraction, calibrated: float, verdicts: Verdicts | None) -> dict:
        threshold = None if found.threshold == calibrated else found.threshold
        asked = Asked("\n".join(found.questions), found.model["name"], threshold)
        counted = {} if verdicts is None else {self.counted: count_sentence(verdicts, found)}
        return {
            **counted,
            self.extraction: found,
            self.meaning: meaning(found, calibrated),
            self.results: notices(list(found.notes)) + table(found, verdicts or {}),
            self.link: page_address() + write_link(asked),
            self.copied: "",
        }

    def show_papers(
        self,
        papers: list[Paper],
        noted: list[str],
        verdicts: Verdicts,
        request: gr.Request | None,
        *,
        sampled: bool,
    ) -> dict:
        """Take these papers in place of those that are there; noted: how they were read.

        A table is gone then, also one that is still made: it would be of other papers. Verdicts stay, because they are
        examples by themselves.
        """
        self.work.cancel(request)
        return {
            **self.background.forget(),
            self.extraction: None,
            self.results: ASK_THEM if papers else NOTHING_YET,
            self.out: gr.Row(visible=False),
            self.copied: "",
            self.paper: "",
            self.counted: count_sentence(verdicts, None),
            self.papers: papers,
            self.sampled: sampled,
            self.about: papers_view(papers, noted),
            self.clear: gr.Button(visible=bool(papers)),
        }

    def build(self, page: gr.Blocks, owner: gr.BrowserState, tabs: gr.Tabs) -> "ExtractTab":
        """Draw the tab and wire it, within the page."""
        self.tabs = tabs
        self.draw()
        self._wire(page, owner)
        return self

    # Wiring

    def _wire(self, page: gr.Blocks, owner: gr.BrowserState) -> None:
        self.of_papers = [
            *(self.papers, self.sampled, self.about, self.clear, self.extraction, self.results, self.out),
            *(self.copied, self.paper, self.counted, *self.background.widgets),
        ]
        self.filled = [
            *self.of_papers,
            *(self.threshold, self.meaning, self.chosen, self.verdicts, self.judged),
            *(self.link, self.questions),
        ]
        shown = [
            *(self.extraction, self.threshold, self.meaning, self.results, self.link),
            *(self.copied, self.counted),
        ]
        found = [*shown, self.calibrated, self.out, self.paper]
        self.background.wire(owner, found)
        form = [self.questions, self.model, self.chosen]
        extracting = {
            "fn": self.extract,
            "inputs": [*form, self.papers, self.extraction, self.verdicts, owner],
            "outputs": [*found, *self.background.widgets],
            "show_progress_on": self.results,
            "api_visibility": "private",
            **EXTRACTING,
        }
        by_button = self.run.click(**extracting)
        by_example = self.examples.click(
            self.choose_example,
            [self.examples, self.papers, self.verdicts],
            [self.questions, *self.of_papers],
            **QUIET,
            trigger_mode="always_last",
        ).then(**extracting)
        for event in (by_button, by_example):
            event.success(  # not once it has given way
                None, js=extract_javascript.SHOW_RESULTS, api_visibility="private"
            )
        gives_way = {"cancels": [by_button, by_example]}
        form = [self.files, self.sample, self.clear, self.run]
        close_on([self.files.upload], self.about, "Your papers are being read.", form)
        reading = self.files.upload(
            self.read_upload,
            [self.files, self.papers, self.sampled, self.verdicts],
            [self.files, *self.of_papers],
            show_progress_on=self.about,
            api_visibility="private",
            concurrency_id="reading",
            concurrency_limit=2,
        )
        open_after(reading, form)
        self.sample.click(self.read_sample, self.verdicts, self.of_papers, **gives_way, **QUIET)
        self.clear.click(self.remove_papers, None, self.filled, **gives_way, **AT_ONCE)
        self.threshold.input(
            self.decide,
            [self.threshold, self.model, self.chosen, self.extraction, self.calibrated, self.verdicts],
            [*(each for each in shown if each is not self.threshold), self.chosen],
            js=javascript.within_range("extract-threshold"),
            trigger_mode="always_last",
            **AT_ONCE,
        )
        judged = [self.extraction, self.verdicts]
        opening = {**QUIET, **EXTRACTING, "trigger_mode": "multiple"}
        self.results.select(self.open_paper, self.extraction, self.paper, **opening)
        self.results.like(
            self.judge,
            judged,
            [self.verdicts, self.counted, self.judged],
            trigger_mode="multiple",
            **AT_ONCE,
        )
        for button, write, inputs, name, kind in (
            (self.csv_down, table_csv, judged, "extraction.csv", "text/csv"),
            (self.lines_down, table_lines, judged, "extraction.jsonl", "application/jsonl"),
            (self.evidence_down, evidence_csv, self.verdicts, "evidence.csv", "text/csv"),
            (self.answers_down, answers_csv, self.verdicts, "answers.csv", "text/csv"),
        ):
            button.click(write, inputs, self.download, **AT_ONCE).then(
                None, self.download, js=javascript.download(name, kind), api_visibility="private"
            )
        self.copied_link.wire(self.copy, self.link)
        page.load(
            self.open_link,
            owner,
            [self.model, self.questions, self.chosen, self.tabs, *found, *self.background.widgets],
            **AT_ONCE,
        )
