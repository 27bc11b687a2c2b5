"""The widgets of the 'Fill mask' tab; `tab.py` has their handlers."""

import gradio as gr

from mlm_demo.inference.engine import Engine
from mlm_demo.models.catalogue import KNOWN_MODELS
from mlm_demo.runs.service import RunService
from mlm_demo.web.copied_link import CopiedLink
from mlm_demo.web.fill import javascript as fill_javascript
from mlm_demo.web.fill.answer import PAUSES, VIEWS
from mlm_demo.web.fill.examples import example_groups
from mlm_demo.web.fill.filled_file import FilledFile
from mlm_demo.web.fill.links import FIRST_SENTENCE, MAX_COMPARED, opening
from mlm_demo.web.fill.model_offer import ModelOffer
from mlm_demo.web.fill.words import word_row
from mlm_demo.web.model_choices import choices, short_choices
from mlm_demo.web.score.cancel import CancelableWork
from mlm_demo.web.server.rate_limits import RateLimits


class FillWidgets:
    """Draws the widgets as attributes. On a phone they stand below one another as they are drawn: question, answer,
    examples, options; where there is room, the style sheet puts examples and options beside question and answer.

    first: what the form shows.
    """

    def __init__(self, engine: Engine, service: RunService, limits: RateLimits):
        self.engine, self.service, self.runs, self.limits = engine, service, service.runs, limits
        self.first = opening(engine.default_model().name)

    def draw(self, owner: gr.BrowserState) -> None:
        """Draw them in the tab that is open; owner: the secret that the browser keeps."""
        with gr.Row(equal_height=False, elem_id="fill-parts"):
            with gr.Column(elem_id="fill-main"):
                with gr.Column(elem_id="fill-question"):
                    self._draw_question()
                with gr.Column(elem_id="fill-answer"):
                    self._draw_results()
            with gr.Column(elem_id="fill-side"):
                self.examples = gr.HTML(
                    example_groups(), padding=False, js_on_load=fill_javascript.EXAMPLES, elem_id="examples"
                )
                with gr.Column(elem_id="fill-options"):
                    self._draw_options()
        with gr.Accordion(
            "Fill a file of sentences or facts", open=False, elem_id="fill-file-box"
        ) as self.file_box:
            form = [self.model, self.compare, self.top_k, self.targets, self.joint, self.precision]
            self.file = FilledFile(self.engine, self.service, self.limits, CancelableWork()).draw(form, owner)
        self._draw_hidden()

    def _draw_question(self) -> None:
        self.sentence = gr.Textbox(
            self.first.text,
            label="Sentence",
            info="Put <mask> where you want a word. The answer follows your typing; Enter asks at once.",
            placeholder=FIRST_SENTENCE,
            lines=1,
            max_lines=8,
            elem_id="sentence",
            html_attributes=gr.InputHTMLAttributes(spellcheck=False),
        )
        self.words = gr.HTML(
            word_row(self.first.text), padding=False, js_on_load=fill_javascript.WORDS, elem_id="words"
        )
        with gr.Row(elem_id="ask-buttons"):
            self.insert = gr.Button("Insert mask", size="md", elem_id="insert", min_width=60)
            self.run = gr.Button("Fill", variant="primary", size="md", elem_id="fill", min_width=60)
            self.positions = gr.Button("Every position", size="md", elem_id="positions", min_width=60)
            self.influence = gr.Button("Why?", size="md", elem_id="influence", min_width=60)

    def _draw_options(self) -> None:
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
        with gr.Accordion("Options", open=False, elem_id="more") as self.more:
            self.follow = gr.Checkbox(
                True,
                label="Update as I type",
                info="Predict at each pause in your typing, once the model is loaded.",
                elem_id="follow",
            )
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
                label="Find the words that fit best together",
                info="For several blanks: the most probable words as a whole, by a beam search, 20 wide.",
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
            self.full_axis = gr.Checkbox(
                self.first.full_axis,
                label="Fixed axis, 0 to 1",
                info="Every chart goes up to a probability of 1, so the bars of different sentences can be compared.",
                elem_id="full-axis",
            )

    def _draw_results(self) -> None:
        self.answer_for = gr.HTML(padding=False, js_on_load=None, elem_id="answer-for")
        self.results = gr.HTML(js_on_load=fill_javascript.GUESSES, elem_id="results")
        with gr.Row(elem_id="answer-buttons"):
            self.view = gr.Radio(
                VIEWS, value=VIEWS[0], show_label=False, container=False, label="View", elem_id="view"
            )
            self.copy = gr.Button("Copy link", size="sm", min_width=90, elem_id="copy-link")
            self.json_down = gr.Button("Download JSON", size="sm", min_width=90, elem_id="download-json")
            self.csv_down = gr.Button("Download CSV", size="sm", min_width=90, elem_id="download-csv")
            self.present = gr.Button("Present", size="sm", min_width=90, elem_id="present")
        self.copied_link = CopiedLink(self.engine.settings)
        self.copied_link.draw("Link to the answer shown", "link")
        self.copied = self.copied_link.text
        with gr.Accordion("Show code", open=False, elem_id="code"):
            plain = {"interactive": False, "wrap_lines": True, "lines": 1}
            self.python = gr.Code(label="Python, with transformers", language="python", **plain)
            self.shell = gr.Code(label="Shell, with this project", language="shell", **plain)

    def _draw_hidden(self) -> None:
        self.answers = gr.State({})  # by the link of their question
        # For the copy and download buttons in the browser; stored nowhere.
        self.link, self.json, self.csv = (gr.Textbox(visible="hidden") for _ in range(3))
        self.queued = gr.Textbox(visible="hidden")  # changes when a question needs the queue
        self.typed = gr.Textbox(visible="hidden")  # changes when the typing pauses
        # An answer to typed text; the browser shows or drops it.
        self.typed_answer = gr.Textbox(visible="hidden")
        self.pause = gr.Number(PAUSES[0], visible="hidden")
        self.waiting = gr.Textbox(visible="hidden")
