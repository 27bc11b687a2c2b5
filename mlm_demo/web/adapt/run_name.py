"""The name of a run, for its owner to change."""

from collections.abc import Callable

import gradio as gr

from mlm_demo.runs.names import MAX_CHARACTERS
from mlm_demo.web.event_options import QUIET


class RunName:
    """The widget: a text box with a button, for the owner alone; others read the name in the run's title."""

    def __init__(self):
        self.box = gr.Textbox(
            label="Name",
            info="The pickers, charts and My runs show it.",
            max_length=MAX_CHARACTERS,
            lines=1,
            max_lines=1,
            submit_btn="Rename",
            visible=False,
            elem_id="run-name",
        )

    def show(self, name: str, *, own: bool) -> dict:
        """Return the widget with a name; own: whether the person may change it."""
        return {self.box: gr.Textbox(name, visible=own)}

    def wire(self, rename: Callable, run: list, outputs: list) -> gr.events.Dependency:
        """Call rename(name, *run) on Enter and on the button; return the event."""
        return self.box.submit(rename, [self.box, *run], outputs, **QUIET)
