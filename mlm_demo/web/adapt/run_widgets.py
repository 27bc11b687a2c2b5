"""The widgets of a run; `run_tab.py` has their handlers."""

import gradio as gr

from mlm_demo.web.adapt.ask_papers import AskPapers
from mlm_demo.web.adapt.phases import COUNTING
from mlm_demo.web.adapt.run_link import RunLink
from mlm_demo.web.adapt.run_name import RunName
from mlm_demo.web.adapt.search_papers import SearchPapers
from mlm_demo.web.adapt.share import ShareSlider


class RunWidgets:
    """Draws the widgets of a run as attributes."""

    def draw(self) -> None:
        """Draw them in the column that is open."""
        self.name = RunName()
        self.progress = gr.HTML(min_height=120, padding=False, js_on_load=COUNTING, elem_id="live")
        with gr.Row(elem_id="run-buttons"):
            size = {"size": "sm", "min_width": 110}
            self.stop_button = gr.Button("Stop", visible=False, elem_id="stop", **size)
            self.skip_button = gr.Button("Skip the evaluation", visible=False, elem_id="skip", **size)
            self.resume_button = gr.Button("Resume", visible=False, elem_id="resume", **size)
            self.use_button = gr.Button(
                "Use this model", variant="primary", visible=False, elem_id="use", **size
            )
            self.extract_button = gr.Button(
                "Use in Extract", variant="primary", visible=False, elem_id="use-extract", **size
            )
            self.ask_papers = AskPapers()
            self.teach_button = gr.Button("Teach it a task", visible=False, elem_id="teach-it", **size)
            self.copy_button = gr.Button("Copy link", elem_id="copy-run", **size)
            self.again_button = gr.Button("Start another", elem_id="again", **size)
            self.delete_button = gr.Button("Delete", visible=False, elem_id="delete", **size)
        # By the action of `RunState` that each needs.
        self.buttons = {
            "skip": self.skip_button,
            "resume": self.resume_button,
            "use": self.use_button,
            "extract": self.extract_button,
            "teach": self.teach_button,
            "delete": self.delete_button,
        }
        self.link = RunLink(self.copy_button)
        self.message = gr.HTML(padding=False, js_on_load=None, elem_id="run-message")
        self.share = ShareSlider()
        self.search = SearchPapers()
        self.sentence = gr.HTML(padding=False, js_on_load=None, elem_id="run-sentence")
        self.result = gr.HTML(padding=False, js_on_load=None, elem_id="run-result")
        with gr.Accordion("Corpus report", open=False, elem_id="run-corpus"):
            self.corpus = gr.HTML(padding=False, js_on_load=None)
        with gr.Accordion("Push to the Hub", open=False, visible=False, elem_id="push") as self.push_panel:
            self._draw_push()
        with gr.Accordion("Do the same in the shell", open=False, elem_id="run-shell"):
            self.shell = gr.Code(language="shell", interactive=False, wrap_lines=True, lines=1)

    def _draw_push(self) -> None:
        with gr.Row():
            self.repository = gr.Textbox(
                label="Repository",
                placeholder="owner/name",
                info="The model card and result.json quote sentences from the corpus.",
                elem_id="repo",
            )
            self.token = gr.Textbox(
                label="Access token with write permission",
                type="password",
                info="Sent to the Hub and stored nowhere.",
                elem_id="token",
            )
        self.send_button = gr.Button("Push as a private model", size="md", elem_id="send")
        self.pushed = gr.HTML(padding=False, js_on_load=None, elem_id="pushed")
