"""The 'Fill mask' tab: handlers on top, wiring below; `widgets.py` draws it, `answer.py` answers."""

from collections.abc import Callable
from dataclasses import fields, replace

import gradio as gr

from mlm_demo.errors import MlmDemoError
from mlm_demo.inference.blanks import find_blanks
from mlm_demo.inference.hidden_words import MASK, hide
from mlm_demo.web import javascript
from mlm_demo.web.event_options import ASKING, AT_ONCE, SCORING
from mlm_demo.web.fill.answer import (
    NOT_LOADED,
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
from mlm_demo.web.fill.examples import example_of
from mlm_demo.web.fill.form_from_link import form_from_link
from mlm_demo.web.fill.javascript import PRESENT
from mlm_demo.web.fill.links import Question, has_full_axis, other_built_in
from mlm_demo.web.fill.positions import every_position
from mlm_demo.web.fill.widgets import FillWidgets
from mlm_demo.web.fill.word_influence import word_influence
from mlm_demo.web.fill.words import bring_back, is_row_of, word_row
from mlm_demo.web.messages import refusal, reporter
from mlm_demo.web.model_choices import choices, is_here, offered, short_choices

FORM = ("sentence", "model", "compare", "top_k", "targets", "joint", "precision", "full_axis")


class FillTab(FillWidgets):
    """The tab. Other tabs use its `sentence`, `model` and `compare`, and ask with `fill` and the options `asks`.

    A handler returns its outputs by name, `{component: value}`; outputs that it does not name stay as they are.
    """

    # The options of a handler are the form's values (FORM), then view, link and kept, unless it says otherwise.

    def answer_now(self, request: gr.Request, *options) -> dict:
        """Answer without Gradio's queue, which takes longer than an answer; use it only if a model has to be loaded."""
        *form, view, link, kept = options
        try:
            self.limits.admit(request)
            if shown := ask(self.engine, question_of(*form), view, load=False):
                return self._show(shown, kept)
        except MlmDemoError as error:
            return self._refuse(error, form[0], link, kept, view)
        return {self.queued: self.limits.ticket()}

    def fill(self, request: gr.Request, *options, progress=gr.Progress()) -> dict:
        """Answer through the queue, with the progress of loading or downloading a model.

        The last two options are the owner's secret and the ticket of `answer_now`, which has counted this question.
        """
        *form, view, link, kept, owner, ticket = options
        try:
            self.limits.admit(request, ticket)
            question = question_of(*form)
            downloads = not self._are_here(question.models)
            shown = ask(self.engine, question, view, reporter(progress))
        except MlmDemoError as error:
            return self._refuse(error, form[0], link, kept, view)
        updates = self._show(shown, kept)
        if downloads:  # the pickers show which models are downloaded
            models = offered(self.runs, owner, question.models)
            updates |= {
                self.model: gr.Dropdown(choices(models)),
                self.compare: gr.Dropdown(short_choices(models)),
            }
        return updates

    def press_word(self, request: gr.Request, event: gr.EventData, _text, *options) -> dict:
        """Hide the word that was pressed, or bring back the one of a blank, and answer.

        The row's own text counts, because the box may have changed.
        """
        try:
            sentence = bring_back(**event._data) if "word" in event._data else hide(**event._data)
            find_blanks(sentence, MASK)
        except (TypeError, AttributeError):  # not from the page
            return {self.words: gr.skip()}
        return self._use(sentence, options, request)

    def put_word(self, request: gr.Request, event: gr.EventData, _text, *options) -> dict:
        """Put the guess that was pressed into the sentence, and answer if a blank is left."""
        sentence = event._data.get("sentence") if isinstance(event._data, dict) else None
        if not isinstance(sentence, str):  # not from the page
            return {self.words: gr.skip()}
        return self._use(sentence, options, request)

    def use_example(
        self, request: gr.Request, event: gr.EventData, _text, model, _compare, top_k, _targets, _joint, *rest
    ) -> dict:
        """Ask the example that was pressed of this model and of the built-in one of the other domain."""
        example = example_of(event._data)
        if not example:  # not from the page
            return {self.words: gr.skip()}
        compare = [other_built_in(model)]
        options = model, compare, top_k, example.targets, example.joint, *rest
        chosen = {self.compare: compare, self.targets: example.targets, self.joint: example.joint}
        return chosen | self._use(example.text, options, request)

    def _use(self, sentence: str, options: tuple, request: gr.Request) -> dict:
        updates = {self.sentence: sentence, self.words: word_row(sentence)}
        if not find_blanks(sentence, MASK):
            return updates
        return updates | self.answer_now(request, sentence, *options)

    def answer_chosen(self, request: gr.Request, text, model, compare, *options) -> dict:
        """Answer when a model or an option is chosen; a download waits for Enter or Fill."""
        if not self._are_here([model, *(compare or ())]):
            return {self.waiting: NOT_LOADED}
        return self.answer_now(request, text, model, compare, *options)

    def answer_typed(self, request: gr.Request, follow, text, *options) -> dict:
        """Answer at a pause in typing, unless the sentence is unfinished or its answer is shown already."""
        *form, view, link, kept = options
        unanswered = {self.words: word_row(text)}
        try:
            question = question_of(text, *form)
            if not follow or link_of(question) == link:
                return unanswered
            self.limits.admit(request)
            shown = ask(self.engine, question, view, load=False)
        except MlmDemoError:
            return unanswered
        return (
            {self.typed_answer: typed_answer_json(shown), self.answers: keep(kept, shown, link)}
            if shown
            else {self.waiting: NOT_LOADED, **unanswered}
        )

    def show_positions(
        self, text, model, precision, view, link, kept, request: gr.Request, progress=gr.Progress()
    ) -> dict:
        """Show what the model expects at every word of the sentence, in place of the row of words."""

        def row() -> str:
            return every_position(self.engine, text, model or "", precision or "auto", reporter(progress))

        return self._show_row(row, text, view, link, kept, request)

    def show_influence(
        self,
        text,
        model,
        targets,
        precision,
        view,
        link,
        kept,
        request: gr.Request,
        progress=gr.Progress(),
        mask: int = 1,
        measure: str = "hiding",
    ) -> dict:
        """Show what each word does to the guess, in place of the row of words."""

        def row() -> str:
            options = targets or "", precision or "auto", reporter(progress)
            return word_influence(self.engine, text, model or "", *options, mask, measure)

        return self._show_row(row, text, view, link, kept, request)

    def explain(self, request: gr.Request, event: gr.EventData, *options, progress=gr.Progress()) -> dict:
        """Do so for the blank, or by the measure, that was pressed; the other choice stays."""
        pressed = event._data if isinstance(event._data, dict) else {}
        mask, measure = pressed.get("mask"), pressed.get("measure")
        if not isinstance(mask, int) or not isinstance(measure, str):  # not from the page
            return {self.words: gr.skip()}
        return self.show_influence(*options, request, progress, mask, measure)

    def _show_row(self, row: Callable[[], str], text, view, link, kept, request: gr.Request) -> dict:
        """Show a row of words that a model has to be asked for; the answer may have changed when it is there."""
        try:
            self.limits.admit(request)
            return {self.words: row()}
        except MlmDemoError as error:
            return self._refuse(error, text, link, kept, view)

    def keep_row(self, text, row) -> dict:
        """Replace a row of words that came too late, when the sentence was another one."""
        return {self.words: gr.skip() if is_row_of(row, text) else word_row(text)}

    def answer_arrived(self, request: gr.Request, follow, text, *options) -> dict:
        """Answer with a model that was downloaded, if it was selected; beside another one it has to be loaded again."""
        *form, _view, link, _kept = options
        if not follow or link_of(question_of(text, *form)) == link or not find_blanks(text or "", MASK):
            return {self.words: gr.skip()}
        return self.answer_now(request, text, *options)

    def open_form(self, owner, request: gr.Request) -> dict:
        """Fill in the form from the page's link."""
        updates = form_from_link(self.engine, self.runs, dict(request.query_params), owner, self.first)
        return {getattr(self, name): update for name, update in updates.items()}

    def open_page(self, view, kept, request: gr.Request) -> dict:
        """Answer the page's link."""
        try:
            self.limits.admit(request)
            shown = first_answer(self.engine, dict(request.query_params), view)
        except MlmDemoError as error:  # a limit, or no model answers at all
            shown = without_answer(refusal(error, ""))
        return self._show(shown, kept)

    def redraw(self, kept, link, view) -> dict:
        """Show the answer as a chart or as tables."""
        return {self.results: self._drawn(kept, link, view) if kept.get(link) else gr.skip()}

    def keep_view(self, results, kept, link, view) -> dict:
        """Redraw an answer that came in the view that was chosen when it was asked for."""
        as_asked = ("<table" in (results or "")) == (view == VIEWS[1])
        return {self.results: gr.skip()} if as_asked else self.redraw(kept, link, view)

    def take_error_off(self, results, kept, link, view) -> dict:
        """Show the answer without an error of what was asked before."""
        refused = 'class="refusal"' in (results or "")
        return self.redraw(kept, link, view) if refused else {self.results: gr.skip()}

    def switch_axis(self, request: gr.Request, *options) -> dict:
        """Draw the answer shown with the other axis, which asks no model; answer if the form has changed since."""
        *form, view, link, kept = options
        question = question_of(*form)
        if link not in kept or link != link_of(replace(question, full_axis=not question.full_axis)):
            return self.answer_chosen(request, *options)
        switched = link_of(question)
        kept[switched] = kept.pop(link)
        return {
            self.results: self._drawn(kept, switched, view),
            self.answers: kept,
            self.link: switched,
            self.copied: "",
        }

    def _show(self, shown: Shown, kept: dict) -> dict:
        values = vars(replace(shown, answers=keep(kept, shown)))
        return {getattr(self, name): value for name, value in values.items()}

    def _refuse(self, error: MlmDemoError, text: str, link: str, kept: dict, view: str) -> dict:
        return {self.results: refusal(error, self._drawn(kept, link, view)), self.words: word_row(text)}

    def _drawn(self, kept: dict, link: str, view: str) -> str:
        return draw(kept.get(link, []), view, full_axis=has_full_axis(link))

    def _are_here(self, models: list[str]) -> bool:
        return all(is_here(name, self.engine.catalogue) for name in models)

    def build(self, page: gr.Blocks, owner: gr.BrowserState) -> "FillTab":
        """Draw the tab and wire it, within the page."""
        self.draw(owner)
        self._wire(page, owner)
        return self

    def _wire(self, page: gr.Blocks, owner: gr.BrowserState) -> None:
        form = [getattr(self, name) for name in FORM]
        shown = [getattr(self, field.name) for field in fields(Shown)]
        in_browser = [component for component in shown if component is not self.answers]
        question = [*form, self.view, self.link, self.answers]
        # What is asked while an answer is on its way is asked after it: Gradio would drop it.
        at_once = {
            "inputs": question,
            "outputs": [*shown, self.queued],
            "trigger_mode": "always_last",
            **AT_ONCE,
        }
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
        self.full_axis.input(self.switch_axis, **at_once)
        self.asks = {
            "inputs": [*question, owner, self.queued],
            "outputs": [*shown, self.model, self.compare],
            "show_progress_on": self.results,
            "api_visibility": "private",
            **ASKING,
        }
        answered = [self.answers, self.link, self.view]
        typing = {
            "fn": self.answer_typed,
            "inputs": [self.follow, *question],
            "outputs": [self.typed_answer, self.answers, self.waiting, self.words],
            **AT_ONCE,
        }
        viewing = {
            "fn": self.keep_view,
            "inputs": [self.results, *answered],
            "outputs": self.results,
            **AT_ONCE,
        }
        # A person may have chosen a view and typed while the model was loaded.
        self.queued.change(self.fill, **self.asks).then(**viewing).then(**typing)
        pressed = {"inputs": question, "outputs": [*at_once["outputs"], self.sentence], **AT_ONCE}
        self.words.select(self.press_word, **pressed)
        self.results.select(self.put_word, **pressed)
        pressed["outputs"] = [*pressed["outputs"], self.compare, self.targets, self.joint]
        self.examples.select(self.use_example, **pressed)
        why = [self.targets, self.precision]
        for press, show, options in (
            (self.positions.click, self.show_positions, [self.precision]),
            (self.influence.click, self.show_influence, why),
            (self.words.like, self.explain, why),
        ):
            press(self.take_error_off, [self.results, *answered], self.results, **AT_ONCE)
            press(
                show,
                [self.sentence, self.model, *options, self.view, self.link, self.answers],
                [self.words, self.results],
                show_progress_on=self.words,
                api_visibility="private",
                **SCORING,
            ).then(self.keep_row, [self.sentence, self.words], self.words, **AT_ONCE)
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
        self.typed.change(trigger_mode="always_last", **typing)
        self.typed_answer.change(
            inputs=[self.typed_answer, *form, *in_browser],
            outputs=in_browser,
            js=javascript.SHOW_IF_CURRENT,
            **in_javascript,
        )
        self.view.change(self.redraw, answered, self.results, **AT_ONCE)
        page.load(self.open_form, owner, [*form, self.link, self.more], **AT_ONCE)
        opened = page.load(
            self.open_page,
            [self.view, self.answers],
            shown,
            show_progress_on=self.results,
            api_visibility="private",
        )
        opened.then(**viewing).then(**typing)
        self.offer.wire(opened, owner)
        self.offer.ready.change(self.answer_arrived, **{**at_once, "inputs": [self.follow, *question]})
        self.insert.click(
            None, self.sentence, self.sentence, js=javascript.INSERT_MASK, api_visibility="private"
        )
        self.copied_link.wire(self.copy, self.link)
        self.present.click(None, js=PRESENT, api_visibility="private")
        self.json_down.click(None, self.json, js=javascript.download("predictions.json", "application/json"))
        self.csv_down.click(None, self.csv, js=javascript.download("predictions.csv", "text/csv"))


def question_of(sentence, model, compare, top_k, targets, joint, precision, full_axis) -> Question:
    """Return the question of the form's values; Gradio passes None for an empty field."""
    top_k = top_k if top_k is not None else ""
    chosen = precision or "auto", bool(full_axis)
    return Question(sentence, model or "", tuple(compare or ()), top_k, targets, joint, *chosen)
