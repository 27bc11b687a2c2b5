"""The 'Score' tab: how much each word of a sentence surprises up to three models."""

from collections.abc import Sequence
from dataclasses import fields
from urllib.parse import parse_qsl

import gradio as gr

from mlm_demo.errors import MlmDemoError
from mlm_demo.inference.asked_models import MAX_MODELS
from mlm_demo.inference.engine import Engine
from mlm_demo.models.catalogue import KNOWN_MODELS
from mlm_demo.runs.service import RunService
from mlm_demo.web import javascript
from mlm_demo.web.copied_link import CopiedLink
from mlm_demo.web.event_options import AT_ONCE, QUIET, SCORING
from mlm_demo.web.messages import refusal, reporter
from mlm_demo.web.model_choices import ANY_MODEL, offered, short_choices
from mlm_demo.web.score.answer import Shown, ask, draw
from mlm_demo.web.score.cancel import CancelableWork, Canceled
from mlm_demo.web.score.guesses import GUESSES, guesses
from mlm_demo.web.score.javascript import CAN_CANCEL, SHOW_GUESSES, WORDS
from mlm_demo.web.score.links import FIRST_SENTENCE, ORIGINAL, WITHIN_WORD, Asked, is_score_link, read_link
from mlm_demo.web.score.scored_file import ScoredFile
from mlm_demo.web.score.snippets import address_seen
from mlm_demo.web.score.surprisal import legend
from mlm_demo.web.server.rate_limits import RateLimits

EMPTY = '<p class="empty">Type a sentence and press Score to see how much each word surprises each model, in bits.</p>'
CANCELED = '<p class="old" role="status">Canceled.</p>'
EXAMPLES = (  # a sentence and, to set against it, another one or none
    (FIRST_SENTENCE, ""),
    ("The king was given insulin for his crown.", ""),
    ("The keys to the cabinet are on the table.", "The keys to the cabinet is on the table."),
    ("The nurse forgot his coat.", "The nurse forgot her coat."),
)
METHODS = [
    ("Word by word: the scored token and the later tokens of its word (within-word)", WITHIN_WORD),
    ("Token by token: only the scored token (original)", ORIGINAL),
]


class ScoreTab:
    """Handlers on top, widgets and wiring below. `models` is the tab's model picker.

    A handler returns its outputs by name, `{component: value}`; outputs that it does not name stay as they are.
    """

    def __init__(self, engine: Engine, service: RunService, limits: RateLimits):
        self.engine, self.service, self.runs, self.limits = engine, service, service.runs, limits
        self.work = CancelableWork()

    # Handlers

    def score_sentence(
        self,
        text: str,
        second: str,
        models: list[str],
        method: str,
        before: list[dict],
        request: gr.Request,
        progress=gr.Progress(),
    ) -> dict:
        """Score the sentence, or two; show an error above the previous scores."""
        try:
            self.limits.admit(request)
            asked = Asked(text, second, tuple(models or [self.engine.default_model().name]), method)
            return self._answer(asked, [], request, progress)
        except MlmDemoError as error:
            return {self.results: refusal(error, draw(before)), self.cancel: gr.Button(interactive=False)}

    def open_form(self, opened: str, owner: str) -> dict:
        """Fill in the form from the page's link when the tab is opened, if the link is for it.

        opened: the query string of the page's address; owner: the secret that the browser keeps.
        """
        if not (linked := self._linked(opened)):
            return gr.skip()
        asked, _ = linked
        models = self._choices(owner, asked.models)
        return {
            self.sentence: asked.text,
            self.second: asked.second,
            self.models: gr.Dropdown(models, value=list(asked.models), **ANY_MODEL),
            self.method: asked.method,
        }

    def first_answer(
        self,
        opened: str,
        text: str,
        second: str,
        models: list[str],
        method: str,
        request: gr.Request,
        progress=gr.Progress(),
    ) -> dict:
        """Answer the page's link, or the form if the link is for another tab."""
        try:
            self.limits.admit(request)
            asked, problems = self._linked(opened) or (Asked(text, second, tuple(models), method), [])
            return self._answer(asked, problems, request, progress)
        except MlmDemoError as error:
            return {self.results: refusal(error, "")}

    def _linked(self, opened: str) -> tuple[Asked, list[str]] | None:
        """Return the form of the page's link, and a notice for each value that is ignored; None for another tab's."""
        query, limit = dict(parse_qsl(opened.removeprefix("?"))), self.engine.settings.max_characters
        return read_link(query, self.engine.catalogue, max_characters=limit) if is_score_link(query) else None

    def _choices(self, owner: str, models: Sequence[str]) -> list[tuple[str, str]]:
        """Return the choices of the picker with some models, which somebody else may have made."""
        return short_choices(offered(self.runs, owner, models))

    def show_guesses(
        self, scores: list[dict], event: gr.EventData, request: gr.Request, progress=gr.Progress()
    ) -> dict:
        """Show what the models would put in the place of the word that was pressed."""
        pressed = event._data if isinstance(event._data, dict) else {}
        start, sentence = pressed.get("start"), pressed.get("sentence", 0)
        texts = [scores[0]["text"], scores[-1]["text"]] if scores else []
        try:
            self.limits.admit(request)
            if sentence not in range(len(texts)) or not isinstance(start, int):
                return {self.guesses: gr.skip()}
            models, method = [score["model"]["name"] for score in scores], scores[0]["method"]
            text = texts[sentence]
            found = self.engine.guess_word(text, start, models, method=method, top_k=GUESSES)["guesses"]
        except MlmDemoError as error:
            return {self.guesses: refusal(error, "")}
        return {self.guesses: guesses(found)}

    def use_example(self, index: int, request: gr.Request) -> dict:
        """Put an example into the form; nobody waits for what was asked before."""
        self.work.cancel(request)
        first, second = EXAMPLES[index]
        return {self.sentence: first, self.second: second}

    def cancel_work(self, before: list[dict], request: gr.Request) -> dict:
        """End the visitor's scoring at its next pass, and show the previous scores."""
        self.work.cancel(request)
        return {self.results: CANCELED + (draw(before) or EMPTY), self.cancel: gr.Button(interactive=False)}

    def _answer(
        self, asked: Asked, problems: list[str], request: gr.Request | None, progress: gr.Progress
    ) -> dict:
        try:
            with self.work.reporting(request, reporter(progress)) as on_progress:
                shown = ask(self.engine, asked, address_seen(request), problems, on_progress)
        except Canceled:  # Cancel is still of use if an example is scored instead
            return {self.cancel: gr.skip()}
        values = {getattr(self, name): value for name, value in vars(shown).items()}
        return {**values, self.cancel: gr.Button(interactive=False)}

    # Widgets

    def build(self, tab: gr.Tab, owner: gr.BrowserState) -> "ScoreTab":
        """Draw the tab and wire it, within gr.Blocks; tab: the one that is opened to see it; owner: their secret."""
        with gr.Row(equal_height=False, elem_id="score-row"):  # the style sheet places its columns
            with gr.Column(min_width=320, elem_id="score-ask"):
                self._draw_sentences()
            with gr.Column(min_width=320, elem_id="score-answer"):
                self._draw_results()
            with gr.Column(min_width=320, elem_id="score-settings"):
                self._draw_settings()
        self.examples = gr.Dataset(
            label="Examples",
            components=[self.sentence],
            samples=[[" / ".join(filter(None, both))] for both in EXAMPLES],
            type="index",
        )
        with gr.Accordion(
            "Score a file of sentences or pairs", open=False, elem_id="score-file-box"
        ) as self.file_box:
            self.file = ScoredFile(self.engine, self.service, self.limits, CancelableWork())
            self.file.draw(self.models, self.method, owner)
        self.scores = gr.State([])
        # For the buttons in the browser; stored nowhere.
        self.link, self.json, self.csv, self.opened = (gr.Textbox(visible="hidden") for _ in range(4))
        self._wire(tab, owner)
        return self

    def _draw_sentences(self) -> None:
        first, seconds = Asked(), self.engine.settings.max_score_seconds
        self.sentence = gr.Textbox(
            first.text,
            label="Sentence",
            info=f"Without a mask. Press Enter to score; what would take over {seconds} seconds is refused.",
            lines=1,
            max_lines=8,
            elem_id="score-sentence",
            html_attributes=gr.InputHTMLAttributes(spellcheck=False),
        )
        self.second = gr.Textbox(
            first.second,
            label="Second sentence",
            info="To set against the first, word by word. It may stay empty.",
            lines=1,
            max_lines=8,
            elem_id="score-second",
            html_attributes=gr.InputHTMLAttributes(spellcheck=False),
        )
        with gr.Row():
            size = {"size": "md", "min_width": 120}
            self.run = gr.Button("Score", variant="primary", elem_id="score", **size)
            self.cancel = gr.Button("Cancel", interactive=False, elem_id="score-cancel", **size)

    def _draw_settings(self) -> None:
        first = Asked()
        folder = " or folder" if self.engine.settings.folders else ""
        self.models = gr.Dropdown(
            short_choices(KNOWN_MODELS),
            value=list(first.models),
            label="Models",
            info=f"Up to {MAX_MODELS}: pick from the list or type a Hub id{folder}.",
            multiselect=True,
            max_choices=MAX_MODELS,
            elem_id="score-models",
            **ANY_MODEL,
        )
        with gr.Accordion("Options", open=False, elem_id="score-more"):
            self.method = gr.Radio(
                METHODS,
                value=first.method,
                label="Tokens masked at a time",
                info="Each token takes its own pass. A sentence that would take longer is refused.",
                elem_id="method",
            )

    def _draw_results(self) -> None:
        self.answer_for = gr.HTML(padding=False, js_on_load=None, elem_id="score-answer-for")
        self.results = gr.HTML(
            EMPTY, min_height=300, padding=False, js_on_load=WORDS, elem_id="score-results"
        )
        self.guesses = gr.HTML(padding=False, js_on_load=None, elem_id="score-guesses")
        gr.HTML(legend(), padding=False, js_on_load=None, elem_id="score-legend")
        with gr.Row(elem_id="score-buttons"):
            small = {"size": "sm", "min_width": 90}
            self.copy = gr.Button("Copy link", elem_id="score-copy", **small)
            self.json_down = gr.Button("Download JSON", elem_id="score-json", **small)
            self.csv_down = gr.Button("Download CSV", elem_id="score-csv", **small)
        self.copied_link = CopiedLink(self.engine.settings)
        self.copied_link.draw("Link to the answer shown", "score-link")
        self.copied = self.copied_link.text
        with gr.Accordion("Show code", open=False, elem_id="score-code"):
            plain = {"interactive": False, "wrap_lines": True, "lines": 1}
            self.python = gr.Code(label="Python, over HTTP", language="python", **plain)
            self.curl = gr.Code(label="Shell, over HTTP", language="shell", **plain)
            self.shell = gr.Code(label="Shell, with this project", language="shell", **plain)

    # Wiring

    def _wire(self, tab: gr.Tab, owner: gr.BrowserState) -> None:
        form = [self.sentence, self.second, self.models, self.method]
        shown = [*(getattr(self, field.name) for field in fields(Shown)), self.cancel]
        asking = {
            "fn": self.score_sentence,
            "inputs": [*form, self.scores],
            "outputs": shown,
            "show_progress_on": self.results,
            "api_visibility": "private",
            **SCORING,
        }
        in_browser = {"fn": None, "api_visibility": "private"}
        tab.select(
            inputs=[self.link, self.opened], outputs=self.opened, js=javascript.WHEN_OPENED, **in_browser
        )
        opened = self.opened.change(self.open_form, [self.opened, owner], form, **AT_ONCE).then(
            self.first_answer,
            [self.opened, *form],
            shown,
            show_progress_on=self.results,
            api_visibility="private",
            **SCORING,
        )
        asks = [self.run.click, self.sentence.submit, self.second.submit, self.method.input]
        enabling = {"fn": None, "outputs": self.cancel, "js": CAN_CANCEL, "api_visibility": "private"}
        gr.on(asks, **enabling)
        asked = gr.on(asks, cancels=opened, **asking)  # the first answer gives way
        chosen = self.examples.click(
            self.use_example,
            self.examples,
            [self.sentence, self.second],
            cancels=[asked, opened],
            **AT_ONCE,
            trigger_mode="always_last",
        )
        chosen.then(**enabling)
        self.examples.click(js=javascript.scroll_to("score-ask"), **in_browser)
        by_example = chosen.then(trigger_mode="always_last", **asking)
        self.cancel.click(
            self.cancel_work,
            self.scores,
            [self.results, self.cancel],
            cancels=[asked, by_example, opened],
            **AT_ONCE,
        )
        self.results.select(
            self.show_guesses, self.scores, self.guesses, trigger_mode="multiple", **{**QUIET, **SCORING}
        ).then(None, js=SHOW_GUESSES, api_visibility="private")
        gr.on(
            [each.change for each in (*form, self.link)],
            inputs=[*form, self.link],
            outputs=self.answer_for,
            js=javascript.name_old_sentences("score", "against", "scored_by", "Score"),
            trigger_mode="multiple",
            **in_browser,
        )
        self.copied_link.wire(self.copy, self.link)
        self.json_down.click(None, self.json, js=javascript.download("scores.json", "application/json"))
        self.csv_down.click(None, self.csv, js=javascript.download("scores.csv", "text/csv"))
