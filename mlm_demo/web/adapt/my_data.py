"""Delete all that one person has here: runs, their models, and files that wait for a run."""

from collections.abc import Callable, Sequence
from html import escape
from typing import Protocol

import gradio as gr

from mlm_demo.errors import MlmDemoError
from mlm_demo.runs.service import Deleted, RunService
from mlm_demo.web import javascript
from mlm_demo.web.event_options import QUIET
from mlm_demo.web.messages import refusal


class Emptied(Protocol):
    """A part of the page that quotes runs or their files; filled: the widgets of `emptied`."""

    filled: list

    def emptied(self) -> dict:
        """Return the widgets as the page opens."""


class MyData:
    """The widgets: a button that asks first, and what was deleted.

    emptied: returns what this tab shows to the owner of nothing.
    """

    def __init__(self, service: RunService, emptied: Callable[[str], dict]):
        self.service, self.emptied = service, emptied
        with gr.Row(elem_id="my-data", equal_height=False):
            self.button = gr.Button(
                "Delete all my data", variant="stop", size="sm", scale=0, min_width=160, elem_id="delete-all"
            )
            self.message = gr.HTML(padding=False, js_on_load=None, elem_id="deleted")
        self.confirmed = gr.Checkbox(visible="hidden")

    def delete(self, confirmed: bool, owner: str) -> dict:
        """Delete everything of this person, once they have confirmed it, and say what that was."""
        if not confirmed:
            return gr.skip()
        try:
            deleted = self.service.delete_all(owner)
        except MlmDemoError as error:
            return {self.message: refusal(error, ""), **self.emptied(owner)}
        shown = {self.message: f'<p role="status">{escape(deleted_sentence(deleted))}</p>'}
        for part in self.parts:
            shown |= part.emptied()
        return {**shown, **self.emptied(owner)}

    def wire(self, owner: gr.BrowserState, outputs: list, parts: Sequence[Emptied]) -> gr.events.Dependency:
        """Connect the button to the handler, and return the last event.

        outputs: the widgets of `emptied`; parts: those of other tabs, which are emptied too.
        """
        self.parts = parts
        outputs = [self.message, *outputs, *(widget for part in parts for widget in part.filled)]
        asked = self.button.click(
            None,
            self.confirmed,
            self.confirmed,
            js=javascript.CONFIRM_DELETE_ALL,
            api_visibility="private",
        )
        return asked.then(self.delete, [self.confirmed, owner], outputs, **QUIET)


def deleted_sentence(deleted: Deleted) -> str:
    """Return what was deleted, as one or two sentences."""
    parts = []
    if deleted.runs:
        parts.append(
            "1 run with its files and its model"
            if deleted.runs == 1
            else f"{deleted.runs:,} runs with their files and models"
        )
    if deleted.drafts:
        parts.append("the files that waited for a run")
    done = f"Deleted: {' and '.join(parts)}." if parts else ""
    going = ""
    if deleted.going:
        these = "1 run is" if deleted.going == 1 else f"{deleted.going:,} runs are"
        going = f"{these} still running, and will be deleted as soon as the training has stopped."
    return " ".join(filter(None, [done, going])) or "There was nothing to delete."
