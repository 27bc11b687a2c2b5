"""The 'Score' tab: how much each word of a sentence surprises up to three models."""

import gradio as gr

from mlm_demo.errors import MlmDemoError
from mlm_demo.inference.engine import MAX_MODELS, Engine
from mlm_demo.models.catalogue import KNOWN_MODELS
from mlm_demo.web.event_options import AT_ONCE, SCORING
from mlm_demo.web.messages import notices, notices_of, refusal
from mlm_demo.web.model_choices import short_choices
from mlm_demo.web.server.rate_limits import RateLimits
from mlm_demo.web.surprisal import surprisals

EMPTY = (
    '<p class="empty">Type a sentence and press Score: each word gets the number of bits by which it '
    "surprises each model.</p>"
)
EXAMPLES = (
    "The patient was given insulin for her diabetes.",
    "The king was given insulin for his crown.",
)
METHODS = [
    (
        "Word by word: a word's later pieces are hidden with the one scored (within-word left to right)",
        "within_word",
    ),
    ("Piece by piece: every other piece stays visible (original)", "original"),
]


def draw(scores: list[dict]) -> str:
    """The notices and then a figure a model."""
    return notices(notices_of(scores)) + surprisals(scores) if scores else ""


def score_tab(engine: Engine, limits: RateLimits) -> gr.Dropdown:
    """Draw the tab and wire it; returns its model picker."""
    with gr.Row(equal_height=False):
        with gr.Column(scale=2, min_width=320):
            sentence = gr.Textbox(
                label="Sentence",
                info="Without a mask; Enter runs.",
                value=EXAMPLES[0],
                lines=1,
                max_lines=8,
                elem_id="score-sentence",
                html_attributes=gr.InputHTMLAttributes(spellcheck=False),
            )
            run = gr.Button("Score", variant="primary", size="md", elem_id="score")
            models = gr.Dropdown(
                short_choices(KNOWN_MODELS),
                value=["general", "biomedical"],
                label="Models",
                info=f"Up to {MAX_MODELS}, from the list or by a Hub id"
                + (" or folder." if engine.settings.folders else "."),
                multiselect=True,
                max_choices=MAX_MODELS,
                allow_custom_value=True,
                elem_id="score-models",
            )
            with gr.Accordion("More", open=False, elem_id="score-more"):
                method = gr.Radio(METHODS, value="within_word", label="What is hidden", elem_id="method")
        with gr.Column(scale=3, min_width=320):
            results = gr.HTML(EMPTY, min_height=380, js_on_load=None, elem_id="score-results")
    examples = gr.Dataset(
        label="Examples", components=[sentence], samples=[[s] for s in EXAMPLES], type="index"
    )

    scored = gr.State([])

    def show(request: gr.Request, text, names, chosen, before, progress=gr.Progress()):
        try:
            limits.admit(request)
            scores = engine.score(
                text, names or [""], method=chosen, on_progress=lambda share, what: progress(share, desc=what)
            )["scores"]
        except MlmDemoError as error:
            return refusal(error, draw(before)), gr.skip()
        return draw(scores), scores

    ask_for = {
        "inputs": [sentence, models, method, scored],
        "outputs": [results, scored],
    }
    ask_for |= {"show_progress_on": results, **SCORING, "api_visibility": "private"}
    gr.on([run.click, sentence.submit], show, **ask_for)
    examples.click(
        lambda index: EXAMPLES[index],
        examples,
        sentence,
        **AT_ONCE,
    ).then(show, **ask_for)
    return models
