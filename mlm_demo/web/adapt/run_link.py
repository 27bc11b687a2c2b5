"""The link to a run: its button, its text, and below it who can open it."""

import gradio as gr

from mlm_demo.settings import Settings
from mlm_demo.web import javascript
from mlm_demo.web.copied_link import reach
from mlm_demo.web.event_options import QUIET
from mlm_demo.web.fill.links import page_address


class RunLink:
    """The widgets and their handler."""

    def __init__(self, button: gr.Button):
        """button: copies the link; drawn elsewhere."""
        self.button = button
        self.text = gr.Textbox(
            label="Anyone with this link can view the run and use its model",
            interactive=False,
            visible=False,
            elem_id="run-link",
        )
        self.reach = gr.HTML(padding=False, js_on_load=None, elem_classes="reach")
        self.widgets = [self.text, self.reach]

    def hide(self) -> dict:
        """Return the widgets without a link."""
        return {self.text: gr.Textbox("", visible=False), self.reach: ""}

    def show(self, id: str) -> dict:
        """Show the link to a run, which the browser then copies."""
        address = f"{page_address()}?run={id}"
        return {self.text: gr.Textbox(address, visible=True), self.reach: reach(address, self.settings.host)}

    def wire(self, current: gr.Textbox, settings: Settings) -> None:
        """Connect the button to the handler; current: holds the id of the run."""
        self.settings = settings
        self.button.click(self.show, current, self.widgets, **QUIET).then(
            None, self.text, self.text, js=javascript.copy_link("copy-run"), api_visibility="private"
        )
