"""The 'Score' tab: how much each word of a sentence surprises up to three models."""

import gradio as gr

from mlm_demo.errors import MlmDemoError
from mlm_demo.inference.engine import MAX_MODELS, Engine
from mlm_demo.models.catalogue import KNOWN_MODELS
from mlm_demo.web.event_options import AT_ONCE, SCORING
from mlm_demo.web.messages import notices, notices_of, refusal, reporter
from mlm_demo.web.model_choices import short_choices
from mlm_demo.web.server.rate_limits import RateLimits
from mlm_demo.web.surprisal import surprisals

EMPTY = '<p class="empty">Type a sentence and press Score to see how much each word surprises each model, in bits.</p>'
EXAMPLES = (
    "The patient was given insulin for her diabetes.",
    "The king was given insulin for his crown.",
)
METHODS = [
    ("Word by word: the scored token and the later tokens of its word (within-word)", "within_word"),
    ("Token by token: only the scored token (original)", "original"),
]


class ScoreTab:
    """Handlers on top, widgets and wiring below. `models` is the tab's model picker."""

    def __init__(self, engine: Engine, limits: RateLimits):
        self.engine, self.limits = engine, limits

    def score_sentence(
        self,
        text: str,
        models: list[str],
        method: str,
        before: list[dict],
        request: gr.Request,
        progress=gr.Progress(),
    ) -> dict:
        """Score the sentence; show an error above the previous scores."""
        try:
            self.limits.admit(request)
            scores = self.engine.score(
                text,
                models or [""],
                method=method,
                on_progress=reporter(progress),
            )["scores"]
        except MlmDemoError as error:
            return {self.results: refusal(error, draw(before))}
        return {self.results: draw(scores), self.scores: scores}

    def build(self) -> "ScoreTab":
        """Draw the tab and wire it, within gr.Blocks."""
        self._draw()
        self._wire()
        return self

    def _draw(self) -> None:
        with gr.Row(equal_height=False):
            with gr.Column(scale=2, min_width=320):
                self.sentence = gr.Textbox(
                    label="Sentence",
                    info="Without a mask. Press Enter to score.",
                    value=EXAMPLES[0],
                    lines=1,
                    max_lines=8,
                    elem_id="score-sentence",
                    html_attributes=gr.InputHTMLAttributes(spellcheck=False),
                )
                self.run = gr.Button("Score", variant="primary", size="md", elem_id="score")
                folder = " or folder" if self.engine.settings.folders else ""
                self.models = gr.Dropdown(
                    short_choices(KNOWN_MODELS),
                    value=["general", "biomedical"],
                    label="Models",
                    info=f"Up to {MAX_MODELS}: pick from the list or type a Hub id{folder}.",
                    multiselect=True,
                    max_choices=MAX_MODELS,
                    allow_custom_value=True,
                    elem_id="score-models",
                )
                with gr.Accordion("More", open=False, elem_id="score-more"):
                    self.method = gr.Radio(
                        METHODS, value="within_word", label="Tokens masked at a time", elem_id="method"
                    )
            with gr.Column(scale=3, min_width=320):
                self.results = gr.HTML(EMPTY, min_height=380, js_on_load=None, elem_id="score-results")
        self.examples = gr.Dataset(
            label="Examples", components=[self.sentence], samples=[[s] for s in EXAMPLES], type="index"
        )
        self.scores = gr.State([])

    def _wire(self) -> None:
        asking = {
            "fn": self.score_sentence,
            "inputs": [self.sentence, self.models, self.method, self.scores],
            "outputs": [self.results, self.scores],
            "show_progress_on": self.results,
            "api_visibility": "private",
            **SCORING,
        }
        gr.on([self.run.click, self.sentence.submit], **asking)
        self.examples.click(lambda index: EXAMPLES[index], self.examples, self.sentence, **AT_ONCE).then(
            **asking
        )


def draw(scores: list[dict]) -> str:
    """Return the notices and one figure per model; empty without scores."""
    return notices(notices_of(scores)) + surprisals(scores) if scores else ""
