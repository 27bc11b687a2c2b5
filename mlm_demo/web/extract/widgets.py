"""The widgets of the tab Extract; `tab.py` has their handlers."""

import gradio as gr

from mlm_demo.runs.tasks.extract import Extracting
from mlm_demo.web.background import Background
from mlm_demo.web.copied_link import CopiedLink
from mlm_demo.web.extract import javascript
from mlm_demo.web.extract.extractors import about_models, choices, first_name, offered
from mlm_demo.web.extract.papers import ABOUT_FILES, EMPTY
from mlm_demo.web.extract.threshold import ABOUT, FIRST_MEANING, FIRST_RANGE

NOTHING_YET = (
    '<p class="empty">Press an example to ask twenty sample papers, or add your own papers and ask them. Each paper '
    "gets a row: the answer, the sentence it stands in, and how relevant the model finds that sentence. Papers without "
    "an answer stay in the table.</p>"
)


class ExtractWidgets:
    """Draws the widgets of the tab as attributes."""

    def draw(self) -> None:
        """Draw them within the tab."""
        with gr.Row(equal_height=False):
            with gr.Column(scale=2, min_width=320):
                self._draw_form()
            with gr.Column(scale=5, min_width=320):
                self._draw_results()
        self.papers, self.sampled = gr.State([]), gr.State(False)
        self.extraction, self.verdicts = gr.State(None), gr.State({})
        self.calibrated, self.chosen = gr.State(0.0), gr.State({})
        # For the buttons in the browser; stored nowhere.
        self.link, self.download = gr.Textbox(visible="hidden"), gr.Textbox(visible="hidden")

    def _draw_form(self) -> None:
        self.questions = gr.Textbox(
            label="Questions",
            info="One per line, up to eight. Each becomes a column.",
            placeholder=self.example_questions[0],
            lines=2,
            max_lines=8,
            elem_id="extract-questions",
        )
        self.examples = gr.Dataset(
            label="Examples",
            components=[self.questions],
            samples=[[question] for question in self.example_questions],
            type="index",
        )
        self.files = gr.File(file_count="multiple", label="Papers", height=130, elem_id="extract-files")
        with gr.Row():
            size = {"size": "md", "min_width": 140}
            self.sample = gr.Button("Use the sample", elem_id="extract-sample", **size)
            self.clear = gr.Button("Remove papers", visible=False, elem_id="extract-clear", **size)
        self.about = gr.HTML(EMPTY, padding=False, js_on_load=None, elem_id="extract-papers")
        self.run = gr.Button("Extract", variant="primary", size="md", elem_id="extract-run")
        models = offered(self.service.runs, "")
        self.model = gr.Dropdown(
            choices(models),
            value=first_name(models),
            label="Model",
            info=about_models(models, self.service.settings),
            allow_custom_value=True,
            elem_id="extract-model",
        )
        self.threshold = gr.Slider(
            *FIRST_RANGE,
            0.0,
            step=0.1,
            label="Threshold for an answer",
            info=ABOUT,
            buttons=[],
            elem_id="extract-threshold",
        )
        self.meaning = gr.HTML(FIRST_MEANING, padding=False, js_on_load=None, elem_id="extract-meaning")
        gr.HTML(ABOUT_FILES, padding=False, js_on_load=None)

    def _draw_results(self) -> None:
        self.results = gr.HTML(
            NOTHING_YET,
            min_height=420,
            padding=False,
            js_on_load=javascript.TABLE,
            elem_id="extract-results",
            render=False,
        )
        self.background = Background(  # its buttons stand above
            self.service, {Extracting.name}, self.show_run, self.results, "extract", self.without_table
        )
        self.results.render()
        with gr.Row(visible=False, elem_classes="extract-out") as self.out:
            small = {"size": "sm", "min_width": 90}
            self.csv_down = gr.Button("Download CSV", elem_id="extract-csv", **small)
            self.lines_down = gr.Button("Download JSON lines", elem_id="extract-lines", **small)
            self.copy = gr.Button("Copy link", elem_id="extract-copy", **small)
        self.copied_link = CopiedLink(self.engine.settings)
        self.copied_link.draw("Link to these questions, without the papers", "extract-link")
        self.copied = self.copied_link.text
        with gr.Column(visible=False, elem_id="extract-verdicts") as self.judged:
            self.counted = gr.Markdown(elem_classes="quiet")
            with gr.Row(elem_classes="extract-out"):
                self.evidence_down = gr.Button(
                    "Download evidence examples", elem_id="extract-evidence", **small
                )
                self.answers_down = gr.Button("Download answer examples", elem_id="extract-answers", **small)
        self.paper = gr.HTML(padding=False, js_on_load=javascript.PAPER, elem_id="extract-paper")
