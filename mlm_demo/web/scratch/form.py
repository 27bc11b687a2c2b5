"""The form that trains a model from scratch on the files of the tab Adapt, which shows the run."""

from collections.abc import Callable

import gradio as gr

from mlm_demo.errors import MlmDemoError, TrainingError
from mlm_demo.runs.service import RunService
from mlm_demo.runs.tasks.pretrain import PretrainRequest
from mlm_demo.training.pretraining.config import PretrainConfig
from mlm_demo.web import javascript
from mlm_demo.web.adapt.draft import column_of
from mlm_demo.web.event_options import AT_ONCE, QUIET
from mlm_demo.web.messages import refusal
from mlm_demo.web.server.rate_limits import RateLimits

PRESETS = [("1 minute", 1), ("5 minutes", 5), ("15 minutes", 15), ("40 minutes", 40)]
# The sizes of BERT-Tiny and BERT-Mini (arXiv 1908.08962), with vocabularies for a corpus of their size.
SIZES = {"small": {"layers": 2, "hidden": 128, "vocab_size": 4_000}, "medium": {}}
LABELS = [
    ("Small: 2 layers of 128, a vocabulary of 4,000", "small"),
    ("Medium: 4 layers of 256, a vocabulary of 8,000", "medium"),
]
ABOUT = (
    "Instead of adapting a model: learn a vocabulary from the files of step 1, and train a model that knows nothing "
    "but them. It takes millions of words and tens of minutes before such a toy fills in anything sensible; after one "
    "minute it has learned which words are frequent. The settings above do not apply, except the column with the text "
    "and the near duplicates."
)


class ScratchForm:
    """The widgets of the form, and a handler for each event; a handler returns the widgets that change.

    started, filled: of the form with the files, which the run replaces; emptied: returns that form without files.
    """

    def __init__(
        self,
        service: RunService,
        limits: RateLimits,
        *,
        started: gr.Textbox,
        filled: list,
        emptied: Callable[[], dict],
    ):
        self.service, self.limits = service, limits
        self.started, self.filled, self.emptied = started, filled, emptied
        with gr.Accordion("Train a model from scratch", open=False, elem_id="scratch"):
            gr.Markdown(ABOUT, elem_classes="quiet")
            with gr.Row(equal_height=False):
                self.size = gr.Radio(LABELS, value="small", label="Size", elem_id="scratch-size")
                limit = service.settings.max_run_minutes
                self.minutes = gr.Radio(
                    [(label, minutes) for label, minutes in PRESETS if minutes <= limit],
                    value=1,
                    label="Training time",
                    elem_id="scratch-minutes",
                )
            self.start = gr.Button(
                "Train from scratch", size="md", interactive=False, elem_id="scratch-start"
            )
            self.refused = gr.HTML(padding=False, js_on_load=None, elem_id="scratch-refused")

    # Handlers

    def allow_start(self, content: dict) -> dict:
        """Let a run start once the files have been read; content: their report, empty without."""
        return {self.start: gr.Button(interactive=bool(content))}

    def start_run(
        self,
        request: gr.Request,
        draft: str,
        owner: str,
        size: str,
        minutes: float,
        columns: list[str] | None,
        near: bool,
    ) -> dict:
        """Start a run with the files of the other form, and clear that form for the next one."""
        try:
            self.limits.admit(request)
            asked = PretrainRequest(pretrain_config(size, minutes, near=bool(near)), column_of(columns))
            run = self.service.start(draft, asked, owner, self.limits.address(request))
        except MlmDemoError as error:
            return {self.started: "", self.refused: refusal(error, "")}
        return {self.started: run.id, self.refused: "", **self.emptied()}

    # Wiring

    def wire(self, content: gr.State, inputs: list) -> None:
        """Connect the widgets' events to the handlers.

        content: the report on the files; inputs: the draft, the owner, the ticked columns and the near duplicates.
        """
        draft, owner, columns, near = inputs
        content.change(self.allow_start, content, self.start, **AT_ONCE)
        self.start.click(
            self.start_run,
            [draft, owner, self.size, self.minutes, columns, near],
            [self.started, self.refused, *self.filled],
            **QUIET,
        ).success(None, self.started, js=javascript.SHOW_RUN, api_visibility="private")


def pretrain_config(size: str, minutes: float, *, near: bool) -> PretrainConfig:
    """Return the options of a run of one of the SIZES; raises TrainingError for another one."""
    if size not in SIZES:
        raise TrainingError(f"The size is {size!r}; choose {' or '.join(SIZES)}.")
    return PretrainConfig(minutes=float(minutes), keep_near_duplicates=near, **SIZES[size])
