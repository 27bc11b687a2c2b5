"""The 'Adapt' tab, until a run is started: the corpus, what is in it, the settings. `run_panel.py` has the rest."""

from dataclasses import dataclass
from html import escape
from pathlib import Path

import gradio as gr

from mlm_demo.corpus.formats import describe_formats
from mlm_demo.errors import MlmDemoError, TrainingError
from mlm_demo.runs.service import SAMPLE, RunService
from mlm_demo.runs.tasks.adapt import AdaptRequest
from mlm_demo.training.config import AdaptConfig
from mlm_demo.web import javascript as browser
from mlm_demo.web.adapt.progress import report
from mlm_demo.web.event_options import AT_ONCE
from mlm_demo.web.messages import refusal
from mlm_demo.web.model_choices import choices, offered
from mlm_demo.web.server.visitors import RateLimits

PRESETS = [("1 minute", 1), ("5 minutes", 5), ("30 minutes", 30)]
EMPTY = (
    '<p class="empty">Add files, or take the sample corpus: what is in them is told here before anything is '
    "trained.</p>"
)
DEFAULTS = AdaptConfig(minutes=1)


@dataclass(frozen=True)
class Setup:
    """What the run panel needs of this tab."""

    group: gr.Column
    started: gr.Textbox
    model: gr.Dropdown


def chosen(model, minutes, steps, rate, hidden, whole, batch, block, replay, column, seed) -> AdaptRequest:
    """The form as AdaptRequest; raises TrainingError for a value that cannot be used."""
    whole_numbers = {"max_steps": steps, "batch_size": batch, "block_size": block, "seed": seed}
    for name, value in whole_numbers.items():
        if value is not None and value != int(value):
            raise TrainingError(f"{name} is {value:g}; it must be a whole number.")
    named = {name: int(value) for name, value in whole_numbers.items() if value is not None}
    if not steps:
        named.pop("max_steps", None)
    budget = {} if "max_steps" in named else {"minutes": float(minutes)}
    if rate is not None:
        named["learning_rate"] = float(rate)
    if hidden is not None:
        named["mlm_probability"] = hidden / 100
    config = AdaptConfig(**budget, **named, whole_word=bool(whole), replay=0.1 if replay else 0.0)
    return AdaptRequest(config, model or "", (column or "").strip())


def read(
    service: RunService, files: list[str], before: str, choices: AdaptRequest, link: bool, on_progress
) -> tuple[str, dict]:
    """Add files to those of the draft before (none: read these again); returns the draft's id and what is in it.

    The sample is not mixed with a person's own files. Raises CorpusError, and the draft before is there as it was.
    """
    if not files:
        return before, service.report(before, choices, on_progress)
    names = service.staging.names(before)
    alone = SAMPLE.name in [*names, *(Path(name).name for name in files)]
    draft = service.staging.add([Path(name) for name in files], link=link, before="" if alone else before)
    try:
        found = service.report(draft, choices, on_progress)
    except MlmDemoError:
        service.staging.forget(draft)
        raise
    if before:
        service.staging.forget(before)
    return draft, found


def told(service: RunService, draft: str, found: dict, config: AdaptConfig) -> str:
    """What is in a draft, for a run with this budget, as HTML."""
    return report(found, service.staging.names(draft), config)


def adapt_setup(service: RunService, owner: gr.BrowserState, limits: RateLimits) -> Setup:
    """Draw the form and wire it."""
    settings = service.settings
    with gr.Column(elem_id="adapt-setup") as group:
        with gr.Row(equal_height=False):
            with gr.Column(scale=2, min_width=320):
                gr.Markdown("### 1 · Corpus", elem_classes="step")
                files = gr.File(
                    file_count="multiple", label="Files of your domain", height=150, elem_id="files"
                )
                with gr.Row():
                    small = {"size": "md", "min_width": 140}
                    sample = gr.Button("Use the sample corpus", elem_id="sample", **small)
                    clear = gr.Button("Remove the files", visible=False, elem_id="clear", **small)
                gr.Markdown(
                    f"Files can be {describe_formats()}. "
                    "The sample is 301 paragraphs on beekeeping. Your text stays on the machine that serves "
                    "this page. Files are deleted when the run is done, an hour after they came at the earliest, or "
                    "after a day if none is started; its result keeps up to 120 held-out sentences, as questions of "
                    "the exam.",
                    elem_classes="quiet",
                )
                model = gr.Dropdown(
                    choices(offered(service.runs, "")),
                    label="Start from",
                    value="general",
                    allow_custom_value=True,
                    elem_id="base",
                )
            with gr.Column(scale=3, min_width=320):
                gr.Markdown("### 2 · What is in it", elem_classes="step")
                found = gr.HTML(EMPTY, min_height=240, padding=False, js_on_load=None, elem_id="report")
        gr.Markdown("### 3 · Settings", elem_classes="step")
        with gr.Row(equal_height=False):
            with gr.Column(scale=2, min_width=320):
                minutes = gr.Radio(
                    [(words, value) for words, value in PRESETS if value <= settings.max_run_minutes],
                    value=1,
                    label="Time to train",
                    info="Reading and judging before and after come on top. Steps, under More, stand in for it.",
                    elem_id="minutes",
                )
                start = gr.Button("Start", variant="primary", size="md", interactive=False, elem_id="start")
                refused = gr.HTML(padding=False, js_on_load=None, elem_id="start-refused")
            with gr.Column(scale=3, min_width=320), gr.Accordion("More", open=False, elem_id="adapt-more"):
                options = _more()
    draft, content = gr.State(""), gr.State({})
    started = gr.Textbox(visible="hidden")  # not a State: the page's address is made from it in the browser
    form = [model, minutes, *options]

    def take(request, given, before, *values, link, progress=gr.Progress()):
        def on_progress(what):
            progress(None, desc=what or "Reading")

        try:
            limits.admit(request)
            on_progress("Reading")
            picked = chosen(*values)
            id, json = read(service, given, before, picked, link, on_progress)
        except MlmDemoError as error:
            names = service.staging.names(before)
            kept = f"<p>Kept from before: {escape(', '.join(names))}.</p>" if names else ""
            return (
                None,
                gr.skip(),
                gr.skip(),
                refusal(error, "") + kept,
                gr.Button(interactive=bool(names)),
                gr.skip(),
            )
        html = told(service, id, json, picked.config)
        return None, id, json, html, gr.Button(interactive=True), gr.Button(visible=True)

    def take_upload(request: gr.Request, given, before, *values, progress=gr.Progress()):
        return take(request, given or [], before, *values, link=True, progress=progress)

    def take_sample(request: gr.Request, before, *values, progress=gr.Progress()):
        return take(request, [str(SAMPLE)], before, *values, link=False, progress=progress)

    def read_again(request: gr.Request, before, *values, progress=gr.Progress()):
        if not before:
            return (gr.skip(),) * 6
        return take(request, [], before, *values, link=False, progress=progress)

    def another_budget(id, json, *values):
        try:
            return told(service, id, json, chosen(*values).config) if id else gr.skip()
        except MlmDemoError:  # Start says it
            return gr.skip()

    def remove_files(id):
        service.staging.forget(id)
        return "", {}, EMPTY, gr.Button(interactive=False), gr.Button(visible=False)

    def begin(request: gr.Request, id, who, *values):
        try:
            limits.admit(request)
            run = service.start(id, chosen(*values), who, limits.address(request))
        except MlmDemoError as error:
            return "", refusal(error, ""), *(gr.skip(),) * 5
        return run.id, "", "", {}, EMPTY, gr.Button(interactive=False), gr.Button(visible=False)

    emptied = [draft, content, found, start, clear]
    reading = {
        "outputs": [files, *emptied],
        "show_progress_on": found,
        "api_visibility": "private",
    }
    reading |= {"concurrency_id": "reading", "concurrency_limit": 2}
    files.upload(take_upload, [files, draft, *form], **reading)
    sample.click(take_sample, [draft, *form], **reading)
    gr.on([model.input, options[-2].submit], read_again, [draft, *form], **reading)
    steps, _, _, _, batch, *_ = options
    gr.on(
        [minutes.input, steps.input, batch.input], another_budget, [draft, content, *form], found, **AT_ONCE
    )
    clear.click(remove_files, draft, emptied, **AT_ONCE)
    start.click(
        begin,
        [draft, owner, *form],
        [started, refused, *emptied],
        api_visibility="private",
        show_progress="hidden",
    ).success(None, started, js=browser.SHOW_RUN, api_visibility="private")
    return Setup(group, started, model)


def _more() -> list:
    """The settings under 'More', in the order `chosen` takes them."""
    number = {"min_width": 140}
    with gr.Row():
        steps = gr.Number(
            0,
            label="Steps",
            info="Instead of a time; 0 for a time.",
            precision=None,
            elem_id="steps",
            **number,
        )
        rate = gr.Number(
            DEFAULTS.learning_rate,
            label="Learning rate",
            info="At most; warm-up, then down to 0.",
            elem_id="rate",
            **number,
        )
        hidden = gr.Number(
            DEFAULTS.mlm_probability * 100,
            label="Hidden, %",
            info="Share of the tokens to predict; in our trials 30 gave a little more than 15 for the same steps.",
            elem_id="hidden",
            **number,
        )
    with gr.Row():
        batch = gr.Number(
            DEFAULTS.batch_size, label="Batch size", info="Blocks a step.", elem_id="batch", **number
        )
        block = gr.Number(
            DEFAULTS.block_size, label="Block size", info="Tokens a block.", elem_id="block", **number
        )
        seed = gr.Number(0, label="Seed", info="What is held out and hidden.", elem_id="seed", **number)
    whole = gr.Checkbox(
        label="Hide whole words",
        info="All pieces of a word together: harder, and closer to what a word means.",
        elem_id="whole",
    )
    replay = gr.Checkbox(
        label="Replay general text, 10 %", info="So that less of it is forgotten.", elem_id="replay"
    )
    column = gr.Textbox(
        label="Column",
        info="Of a table or of JSON lines, where the text is; Enter reads again.",
        placeholder="guessed",
        elem_id="column",
    )
    return [steps, rate, hidden, whole, batch, block, replay, column, seed]
