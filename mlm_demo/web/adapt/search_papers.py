"""Search the papers of a finished run by the model that it made."""

from html import escape

import gradio as gr

from mlm_demo.errors import CorpusError, MlmDemoError, ParameterError
from mlm_demo.inference.engine import Engine
from mlm_demo.runs.service import RunService
from mlm_demo.settings import Settings
from mlm_demo.web.event_options import EXTRACTING
from mlm_demo.web.html import bar
from mlm_demo.web.messages import refusal, reporter
from mlm_demo.web.server.rate_limits import RateLimits

Read = tuple[str, list]  # the id of a run, and its papers as `engine.search` takes them
ABOUT = "The ten sentences nearest to a query, by this model's vectors and the words in common."


class SearchPapers:
    """The widgets and their handler; read: the papers of the last query, so that the next one need not wait."""

    def __init__(self):
        with gr.Column(visible=False, elem_id="search-papers") as self.panel:
            self.query = gr.Textbox(
                label="Search your papers",
                info=ABOUT,
                placeholder="How do bees survive the winter?",
                lines=1,
                max_lines=1,
                submit_btn="Search",
                elem_id="search-query",
            )
            self.results = gr.HTML(padding=False, js_on_load=None, elem_id="search-results")
        self.read = gr.State(None)

    def show(self, can: frozenset[str]) -> dict:
        """Return the panel without results, which were another model's; can: actions of `RunState`."""
        return {self.panel: gr.Column(visible="search" in can), self.results: ""}

    def forget(self) -> dict:
        """Return the panel hidden, and nothing read: the files were removed."""
        return {**self.show(frozenset()), self.read: None}

    def search(
        self, query: str, id: str, owner: str, read: Read | None, request: gr.Request, progress=gr.Progress()
    ) -> dict:
        """Show the passages of the run's files that are nearest to a query; only to the owner of the run."""
        report = reporter(progress)
        try:
            self.limits.admit(request)
            if not self.service.require_owner(id, owner).files:
                raise CorpusError("The files of this run are no longer here, so they cannot be searched.")
            if not read or read[0] != id:
                papers, _ = self.service.papers_of(id, owner, lambda stage: report(0, stage or "Reading"))
                check_papers(papers, self.service.settings)
                read = id, papers
            found = self.engine.search(read[1], query, id, on_progress=report)
        except MlmDemoError as error:
            return {self.results: refusal(error, "")}
        return {self.results: passages_view(found["passages"]), self.read: read}

    def wire(
        self, service: RunService, engine: Engine, limits: RateLimits, run: list[gr.components.Component]
    ) -> None:
        """Connect the text box to the handler; run: the id of the run and the owner's secret."""
        self.service, self.engine, self.limits = service, engine, limits
        self.query.submit(
            self.search,
            [self.query, *run, self.read],
            [self.results, self.read],
            show_progress_on=self.results,
            api_visibility="private",
            **EXTRACTING,
        )


def check_papers(papers: list, settings: Settings) -> None:
    """Raise ParameterError if papers, as `engine.search` takes them, are more than the page searches at once."""
    characters = sum(len(text) for _, _, text, _ in papers)
    if len(papers) > settings.max_papers or characters > settings.max_paper_characters:
        raise ParameterError(
            f"The run has {len(papers):,} papers with {characters:,} characters, and the page searches at most "
            f"{settings.max_papers:,} with {settings.max_paper_characters:,}; use `search` on the command line."
        )


def passages_view(passages: list[dict]) -> str:
    """Return passages as a numbered list; a bar has the length of the similarity, none below 0."""
    items = "".join(
        f'<li><p class="from"><span class="document" dir="auto">{escape(one["document"])}</span>'
        f'{bar(max(0.0, one["similarity"]))}<span class="score">{one["similarity"]:.2f}</span></p>'
        f'<p class="passage" dir="auto">{escape(one["text"])}</p></li>'
        for one in passages
    )
    return f'<ol class="passages" aria-label="The nearest sentences, each with its similarity">{items}</ol>'
