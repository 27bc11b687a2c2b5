"""The buttons of a finished run that ask its files in the tab Extract, and that delete them.

The built-in model answers, not the run's: without a task it ranks sentences little better than shared words do
(docs/decisions/extract.md).
"""

from html import escape

import gradio as gr

from mlm_demo.corpus.papers import Paper
from mlm_demo.errors import MlmDemoError
from mlm_demo.models.extractor import BUILT_IN
from mlm_demo.runs.service import RunService
from mlm_demo.web.adapt.search_papers import SearchPapers
from mlm_demo.web.event_options import QUIET
from mlm_demo.web.extract import javascript
from mlm_demo.web.extract.extractors import built_in_model
from mlm_demo.web.extract.tab import ExtractTab
from mlm_demo.web.extract.verdicts import Verdicts
from mlm_demo.web.messages import refusal
from mlm_demo.web.server.rate_limits import RateLimits

ADD_THEM_HERE = (
    '<p class="empty">The files of that run are not here: they are kept for a day after it, for its owner. Add the '
    "papers here, or use the sample.</p>"
)
READ = "Papers of the run. The built-in model answers; to ask one of yours, teach it a task on the tab Adapt first."


class AskPapers:
    """The widgets and their handlers."""

    def __init__(self):
        size = {"size": "sm", "min_width": 110, "visible": False}
        self.button = gr.Button("Ask your papers", elem_id="ask-papers", **size)
        self.remove = gr.Button("Remove files", elem_id="remove-run-files", **size)

    def show(self, can: frozenset[str]) -> dict:
        """Return the buttons; can: actions of `RunState`. Without a built-in model nothing can be asked."""
        return {
            self.button: gr.Button(visible="ask" in can and built_in_model() is not None),
            self.remove: gr.Button(visible="remove" in can),
        }

    def open_extract(self) -> dict:
        """Open the tab Extract with its built-in model."""
        return {self.extract.model: BUILT_IN, self.tabs: gr.Tabs(selected="extract")}

    def read_papers(
        self, id: str, owner: str, verdicts: Verdicts, request: gr.Request, progress=gr.Progress()
    ) -> dict:
        """Take the files of the run in place of the papers that are there."""
        try:
            self.limits.admit(request)
            run = self.service.runs.find(id)
            if not self.service.is_owner(run, owner) or not run.files:
                return {self.extract.about: ADD_THEM_HERE}
            found, noted = self.service.papers_of(id, owner, lambda stage: progress(None, desc=stage))
        except MlmDemoError as error:
            return {self.extract.about: refusal(error, "")}
        papers = [Paper(*paper) for paper in found]
        return self.extract.show_papers(papers, [READ, *noted], verdicts, request, sampled=False)

    def remove_files(self, id: str, owner: str) -> dict:
        """Delete the files of the run, and say so."""
        try:
            names = ", ".join(self.service.delete_files(id, owner))
        except MlmDemoError as error:
            return {self.message: refusal(error, "")}
        said = f"Deleted: {escape(names)}. The model stays." if names else "They were deleted before."
        return {
            self.message: f'<p role="status">{said}</p>',
            self.button: gr.Button(visible=False),
            self.remove: gr.Button(visible=False),
            **self.search.forget(),
        }

    def wire(
        self,
        service: RunService,
        limits: RateLimits,
        run: list[gr.components.Component],
        message: gr.HTML,
        search: SearchPapers,
        extract: ExtractTab,
        tabs: gr.Tabs,
    ) -> None:
        """Connect the buttons to the handlers; run: the id of the run and the owner's secret."""
        self.service, self.limits, self.message, self.search = service, limits, message, search
        self.extract, self.tabs = extract, tabs
        self.button.click(self.open_extract, None, [extract.model, tabs], **QUIET).then(
            self.read_papers,
            [*run, extract.verdicts],
            extract.of_papers,
            show_progress_on=extract.about,
            api_visibility="private",
            concurrency_id="reading",
            concurrency_limit=2,
        ).then(None, js=javascript.FOCUS_PAPERS, api_visibility="private")
        removed = [message, self.button, self.remove, search.panel, search.results, search.read]
        self.remove.click(self.remove_files, run, removed, **QUIET)
