"""The 'Fill mask' tab: plain functions on top, widgets and wiring below."""

import json
from collections.abc import Callable
from dataclasses import dataclass, replace

import gradio as gr

from mlm_demo.checkpoints import CATALOGUE
from mlm_demo.engine import Engine, Progress, silent
from mlm_demo.errors import MlmDemoError
from mlm_demo.ui import browser
from mlm_demo.ui.charts import charts
from mlm_demo.ui.guard import notices, notices_of, refusal
from mlm_demo.ui.links import FIRST_TOP_K, MOST_COMPARED, Question, page_address, read_link, write_link
from mlm_demo.ui.picker import choices, is_here, offered, short_choices
from mlm_demo.ui.snippets import pipeline_code, shell_line
from mlm_demo.ui.tables import csv, tables

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
VIEWS = ("Chart", "Table")


@dataclass(frozen=True)
class Shown:
    """What an answer puts on the page, in the order of the output components."""

    results: str
    answers: list[dict]
    link: str
    python: str
    shell: str
    json: str
    csv: str
    copied: str = ""  # the link shown belongs to the answer before


def ask(engine: Engine, question: Question, view: str, on_progress: Progress = silent) -> Shown:
    """Put a question to the engine and draw its answer."""
    answers = engine.compare(
        question.text,
        question.models,
        top_k=question.top_k,
        targets=question.targets,
        joint=question.joint,
        on_progress=on_progress,
    )["answers"]
    return Shown(
        results=draw(answers, view),
        answers=answers,
        link=page_address() + write_link(question),
        python=pipeline_code(question, answers[0]),
        shell=shell_line(question),
        json=json.dumps(
            answers[0] if len(answers) == 1 else {"answers": answers}, ensure_ascii=False, indent=2
        ),
        csv=csv(answers),
    )


def draw(answers: list[dict], view: str, told: tuple[str, ...] = ()) -> str:
    """The notices and then the charts or the tables."""
    if not answers:
        return ""
    return notices([*told, *notices_of(answers)]) + (tables(answers) if view == VIEWS[1] else charts(answers))


@dataclass(frozen=True)
class FillForm:
    """What other tabs need of this one: its fields, and the event that asks."""

    sentence: gr.Textbox
    model: gr.Dropdown
    compare: gr.Dropdown
    fill: Callable
    asks: dict


def first_answer(engine: Engine, query: dict, view: str) -> tuple[Question, Shown]:
    """Answer the page's link; where it cannot be answered, say why over the default model's answer."""
    question, told = read_link(query, max_characters=engine.settings.max_characters, runs=engine.runs)
    try:
        shown = ask(engine, question, view)
    except MlmDemoError as error:
        told.append(f"The link could not be answered. {error}")
        fallback, _ = read_link({}, max_characters=engine.settings.max_characters)
        shown = ask(engine, fallback, view)
        # The form keeps what the link asks, so that it can be put right; this says which sentence the chart is of.
        told.append(f"Shown instead: {fallback.text}")
    return question, replace(shown, results=draw(shown.answers, view, tuple(told))) if told else shown


def fill_tab(demo: gr.Blocks, engine: Engine, owner: gr.BrowserState) -> FillForm:
    """Draw the tab and wire it."""
    with gr.Row(equal_height=False):
        with gr.Column(scale=2, min_width=320):
            sentence = gr.Textbox(
                label="Sentence",
                info="Put <mask> where a word is to be predicted; Enter runs.",
                placeholder="Paris is the <mask> of France.",
                lines=1,
                max_lines=8,
                elem_id="sentence",
                html_attributes=gr.InputHTMLAttributes(spellcheck=False),
            )
            with gr.Row():
                insert = gr.Button("Insert mask", size="md", elem_id="insert", min_width=120)
                run = gr.Button("Fill", variant="primary", size="md", elem_id="fill", min_width=120)
            model = gr.Dropdown(
                choices(CATALOGUE),
                label="Model",
                info="Or type the id of a model on the Hub, or a folder.",
                allow_custom_value=True,
                elem_id="model",
            )
            compare = gr.Dropdown(
                short_choices(CATALOGUE),
                value=[],
                label="Compare with",
                info=f"Up to {MOST_COMPARED} more models on the same sentence.",
                multiselect=True,
                max_choices=MOST_COMPARED,
                allow_custom_value=True,
                elem_id="compare",
            )
            with gr.Accordion("More", open=False, elem_id="more") as more:
                top_k = gr.Number(label="How many words (top-k)", precision=None, elem_id="top-k")
                targets = gr.Textbox(
                    label="Targets",
                    info="Rank only these words, with commas between them.",
                    placeholder="capital, city, heart",
                    elem_id="targets",
                )
                joint = gr.Checkbox(
                    label="Fill several masks together",
                    info="Beam search over the joint probability, 20 wide, from left to right.",
                    elem_id="joint",
                )
        with gr.Column(scale=3, min_width=320):
            view = gr.Radio(
                VIEWS, value=VIEWS[0], show_label=False, container=False, label="View", elem_id="view"
            )
            results = gr.HTML(min_height=340, js_on_load=None, elem_id="results")
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

    form = [sentence, model, compare, top_k, targets, joint]
    shown = [results, answers, link, python, shell, json_text, csv_text, copied]

    def fill(text, name, others, k, words, together, chosen_view, before, who, progress=gr.Progress()):
        question = Question(
            text, name or "", tuple(others or ()), k if k is not None else "", words, together
        )
        here = [is_here(n, engine.runs) for n in question.models]
        try:
            result = ask(engine, question, chosen_view, lambda share, what: progress(share, desc=what))
        except MlmDemoError as error:
            return refusal(error, draw(before, chosen_view)), *(gr.skip(),) * (len(shown) + 1)
        fresh = (gr.skip(),) * 2
        if not all(here):  # a download changes what the pickers say
            models = offered(engine.runs, who, question.models)
            fresh = gr.Dropdown(choices(models)), gr.Dropdown(short_choices(models))
        return *vars(result).values(), *fresh

    def fill_if_here(text, name, others, *rest, progress=gr.Progress()):
        if not all(
            is_here(n, engine.runs) for n in [name, *(others or ())]
        ):  # a download waits for the button
            return (gr.skip(),) * (len(shown) + 2)
        return fill(text, name, others, *rest, progress=progress)

    def open_page(chosen_view, who, request: gr.Request):
        question, result = first_answer(engine, dict(request.query_params), chosen_view)
        models = offered(engine.runs, who, question.models)
        values = (
            question.text,
            gr.Dropdown(choices(models), value=question.model),
            gr.Dropdown(short_choices(models), value=list(question.compare)),
            question.top_k,
            question.targets,
            question.joint,
        )
        unusual = question.joint or bool(question.targets) or question.top_k != FIRST_TOP_K
        return *values, *vars(result).values(), gr.Accordion(open=unusual)

    ask_for = {
        "inputs": [*form, view, answers, owner],
        "outputs": [*shown, model, compare],
        "concurrency_id": "model",
    }
    ask_for |= {"concurrency_limit": 8, "show_progress_on": results, "api_visibility": "private"}
    gr.on([run.click, sentence.submit, targets.submit, top_k.submit], fill, **ask_for)
    gr.on([model.input, compare.input, joint.input], fill_if_here, **ask_for)
    for group, dataset in zip((GENERAL_EXAMPLES, BIOMEDICAL_EXAMPLES), examples, strict=True):
        dataset.click(
            lambda index, name, group=group: (group[index], _other_built_in(name), "", False),
            [dataset, model],
            [sentence, compare, targets, joint],
            queue=False,
            show_progress="hidden",
            api_visibility="private",
        ).then(fill, **ask_for)
    view.change(draw, [answers, view], results, queue=False, show_progress="hidden", api_visibility="private")
    demo.load(
        open_page, [view, owner], [*form, *shown, more], show_progress_on=results, api_visibility="private"
    )

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
