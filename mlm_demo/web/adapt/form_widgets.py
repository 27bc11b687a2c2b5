"""Draw the fields of the form on the Adapt tab: files, base model, training time and options."""

import gradio as gr

from mlm_demo.corpus.formats import describe_formats
from mlm_demo.runs.service import RunService
from mlm_demo.training.config import AdaptConfig
from mlm_demo.web.adapt.draft import REPLAY
from mlm_demo.web.adapt.file_list import CROSSES
from mlm_demo.web.html import about_files
from mlm_demo.web.model_choices import choices, offered

PRESETS = [("1 minute", 1), ("5 minutes", 5), ("30 minutes", 30)]
ABOUT_FILES = (
    "PDF, Word, tables, plain text and many others, zipped too; the sample corpus is 681 paragraphs about beekeeping. "
    "Your text stays on {where}."
)
FORMATS = f"Files can be {describe_formats()}."
DELETION = (
    "Your files are deleted a day after the run is done, or when you remove them; those of a run that is stopped or "
    "fails are kept for Resume until you delete it. Without a run, they are deleted when you remove them, or else "
    "after a day. The result keeps up to 120 held-out sentences as exam questions."
)
HERE = "the machine that serves this page"
IN_CLUSTER = f"{HERE} and in the cluster that trains for it"


class FormWidgets:
    """The fields, which `form.AdaptForm` connects to its handlers."""

    service: RunService

    def draw_corpus(self) -> None:
        """Draw the files and the base model."""
        gr.Markdown("### 1 · Corpus", elem_classes="step")
        self.files = gr.File(file_count="multiple", label="Your files", height=150, elem_id="files")
        self.listed = gr.HTML(padding=False, js_on_load=CROSSES, elem_id="draft-files")
        with gr.Row():
            size = {"size": "md", "min_width": 140}
            self.sample = gr.Button("Use the sample corpus", elem_id="sample", **size)
            self.clear = gr.Button("Remove files", visible=False, elem_id="clear", **size)
        where = HERE if self.service.trains_here else IN_CLUSTER
        folded = {"All formats": FORMATS, "When your files are deleted": DELETION}
        gr.HTML(about_files(ABOUT_FILES.format(where=where), folded.items()), padding=False, js_on_load=None)
        self.model = gr.Dropdown(
            choices(offered(self.service.runs, "")),
            label="Base model",
            value="general",
            allow_custom_value=True,
            elem_id="base",
        )

    def draw_start(self) -> None:
        """Draw the training time and Start."""
        limit = self.service.settings.max_run_minutes
        self.minutes = gr.Radio(
            [(label, minutes) for label, minutes in PRESETS if minutes <= limit],
            value=1,
            label="Training time",
            info="Reading and evaluation take extra time. To set a number of steps instead, open Options.",
            elem_id="minutes",
        )
        self.start = gr.Button("Start", variant="primary", size="md", interactive=False, elem_id="start")
        self.refused = gr.HTML(padding=False, js_on_load=None, elem_id="start-refused")

    def draw_more(self) -> None:
        """Draw the options that few need."""
        with gr.Row():
            self.steps = _number(
                0, "Steps", "If above 0, train for this many steps instead of a time.", "steps"
            )
            self.rate = _number(
                AdaptConfig.learning_rate,
                "Learning rate",
                "The peak, after a linear warm-up; it then falls to a third of it.",
                "rate",
            )
            self.masked = _number(
                AdaptConfig.mlm_probability * 100,
                "Masked tokens, %",
                "Share of tokens to predict; in the last fifth of the training, 15 at most.",
                "masked",
            )
        with gr.Row():
            self.batch = _number(AdaptConfig.batch_size, "Batch size", "Blocks per step.", "batch")
            self.block = _number(AdaptConfig.block_size, "Block size", "Tokens per block.", "block")
            self.seed = _number(
                AdaptConfig.seed, "Seed", "Decides which text is held out and masked.", "seed"
            )
        self.whole = gr.Checkbox(
            label="Whole-word masking",
            info="Mask all tokens of a word together: harder, and closer to what the word means.",
            elem_id="whole",
        )
        self.replay = gr.Checkbox(
            label=f"Replay general text, {REPLAY:.0%}",
            info="Mixed into your text, so that the model forgets less general English.",
            elem_id="replay",
        )
        self.near = gr.Checkbox(
            label="Keep near duplicates",
            info="Paragraphs that are nearly the same as earlier ones.",
            elem_id="near",
        )


def _number(value: float, label: str, info: str, elem_id: str) -> gr.Number:
    return gr.Number(value, label=label, info=info, precision=None, min_width=140, elem_id=elem_id)
