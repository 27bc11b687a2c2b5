"""The 'Fill mask' tab: handlers on top, widgets and wiring below; `answer.py` turns questions into answers."""

from dataclasses import fields, replace

import gradio as gr

from mlm_demo.errors import LimitError, MlmDemoError
from mlm_demo.inference.engine import Engine
from mlm_demo.models.catalogue import KNOWN_MODELS
from mlm_demo.runs.store import RunStore
from mlm_demo.web import javascript
from mlm_demo.web.event_options import ASKING, AT_ONCE
from mlm_demo.web.fill.answer import (
    NOT_LOADED,
    PAUSES,
    VIEWS,
    Shown,
    ask,
    draw,
    first_answer,
    keep,
    link_of,
    typed_answer_json,
    without_answer,
)
from mlm_demo.web.fill.form_from_link import form_from_link
from mlm_demo.web.fill.links import MAX_COMPARED, Question
from mlm_demo.web.fill.model_offer import ModelOffer
from mlm_demo.web.messages import refusal, reporter
from mlm_demo.web.model_choices import choices, is_here, offered, short_choices
from mlm_demo.web.server.rate_limits import RateLimits

# The two built-in models predict different words here; a test checks it.
GENERAL_EXAMPLES = (
    "She poured the hot <mask> into a cup.",
    "The king sat on his <mask>.",
    "The operation was a military <mask>.",
)
BIOMEDICAL_EXAMPLES = (
    "The patient was treated with intravenous <mask>.",
    "He was admitted to the <mask> after the accident.",
    "Mutations in this <mask> cause the disease.",
)
FORM = ("sentence", "model", "compare", "top_k", "targets", "joint", "precision")


class FillTab:
    """The tab. Other tabs use its `sentence`, `model` and `compare`, and ask with `fill` and the options `asks`.

    A handler returns its outputs by name, `{component: value}`; outputs that it does not name stay as they are.
    """

    def __init__(self, engine: Engine, runs: RunStore, limits: RateLimits):
        self.engine, self.runs, self.limits = engine, runs, limits
        self.first = Question(model=engine.default_model().name)

    def answer_now(
        self, text, model, compare, top_k, targets, joint, precision, view, link, kept, request: gr.Request
    ) -> dict:
        """Answer without Gradio's queue, which takes longer than an answer; use it only if a model has to be loaded."""
        try:
            self.limits.admit(request)
            question = question_of(text, model, compare, top_k, targets, joint, precision)
            if shown := ask(self.engine, question, view, load=False):
                return self._show(shown, kept)
        except MlmDemoError as error:
            return self._refuse(error, link, kept, view)
        return {self.queued: self.limits.ticket()}

    def fill(
        self,
        text,
        model,
        compare,
        top_k,
        targets,
        joint,
        precision,
        view,
        link,
        kept,
        owner,
        ticket,
        request: gr.Request,
        progress=gr.Progress(),
    ) -> dict:
        """Answer through the queue, with the progress of loading or downloading a model.

        ticket: from `answer_now`, which has counted this question already.
        """
        try:
            self.limits.admit(request, ticket)
            question = question_of(text, model, compare, top_k, targets, joint, precision)
            downloads = not self._are_here(question.models)
            shown = ask(self.engine, question, view, reporter(progress))
        except MlmDemoError as error:
            return self._refuse(error, link, kept, view)
        updates = self._show(shown, kept)
        if downloads:  # the pickers show which models are downloaded
            models = offered(self.runs, owner, question.models)
            updates |= {
                self.model: gr.Dropdown(choices(models)),
                self.compare: gr.Dropdown(short_choices(models)),
            }
        return updates

    def answer_chosen(
        self, text, model, compare, top_k, targets, joint, precision, view, link, kept, request: gr.Request
    ) -> dict:
        """Answer when a model or an option is chosen; a download waits for Enter or Fill."""
        if not self._are_here([model, *(compare or ())]):
            return {self.waiting: NOT_LOADED}
        return self.answer_now(
            text, model, compare, top_k, targets, joint, precision, view, link, kept, request
        )

    def answer_typed(
        self,
        follow,
        text,
        model,
        compare,
        top_k,
        targets,
        joint,
        precision,
        view,
        link,
        kept,
        request: gr.Request,
    ) -> dict:
        """Answer at a pause in typing, unless the sentence is unfinished or its answer is shown already."""
        try:
            question = question_of(text, model, compare, top_k, targets, joint, precision)
            if not follow or link_of(question) == link:
                return {self.typed_answer: gr.skip()}
            self.limits.admit(request)
            shown = ask(self.engine, question, view, load=False)
        except MlmDemoError:
            return {self.typed_answer: gr.skip()}
        return (
            {self.typed_answer: typed_answer_json(shown), self.answers: keep(kept, shown)}
            if shown
            else {self.waiting: NOT_LOADED}
        )

    def open_form(self, owner, request: gr.Request) -> dict:
        """Fill in the form from the page's link."""
        updates = form_from_link(self.engine, self.runs, dict(request.query_params), owner, self.first)
        return {getattr(self, name): update for name, update in updates.items()}

    def open_page(self, view, kept, request: gr.Request) -> dict:
        """Answer the page's link."""
        try:
            self.limits.admit(request)
            shown = first_answer(self.engine, dict(request.query_params), view)
        except LimitError as error:
            shown = without_answer(refusal(error, ""))
        return self._show(shown, kept)

    def redraw(self, kept, link, view) -> dict:
        """Show the answer as a chart or as tables."""
        return {self.results: draw(kept[link], view) if link in kept else gr.skip()}

    def _show(self, shown: Shown, kept: dict) -> dict:
        values = vars(replace(shown, answers=keep(kept, shown)))
        return {getattr(self, name): value for name, value in values.items()}

    def _refuse(self, error: MlmDemoError, link: str, kept: dict, view: str) -> dict:
        return {self.results: refusal(error, draw(kept.get(link, []), view))}

    def _are_here(self, models: list[str]) -> bool:
        return all(is_here(name, self.engine.catalogue) for name in models)

    def build(self, page: gr.Blocks, owner: gr.BrowserState) -> "FillTab":
        """Draw the tab and wire it, within the page."""
        with gr.Row(equal_height=False):
            with gr.Column(scale=2, min_width=320):
                self._draw_form()
            with gr.Column(scale=3, min_width=320):
                self._draw_results()
        with gr.Row():
            self.examples = [
                (sentences, self._draw_examples(label, sentences))
                for label, sentences in (
                    ("Examples, general", GENERAL_EXAMPLES),
                    ("Examples, biomedical", BIOMEDICAL_EXAMPLES),
                )
            ]
        self._draw_hidden()
        self._wire(page, owner)
        return self

    def _draw_form(self) -> None:
        self.sentence = gr.Textbox(
            self.first.text,
            label="Sentence",
            info="Put <mask> where you want a word predicted. Press Enter to fill it.",
            placeholder=self.first.text,
            lines=1,
            max_lines=8,
            elem_id="sentence",
            html_attributes=gr.InputHTMLAttributes(spellcheck=False),
        )
        self.follow = gr.Checkbox(
            True,
            label="Predict as I type",
            info="Predict at each pause in your typing, once the model is loaded.",
            elem_id="follow",
        )
        with gr.Row():
            self.insert = gr.Button("Insert mask", size="md", elem_id="insert", min_width=120)
            self.run = gr.Button("Fill", variant="primary", size="md", elem_id="fill", min_width=120)
        folder = ", or a folder" if self.engine.settings.folders else ""
        self.model = gr.Dropdown(
            choices(KNOWN_MODELS),
            value=self.first.model,
            label="Model",
            info=f"Or type the id of a model on the Hub{folder}.",
            allow_custom_value=True,
            elem_id="model",
        )
        self.compare = gr.Dropdown(
            short_choices(KNOWN_MODELS),
            value=list(self.first.compare),
            label="Compare with",
            info=f"Up to {MAX_COMPARED} more models on the same sentence.",
            multiselect=True,
            max_choices=MAX_COMPARED,
            allow_custom_value=True,
            elem_id="compare",
        )
        self.offer = ModelOffer(self.engine, self.runs, self.limits, self.model, self.first.model)
        with gr.Accordion("More", open=False, elem_id="more") as self.more:
            self.top_k = gr.Number(self.first.top_k, label="Number of words (top-k)", elem_id="top-k")
            self.targets = gr.Textbox(
                self.first.targets,
                label="Targets",
                info="Rank only these words: one a line, or separated by commas.",
                placeholder="capital, city, heart",
                elem_id="targets",
            )
            self.joint = gr.Checkbox(
                self.first.joint,
                label="Fill several masks jointly",
                info="Beam search over the joint probability, 20 wide, from left to right.",
                elem_id="joint",
            )
            self.precision = gr.Radio(
                [("Automatic", "auto"), ("Exact", "exact"), ("Fast (int8)", "int8")],
                value=self.first.precision,
                label="Precision",
                info="Fast computes in 8 and 16 bits; its probabilities differ by 0.01 or 0.02 at most. Automatic uses "
                "it on a CPU if you want only the most probable words.",
                elem_id="precision",
            )

    def _draw_results(self) -> None:
        self.view = gr.Radio(
            VIEWS, value=VIEWS[0], show_label=False, container=False, label="View", elem_id="view"
        )
        self.answer_for = gr.HTML(padding=False, js_on_load=None, elem_id="answer-for")
        self.results = gr.HTML(js_on_load=None, elem_id="results")
        with gr.Row(elem_id="answer-buttons"):
            self.copy = gr.Button("Copy link", size="sm", min_width=90, elem_id="copy-link")
            self.json_down = gr.Button("Download JSON", size="sm", min_width=90, elem_id="download-json")
            self.csv_down = gr.Button("Download CSV", size="sm", min_width=90, elem_id="download-csv")
        self.copied = gr.Textbox(
            label="Link to the answer shown", placeholder=" ", interactive=False, elem_id="link"
        )
        with gr.Accordion("Show code", open=False, elem_id="code"):
            plain = {"interactive": False, "wrap_lines": True, "lines": 1}
            self.python = gr.Code(label="Python, with transformers", language="python", **plain)
            self.shell = gr.Code(label="Shell, with this project", language="shell", **plain)

    def _draw_examples(self, label: str, sentences: tuple[str, ...]) -> gr.Dataset:
        samples = [[sentence] for sentence in sentences]
        return gr.Dataset(label=label, components=[self.sentence], samples=samples, type="index")

    def _draw_hidden(self) -> None:
        self.answers = gr.State({})  # by the link of their question
        # For the copy and download buttons in the browser; stored nowhere.
        self.link, self.json, self.csv = (gr.Textbox(visible="hidden") for _ in range(3))
        self.queued = gr.Textbox(visible="hidden")  # changes when a question needs the queue
        self.typed = gr.Textbox(visible="hidden")  # changes when the typing pauses
        self.typed_answer = gr.Textbox(
            visible="hidden"
        )  # an answer to typed text; the browser shows or drops it
        self.pause = gr.Number(PAUSES[0], visible="hidden")
        self.waiting = gr.Textbox(visible="hidden")

    def _wire(self, page: gr.Blocks, owner: gr.BrowserState) -> None:
        form = [getattr(self, name) for name in FORM]
        shown = [getattr(self, field.name) for field in fields(Shown)]
        in_browser = [component for component in shown if component is not self.answers]
        question = [*form, self.view, self.link, self.answers]
        at_once = {"inputs": question, "outputs": [*shown, self.queued], **AT_ONCE}
        gr.on(
            [self.run.click, self.sentence.submit, self.targets.submit, self.top_k.submit],
            self.answer_now,
            **at_once,
        )
        gr.on(
            [self.model.input, self.compare.input, self.joint.input, self.precision.input],
            self.answer_chosen,
            **at_once,
        )
        self.asks = {
            "inputs": [*question, owner, self.queued],
            "outputs": [*shown, self.model, self.compare],
            "show_progress_on": self.results,
            "api_visibility": "private",
            **ASKING,
        }
        self.queued.change(self.fill, **self.asks)
        in_javascript = {"fn": None, "trigger_mode": "multiple", "api_visibility": "private"}
        state = [*form, self.link, self.follow, self.waiting]
        gr.on(  # before the pause below, which Gradio waits for
            [component.change for component in state],
            inputs=state,
            outputs=self.answer_for,
            js=javascript.NAME_OLD_ANSWER,
            **in_javascript,
        )
        self.sentence.change(  # `input` does not fire when text is deleted by the browser
            inputs=[self.typed, self.pause], outputs=self.typed, js=javascript.WHEN_TYPED, **in_javascript
        )
        typing = {
            "fn": self.answer_typed,
            "inputs": [self.follow, *question],
            "outputs": [self.typed_answer, self.answers, self.waiting],
            **AT_ONCE,
        }
        self.typed.change(trigger_mode="always_last", **typing)
        self.typed_answer.change(
            inputs=[self.typed_answer, *form, *in_browser],
            outputs=in_browser,
            js=javascript.SHOW_IF_CURRENT,
            **in_javascript,
        )
        for sentences, dataset in self.examples:
            dataset.click(
                lambda index, model, sentences=sentences: (
                    sentences[index],
                    other_built_in(model),
                    "",
                    False,
                ),
                [dataset, self.model],
                [self.sentence, self.compare, self.targets, self.joint],
                **AT_ONCE,
            ).then(self.answer_now, **at_once)
        self.view.change(self.redraw, [self.answers, self.link, self.view], self.results, **AT_ONCE)
        page.load(self.open_form, owner, [*form, self.link, self.more], **AT_ONCE)
        opened = page.load(
            self.open_page,
            [self.view, self.answers],
            shown,
            show_progress_on=self.results,
            api_visibility="private",
        )
        opened.then(**typing)  # a person may have typed in the meantime
        self.offer.wire(opened, owner)
        self.offer.ready.change(**typing)
        self.insert.click(
            None, self.sentence, self.sentence, js=javascript.INSERT_MASK, api_visibility="private"
        )
        self.copy.click(
            None, self.link, self.copied, js=javascript.copy_link("copy-link"), api_visibility="private"
        )
        self.json_down.click(None, self.json, js=javascript.download("predictions.json", "application/json"))
        self.csv_down.click(None, self.csv, js=javascript.download("predictions.csv", "text/csv"))


def question_of(sentence, model, compare, top_k, targets, joint, precision) -> Question:
    """Return the question of the form's values; Gradio passes None for an empty field."""
    top_k = top_k if top_k is not None else ""
    return Question(sentence, model or "", tuple(compare or ()), top_k, targets, joint, precision or "auto")


def other_built_in(model: str) -> list[str]:
    """Return the built-in model of the other domain to compare an example with."""
    general = any(ref.name == model and ref.domain == "general" for ref in KNOWN_MODELS)
    return ["biomedical" if general else "general"]
