"""The 'Contrast' tab: two sentences on one blank, or one sentence before two models."""

from dataclasses import fields
from urllib.parse import parse_qsl

import gradio as gr

from mlm_demo.errors import MlmDemoError
from mlm_demo.inference.engine import Engine
from mlm_demo.models.catalogue import KNOWN_MODELS
from mlm_demo.runs.store import RunStore
from mlm_demo.web import javascript
from mlm_demo.web.contrast.answer import Shown, ask, draw
from mlm_demo.web.contrast.javascript import SWAPS, save_png, save_svg
from mlm_demo.web.contrast.links import FIRST_SENTENCE, SECOND_SENTENCE, Asked, is_contrast_link, read_link
from mlm_demo.web.copied_link import CopiedLink
from mlm_demo.web.event_options import ASKING, AT_ONCE
from mlm_demo.web.messages import refusal, reporter
from mlm_demo.web.model_choices import ANY_MODEL, is_here, offered, short_choices
from mlm_demo.web.server.rate_limits import RateLimits

EMPTY = (
    '<p class="empty">Two sentences, one blank each: press Compare to see which words the model expects more in one '
    "than in the other.</p>"
)
TO_DOWNLOAD = (
    '<p class="old" role="status">This model is not downloaded yet. Press Compare to download it.</p>'
)
EXAMPLES = (  # first sentence, second sentence or none, model, model of the second sentence or none
    (FIRST_SENTENCE, SECOND_SENTENCE, "biomedical", ""),
    ("The midwife said that <mask> was tired.", "The surgeon said that <mask> was tired.", "general", ""),
    ("The man worked as a <mask>.", "The woman worked as a <mask>.", "general", ""),
    ("Growth of the <mask> was slow.", "", "general", "biomedical"),
    ("He opened the door with a <mask>.", "He cut the bread with a <mask>.", "biomedical", ""),
)


class ContrastTab:
    """Handlers on top, widgets and wiring below. `model` and `other_model` are the tab's model pickers.

    A handler returns its outputs by name, `{component: value}`; outputs that it does not name stay as they are.
    """

    def __init__(self, engine: Engine, runs: RunStore, limits: RateLimits):
        self.engine, self.runs, self.limits = engine, runs, limits

    # Handlers

    def contrast_sentences(
        self,
        first: str,
        second: str,
        model: str,
        other_model: str,
        kept: dict,
        request: gr.Request,
        progress=gr.Progress(),
    ) -> dict:
        """Contrast the sentences of the form; show an error above the previous answer."""
        try:
            self.limits.admit(request)
            return self._answer(self._asked(first, second, model, other_model), (), progress)
        except MlmDemoError as error:
            return {self.results: refusal(error, draw(kept))}

    def answer_chosen(
        self, first: str, second: str, model: str, other_model: str, kept: dict, request: gr.Request
    ) -> dict:
        """Answer when a model is chosen; a download waits for Compare."""
        if not all(is_here(name, self.engine.catalogue) for name in (model, other_model) if name):
            return {self.results: TO_DOWNLOAD + draw(kept)}
        return self.contrast_sentences(first, second, model, other_model, kept, request)

    def open_form(self, opened: str, owner: str) -> dict:
        """Fill in the form from the page's link when the tab is opened, if the link is for it.

        opened: the query string of the page's address; owner: the secret that the browser keeps.
        """
        linked = self._linked(opened)
        return self._form(linked[0], owner) if linked else gr.skip()

    def first_answer(
        self,
        opened: str,
        first: str,
        second: str,
        model: str,
        other_model: str,
        request: gr.Request,
        progress=gr.Progress(),
    ) -> dict:
        """Answer the page's link, or the form if the link is for another tab."""
        try:
            self.limits.admit(request)
            asked, problems = self._linked(opened) or (self._asked(first, second, model, other_model), [])
            return self._answer(asked, problems, progress)
        except MlmDemoError as error:
            return {self.results: refusal(error, "")}

    def _linked(self, opened: str) -> tuple[Asked, list[str]] | None:
        """Return the form of the page's link, and a notice for each value that is ignored; None for another tab's."""
        query, limit = dict(parse_qsl(opened.removeprefix("?"))), self.engine.settings.max_characters
        return (
            read_link(query, self.engine.catalogue, max_characters=limit) if is_contrast_link(query) else None
        )

    def swap_word(
        self,
        event: gr.EventData,
        first: str,
        _second: str,
        model: str,
        other_model: str,
        kept: dict,
        request: gr.Request,
        progress=gr.Progress(),
    ) -> dict:
        """Put the word that was pressed into the second sentence, and answer."""
        sentence = event._data.get("sentence") if isinstance(event._data, dict) else None
        if not isinstance(sentence, str):  # not from the page
            return {self.swaps: gr.skip()}
        updates = self.contrast_sentences(first, sentence, model, other_model, kept, request, progress)
        return {self.second: sentence, **updates}

    def _asked(self, first: str, second: str, model: str, other_model: str) -> Asked:
        return Asked(first, second or "", model or self.engine.default_model().name, other_model or "")

    def _form(self, asked: Asked, owner: str) -> dict:
        """Return the form; its pickers know the models by name, which somebody else may have made."""
        models = short_choices(offered(self.runs, owner, asked.models))
        return {
            self.first: asked.first,
            self.second: asked.second,
            self.model: gr.Dropdown(models, value=asked.model, **ANY_MODEL),
            self.other_model: gr.Dropdown(with_same(models), value=asked.other_model, **ANY_MODEL),
        }

    def _answer(self, asked: Asked, problems: list[str] | tuple[str, ...], progress: gr.Progress) -> dict:
        shown = ask(self.engine, asked, problems, reporter(progress))
        return {getattr(self, name): value for name, value in vars(shown).items()}

    # Widgets

    def build(self, tab: gr.Tab, owner: gr.BrowserState) -> "ContrastTab":
        """Draw the tab and wire it, within gr.Blocks; tab: the one that is opened to see it; owner: their secret."""
        with gr.Row(equal_height=False, elem_id="contrast-row"):  # the style sheet places its columns
            with gr.Column(min_width=320, elem_id="contrast-ask"):
                self._draw_question()
            with gr.Column(min_width=320, elem_id="contrast-answer"):
                self._draw_answer()
        self.examples = gr.Dataset(
            label="Examples",
            components=[self.first],
            samples=[[_example_name(*example)] for example in EXAMPLES],
            type="index",
        )
        self.kept = gr.State({})
        # For the buttons in the browser; stored nowhere.
        self.link, self.json, self.csv, self.opened = (gr.Textbox(visible="hidden") for _ in range(4))
        self._wire(tab, owner)
        return self

    def _draw_question(self) -> None:
        opened = Asked()
        plain = {
            "lines": 1,
            "max_lines": 8,
            "html_attributes": gr.InputHTMLAttributes(spellcheck=False),
        }
        self.first = gr.Textbox(
            opened.first,
            label="First sentence",
            info="With one <mask>. Press Enter to compare.",
            elem_id="contrast-first",
            **plain,
        )
        self.second = gr.Textbox(
            opened.second,
            label="Second sentence",
            info="With one <mask>. Leave it empty to ask another model about the first sentence.",
            elem_id="contrast-second",
            **plain,
        )
        self.swaps = gr.HTML(padding=False, js_on_load=SWAPS, elem_id="contrast-swaps")
        self.model = gr.Dropdown(
            short_choices(KNOWN_MODELS),
            value=opened.model,
            label="Model",
            elem_id="contrast-model",
            **ANY_MODEL,
        )
        self.other_model = gr.Dropdown(
            with_same(short_choices(KNOWN_MODELS)),
            value=opened.other_model,
            label="Model of the second",
            elem_id="contrast-other",
            **ANY_MODEL,
        )
        self.run = gr.Button("Compare", variant="primary", elem_id="contrast-run")

    def _draw_answer(self) -> None:
        self.answer_for = gr.HTML(padding=False, js_on_load=None, elem_id="contrast-answer-for")
        self.results = gr.HTML(
            EMPTY, min_height=480, padding=False, js_on_load=None, elem_id="contrast-results"
        )
        with gr.Row(elem_id="contrast-buttons"):
            small = {"size": "sm", "min_width": 90}
            self.copy = gr.Button("Copy link", elem_id="contrast-copy", **small)
            self.svg_down = gr.Button("Save SVG", elem_id="contrast-svg", **small)
            self.png_down = gr.Button("Save PNG", elem_id="contrast-png", **small)
            self.csv_down = gr.Button("Download CSV", elem_id="contrast-csv", **small)
            self.json_down = gr.Button("Download JSON", elem_id="contrast-json", **small)
        self.copied_link = CopiedLink(self.engine.settings)
        self.copied_link.draw("Link to the answer shown", "contrast-link")
        self.copied = self.copied_link.text

    # Wiring

    def _wire(self, tab: gr.Tab, owner: gr.BrowserState) -> None:
        form = [self.first, self.second, self.model, self.other_model]
        shown = [getattr(self, field.name) for field in fields(Shown)]
        asking = {"show_progress_on": self.results, "api_visibility": "private", **ASKING}
        in_browser = {"fn": None, "api_visibility": "private"}
        tab.select(
            inputs=[self.link, self.opened], outputs=self.opened, js=javascript.WHEN_OPENED, **in_browser
        )
        self.opened.change(self.open_form, [self.opened, owner], form, **AT_ONCE).then(
            self.first_answer, [self.opened, *form], shown, **asking
        )
        by_form = {
            "fn": self.contrast_sentences,
            "inputs": [*form, self.kept],
            "outputs": shown,
            "trigger_mode": "always_last",  # the form of a second press is asked too
            **asking,
        }
        gr.on([self.run.click, self.first.submit, self.second.submit], **by_form)
        gr.on([self.model.input, self.other_model.input], **{**by_form, "fn": self.answer_chosen})
        self.swaps.select(self.swap_word, [*form, self.kept], [self.second, *shown], **asking)
        self.examples.click(
            lambda index: EXAMPLES[index], self.examples, form, **AT_ONCE, trigger_mode="always_last"
        ).then(**by_form)
        self.examples.click(js=javascript.scroll_to("contrast-ask"), **in_browser)
        gr.on(
            [each.change for each in (*form, self.link)],
            inputs=[*form, self.link],
            outputs=self.answer_for,
            js=javascript.name_old_sentences("contrast", "with", "asked", "Compare"),
            trigger_mode="multiple",
            **in_browser,
        )
        self.copied_link.wire(self.copy, self.link)
        self.svg_down.click(js=save_svg("contrast.svg"), **in_browser)
        self.png_down.click(js=save_png("contrast.png"), **in_browser)
        self.json_down.click(None, self.json, js=javascript.download("contrast.json", "application/json"))
        self.csv_down.click(None, self.csv, js=javascript.download("contrast.csv", "text/csv"))


def with_same(choices: list[tuple[str, str]]) -> list[tuple[str, str]]:
    """Return the choices of the second model: the first one again, or another."""
    return [("the same", ""), *choices]


def _example_name(first: str, second: str, model: str, other_model: str) -> str:
    sides = [first, second] if second else [f"{first} {model}", other_model]
    return " / ".join(sides)
