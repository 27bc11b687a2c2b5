"""The papers of the tab: files that a person has uploaded, or the sample."""

from collections.abc import Callable, Sequence
from functools import cache
from html import escape
from pathlib import Path

from mlm_demo.corpus.papers import PaperFiles, read_papers
from mlm_demo.errors import CorpusError
from mlm_demo.inference.extract.paper import Paper
from mlm_demo.runs.paper_reader import MAX_CHARACTERS, MAX_PAPERS
from mlm_demo.runs.service import RunService
from mlm_demo.settings import ASSETS

SAMPLE = ASSETS / "papers"
NAMES_SHOWN = 3
MAX_WORK = 8_000_000  # characters of all papers, times the questions: minutes on two cores
EMPTY = '<p class="empty">No papers yet. Add files, or use the sample.</p>'


def read_files(
    service: RunService, files: Sequence[str], before: Sequence[Paper], on_progress: Callable[[str], None]
) -> tuple[list[Paper], list[str]]:
    """Return the papers of uploaded files after those that are there already, and notes on how they were read.

    The files are read by a child process, because they may be malicious, and not kept. Raises CorpusError.
    """
    draft = service.staging.add([Path(name) for name in files], link=True)
    try:
        found = service.papers(draft, on_progress)
    finally:
        service.staging.forget(draft)
    papers = [*before, *_papers(found)]
    if len(papers) > MAX_PAPERS:
        raise CorpusError(
            f"There would be {len(papers):,} papers, and the page reads at most {MAX_PAPERS:,} at once; remove some, "
            "or add fewer."
        )
    if (characters := sum(len(paper.text) for paper in papers)) > MAX_CHARACTERS:
        raise CorpusError(
            f"The papers would have {characters:,} characters, and the page reads at most {MAX_CHARACTERS:,} at once; "
            "remove some, or add shorter ones."
        )
    return papers, found.notes


@cache
def sample() -> tuple[Paper, ...]:
    """Return the papers of the sample; raise CorpusError if this copy has none."""
    files = sorted(SAMPLE.glob("*.txt"))
    if not files:
        raise CorpusError(
            "This copy of the program has no sample papers (assets/papers); add files of your own."
        )
    return tuple(_papers(read_papers(files, max_papers=MAX_PAPERS, max_characters=MAX_CHARACTERS)))


def check_work(papers: Sequence[Paper], questions: Sequence[str]) -> None:
    """Raise CorpusError if answering all questions would take too long for the page."""
    characters = sum(len(paper.text) for paper in papers)
    if characters * len(questions) > MAX_WORK:
        most = MAX_WORK // max(1, characters)
        raise CorpusError(
            f"{len(questions)} questions about {characters:,} characters are more than the page answers at once "
            f"(limit: {MAX_WORK:,} characters for all questions together); ask {most} at a time, or use fewer papers."
        )


def papers_view(papers: Sequence[Paper], notes: Sequence[str] = ()) -> str:
    """Return as HTML how many papers there are, the first of them, and the notes."""
    if not papers:
        return EMPTY
    sentences = sum(len(paper.sentences) for paper in papers)
    words = sum(len(paper.text.split()) for paper in papers)
    names = "; ".join(paper.title for paper in papers[:NAMES_SHOWN])
    more = f"; and {len(papers) - NAMES_SHOWN:,} more" if len(papers) > NAMES_SHOWN else ""
    count = f"{len(papers):,} {'paper' if len(papers) == 1 else 'papers'}"
    items = "".join(f'<li dir="auto">{escape(note)}</li>' for note in dict.fromkeys(notes))
    noted = f'<ul class="notices">{items}</ul>' if items else ""
    return (
        f'<p class="papers"><b>{count}</b>, {sentences:,} sentences, {words:,} words</p>'
        f'<p class="facts" dir="auto">{escape(names + more)}</p>{noted}'
    )


def _papers(found: PaperFiles) -> list[Paper]:
    return [Paper.of(paper.document, paper.title, paper.text, paper.sentences) for paper in found.papers]
