"""An extraction that takes too long to wait for: when it becomes a run, and what that run starts with."""

import tempfile
from collections.abc import Sequence
from pathlib import Path

from mlm_demo.corpus.papers import Paper
from mlm_demo.runs.run import Run
from mlm_demo.runs.tasks.extract import ExtractRequest, write_rows
from mlm_demo.settings import Settings, on_zero_gpu
from mlm_demo.web.background import Background
from mlm_demo.web.extract.links import Asked


def takes_long(papers: Sequence[Paper], questions: Sequence[str], settings: Settings) -> bool:
    """Return whether papers and questions are more than what is answered while a person waits."""
    characters = sum(len(paper.text) for paper in papers) * len(questions)
    too_many = len(papers) > settings.max_papers or characters > settings.max_paper_characters
    return too_many and not on_zero_gpu()  # there only a visitor's own event may train or extract


def start(
    background: Background,
    papers: Sequence[Paper],
    asked: ExtractRequest,
    owner: str,
    address: str,
) -> dict:
    """Put the questions into the queue and show how far they are; raises MlmDemoError."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / f"{len(papers):,} papers"
        write_rows(path, papers)
        draft = background.service.staging.add([path])
    try:
        return background.start(draft, asked, owner, address)
    finally:
        background.service.staging.forget(draft)


def asked_of(run: Run) -> Asked:
    """Return the form that a run was started with."""
    asked = ExtractRequest.from_json(run.request.request)
    return Asked("\n".join(asked.questions), asked.model, asked.threshold)
