"""The button of a finished run that leads to the tab Extract, whose built-in model answers questions from papers.

The model of the run is not asked: without a task it ranks sentences little better than shared words do
(docs/decisions/extract.md).
"""

from collections.abc import Sequence

import gradio as gr

from mlm_demo.corpus.papers import Paper
from mlm_demo.models.extractor import BUILT_IN
from mlm_demo.web.event_options import QUIET
from mlm_demo.web.extract import javascript
from mlm_demo.web.extract.extractors import built_in_model
from mlm_demo.web.extract.tab import ExtractTab

ADD_THEM_HERE = (
    '<p class="empty">This tab does not see the files of a run, so add the papers here, or use the sample. The '
    "built-in model answers; to ask one of yours, teach it a task on the tab Adapt first.</p>"
)


class AskPapers:
    """The widget and its handler."""

    def __init__(self):
        self.button = gr.Button(
            "Ask your papers", visible=False, elem_id="ask-papers", size="sm", min_width=110
        )

    def show(self, can: bool) -> dict:
        """Return the button, visible if there is a result and this copy has the built-in model."""
        return {self.button: gr.Button(visible=can and built_in_model() is not None)}

    def open_extract(self, papers: Sequence[Paper]) -> dict:
        """Open the tab Extract with its built-in model; papers: those that are there already."""
        about = {} if papers else {self.extract.about: ADD_THEM_HERE}
        return {self.extract.model: BUILT_IN, self.tabs: gr.Tabs(selected="extract"), **about}

    def wire(self, extract: ExtractTab, tabs: gr.Tabs) -> None:
        """Connect the button to the handler."""
        self.extract, self.tabs = extract, tabs
        shown = [extract.model, extract.about, tabs]
        self.button.click(self.open_extract, extract.papers, shown, **QUIET).then(
            None, js=javascript.FOCUS_PAPERS, api_visibility="private"
        )
