"""The 'Fill mask' tab: its widgets, and which event asks what; `fill_answer.py` has the answers."""

import secrets
from collections.abc import Callable
from dataclasses import dataclass

import gradio as gr

from mlm_demo.errors import LimitError, MlmDemoError
from mlm_demo.inference.engine import Engine
from mlm_demo.models.catalogue import KNOWN_MODELS
from mlm_demo.runs.store import RunStore
from mlm_demo.web import javascript as browser
from mlm_demo.web.event_options import ASKING, AT_ONCE
from mlm_demo.web.fill.answer import (
    VIEWS,
    answers_at_once,
    ask,
    draw,
    first_answer,
    follows_typing,
    link_of,
    without_answer,
)
from mlm_demo.web.fill.form_from_link import opened_form
from mlm_demo.web.fill.links import FIRST, MOST_COMPARED, Question
from mlm_demo.web.messages import refusal
from mlm_demo.web.model_choices import choices, is_here, offered, short_choices
from mlm_demo.web.server.rate_limits import RateLimits

BUILT_IN = ("general", "biomedical")
# Chosen because the two built-in models put another word first; a test holds them to it.
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


@dataclass(frozen=True)
class FillForm:
    """What other tabs need of this one: its fields, and the event that asks."""

    sentence: gr.Textbox
    model: gr.Dropdown
    compare: gr.Dropdown
    fill: Callable
    asks: dict


def fill_tab(
    demo: gr.Blocks, engine: Engine, runs: RunStore, owner: gr.BrowserState, limits: RateLimits
) -> FillForm:
    """Draw the tab and wire it."""
    with gr.Row(equal_height=False):
        with gr.Column(scale=2, min_width=320):
            sentence = gr.Textbox(
                FIRST.text,
                label="Sentence",
                info="Put <mask> where a word is to be predicted; Enter runs.",
                placeholder=FIRST.text,
                lines=1,
                max_lines=8,
                elem_id="sentence",
                html_attributes=gr.InputHTMLAttributes(spellcheck=False),
            )
            follow = gr.Checkbox(
                True,
                label="Follow the typing",
                info="Predict while you type, with models that answer within 30 ms.",
                elem_id="follow",
            )
            with gr.Row():
                insert = gr.Button("Insert mask", size="md", elem_id="insert", min_width=120)
                run = gr.Button("Fill", variant="primary", size="md", elem_id="fill", min_width=120)
            model = gr.Dropdown(
                choices(KNOWN_MODELS),
                value=FIRST.model,
                label="Model",
                info="Or type the id of a model on the Hub"
                + (", or a folder." if engine.settings.folders else "."),
                allow_custom_value=True,
                elem_id="model",
            )
            compare = gr.Dropdown(
                short_choices(KNOWN_MODELS),
                value=list(FIRST.compare),
                label="Compare with",
                info=f"Up to {MOST_COMPARED} more models on the same sentence.",
                multiselect=True,
                max_choices=MOST_COMPARED,
                allow_custom_value=True,
                elem_id="compare",
            )
            with gr.Accordion("More", open=False, elem_id="more") as more:
                top_k = gr.Number(FIRST.top_k, label="How many words (top-k)", elem_id="top-k")
                targets = gr.Textbox(
                    FIRST.targets,
                    label="Targets",
                    info="Rank only these words, with commas between them.",
                    placeholder="capital, city, heart",
                    elem_id="targets",
                )
                joint = gr.Checkbox(
                    FIRST.joint,
                    label="Fill several masks together",
                    info="Beam search over the joint probability, 20 wide, from left to right.",
                    elem_id="joint",
                )
                precision = gr.Radio(
                    [("Automatic", "auto"), ("Exact", "exact"), ("Fast (int8)", "int8")],
                    value=FIRST.precision,
                    label="Arithmetic",
                    info="Fast: 8 and 16 bits, within a hundredth or two of the exact probability. Automatic takes it "
                    "on a processor, where only the most probable words are asked for.",
                    elem_id="precision",
                )
        with gr.Column(scale=3, min_width=320):
            view = gr.Radio(
                VIEWS, value=VIEWS[0], show_label=False, container=False, label="View", elem_id="view"
            )
            results = gr.HTML(js_on_load=None, elem_id="results")
            with gr.Row(elem_id="take-home"):
                copy = gr.Button("Copy link", size="sm", min_width=90, elem_id="copy-link")
                json_down = gr.Button("Download JSON", size="sm", min_width=90, elem_id="download-json")
                csv_down = gr.Button("Download CSV", size="sm", min_width=90, elem_id="download-csv")
            copied = gr.Textbox(
                label="Link to the answer shown", placeholder=" ", interactive=False, elem_id="link"
            )
            with gr.Accordion("Show code", open=False, elem_id="code"):
                plain = {"interactive": False, "wrap_lines": True, "lines": 1}
                python = gr.Code(label="Python, with transformers", language="python", **plain)
                shell = gr.Code(label="Shell, with this project", language="shell", **plain)
    with gr.Row():
        examples = [
            _examples("Examples, general", GENERAL_EXAMPLES, sentence),
            _examples("Examples, biomedical", BIOMEDICAL_EXAMPLES, sentence),
        ]
    answers = gr.State([])
    # Hidden and not stored anywhere: what the buttons above hand out in the browser.
    link, json_text, csv_text = (gr.Textbox(visible="hidden") for _ in range(3))
    queued = gr.Textbox(visible="hidden")  # changes when a question has to go through the queue
    typed = gr.Textbox(visible="hidden")  # changes when the typing pauses

    form = [sentence, model, compare, top_k, targets, joint, precision]
    shown = [results, answers, link, python, shell, json_text, csv_text, copied]

    def on_machine(name):
        return is_here(name, engine.catalogue)

    def question_of(text, name, others, k, words, together, arithmetic):
        top_k = k if k is not None else ""
        return Question(text, name or "", tuple(others or ()), top_k, words, together, arithmetic or "auto")

    def fill(request: gr.Request, *values, progress=gr.Progress()):
        """By the queue: with the progress of a load or a download, and with a message where there is an error."""
        *given, chosen_view, before, who = values
        question = question_of(*given)
        here = [on_machine(name) for name in question.models]
        try:
            limits.admit(request)
            result = ask(engine, question, chosen_view, lambda share, what: progress(share, desc=what))
        except MlmDemoError as error:
            return refusal(error, draw(before, chosen_view)), *(gr.skip(),) * (len(shown) + 1)
        fresh = (gr.skip(),) * 2
        if not all(here):  # a download changes what the pickers say
            models = offered(runs, who, question.models)
            fresh = gr.Dropdown(choices(models)), gr.Dropdown(short_choices(models))
        return *vars(result).values(), *fresh

    def fill_now(request: gr.Request, *values):
        """Past the queue, which costs more than an answer; by it if the models are still to come."""
        *given, chosen_view, before, _who = values
        try:
            limits.admit(request)
            question = question_of(*given)
            if answers_at_once(engine, question):
                return *vars(ask(engine, question, chosen_view)).values(), gr.skip()
        except MlmDemoError as error:
            return refusal(error, draw(before, chosen_view)), *(gr.skip(),) * len(shown)
        return *(gr.skip(),) * len(shown), secrets.token_hex(4)

    def fill_if_here(request: gr.Request, *values):
        _, name, others, *_ = values
        if not all(on_machine(name) for name in [name, *(others or ())]):  # a download waits for the button
            return (gr.skip(),) * (len(shown) + 1)
        return fill_now(request, *values)

    def fill_typed(request: gr.Request, following, link_shown, *values):
        """At a key: nothing is said of a sentence that is not finished yet, nor anew what is there with its notices."""
        *given, chosen_view, _before, _who = values
        try:
            question = question_of(*given)
            if following and link_of(question) != link_shown and follows_typing(engine, question):
                limits.admit(request)
                return tuple(vars(ask(engine, question, chosen_view)).values())
        except MlmDemoError:
            pass
        return (gr.skip(),) * len(shown)

    def open_form(who, request: gr.Request):
        return opened_form(engine, runs, dict(request.query_params), who)

    def open_page(chosen_view, request: gr.Request):
        try:
            limits.admit(request)
            result = first_answer(engine, dict(request.query_params), chosen_view)
        except LimitError as error:
            result = without_answer(refusal(error, ""))
        return tuple(vars(result).values())

    inputs = [*form, view, answers, owner]
    ask_for = {"inputs": inputs, "outputs": [*shown, model, compare]}
    ask_for |= {**ASKING, "show_progress_on": results, "api_visibility": "private"}
    ask_now = {"inputs": inputs, "outputs": [*shown, queued], **AT_ONCE}
    gr.on([run.click, sentence.submit, targets.submit, top_k.submit], fill_now, **ask_now)
    gr.on([model.input, compare.input, joint.input, precision.input], fill_if_here, **ask_now)
    queued.change(fill, **ask_for)
    sentence.change(  # `input` is not told of what is deleted
        None,
        typed,
        typed,
        js=browser.WHEN_TYPED,
        trigger_mode="multiple",
        api_visibility="private",
    )
    typed.change(fill_typed, [follow, link, *inputs], shown, trigger_mode="always_last", **AT_ONCE)
    for group, dataset in zip((GENERAL_EXAMPLES, BIOMEDICAL_EXAMPLES), examples, strict=True):
        dataset.click(
            lambda index, name, group=group: (group[index], _other_built_in(name), "", False),
            [dataset, model],
            [sentence, compare, targets, joint],
            **AT_ONCE,
        ).then(fill_now, **ask_now)
    view.change(draw, [answers, view], results, **AT_ONCE)
    demo.load(open_form, owner, [*form, link, more], **AT_ONCE)
    opened = demo.load(open_page, view, shown, show_progress_on=results, api_visibility="private")
    opened.then(fill_typed, [follow, link, *inputs], shown, **AT_ONCE)  # somebody may have typed meanwhile

    insert.click(None, sentence, sentence, js=browser.INSERT_MASK, api_visibility="private")
    copy.click(None, link, copied, js=browser.copy_link("copy-link"), api_visibility="private")
    json_down.click(None, json_text, js=browser.download("predictions.json", "application/json"))
    csv_down.click(None, csv_text, js=browser.download("predictions.csv", "text/csv"))
    return FillForm(sentence, model, compare, fill, ask_for)


def _examples(label: str, sentences: tuple[str, ...], sentence: gr.Textbox) -> gr.Dataset:
    return gr.Dataset(label=label, components=[sentence], samples=[[s] for s in sentences], type="index")


def _other_built_in(name: str) -> list[str]:
    """What an example is compared with: the other of the two models that it was chosen for."""
    return [other for other in BUILT_IN if other != name] if name in BUILT_IN else ["general"]
