"""The 'Score' tab: how much each word of a sentence surprises up to three models."""

from html import escape

import gradio as gr

from mlm_demo.engine import MAX_MODELS, Engine
from mlm_demo.ui.guard import on_page
from mlm_demo.ui.picker import short_choices
from mlm_demo.ui.surprisal import surprisals

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


def score(engine: Engine, text: str, models: list[str], method: str, on_progress=None) -> str:
    """Score a sentence and draw the result."""
    named = {"on_progress": on_progress} if on_progress else {}
    scores = engine.score(text, models, method=method, **named)["scores"]
    told = dict.fromkeys(notice for score in scores for notice in score["notices"])
    items = "".join(f'<li dir="auto">{escape(notice)}</li>' for notice in told)
    return (f'<ul class="notices" role="status">{items}</ul>' if items else "") + surprisals(scores)


def score_tab(engine: Engine) -> None:
    """Draw the tab and wire it."""
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
                short_choices(),
                value=["general", "biomedical"],
                label="Models",
                info=f"Up to {MAX_MODELS}, from the list or by a Hub id or folder.",
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

    @on_page
    def show(text, names, chosen, progress=gr.Progress()):
        return score(engine, text, names or [""], chosen, lambda share, what: progress(share, desc=what))

    ask_for = {"inputs": [sentence, models, method], "outputs": results, "concurrency_id": "model"}
    ask_for |= {"concurrency_limit": 8, "api_visibility": "private"}
    gr.on([run.click, sentence.submit], show, **ask_for)
    examples.click(
        lambda index: EXAMPLES[index],
        examples,
        sentence,
        queue=False,
        show_progress="hidden",
        api_visibility="private",
    ).then(show, **ask_for)
