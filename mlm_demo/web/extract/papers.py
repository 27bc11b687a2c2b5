"""The papers of the tab: files that a person has uploaded, or the sample."""

import json
from collections.abc import Callable, Sequence
from functools import cache
from html import escape
from pathlib import Path

from mlm_demo.corpus.formats import describe_formats
from mlm_demo.corpus.papers import MAX_CHARACTERS, Paper, read_papers
from mlm_demo.errors import CorpusError, ParameterError
from mlm_demo.runs.service import RunService
from mlm_demo.settings import ASSETS
from mlm_demo.web.html import about_files
from mlm_demo.web.messages import notices

SAMPLE = ASSETS / "papers"
QUESTIONS = "questions.json"
NAMES_SHOWN = 3
ABOUT_FILES = about_files(
    "PDF, Word, PubMed, tables, plain text and many others, zipped too; each document is a paper. They stay on the "
    "machine that serves this page, in its memory until you close the page; the files are deleted once they are read.",
    [("All formats", f"Files can be {describe_formats()}.")],
)
EMPTY = '<p class="empty">No papers yet. Add files, or use the sample.</p>'


def read_files(
    service: RunService, files: Sequence[str], before: Sequence[Paper], on_progress: Callable[[str], None]
) -> tuple[list[Paper], list[str]]:
    """Return the papers of uploaded files after those that are there already, and notes on how they were read.

    Raises CorpusError, and ParameterError for more text than the page keeps.
    """
    found, noted = service.papers([Path(name) for name in files], on_progress)
    papers = [*before, *(Paper(*paper) for paper in found)]
    characters = sum(len(paper.text) for paper in papers)
    if characters > MAX_CHARACTERS:
        raise ParameterError(
            f"The papers have {characters:,} characters together; the limit is {MAX_CHARACTERS:,}. Remove those "
            "that are there, or use the command line."
        )
    return papers, noted


@cache
def sample() -> tuple[Paper, ...]:
    """Return the papers of the sample; raise CorpusError if this copy of the program has none."""
    files = sorted(SAMPLE.glob("*.txt"))
    if not files:
        raise CorpusError(
            "This copy of the program has no sample papers (assets/papers); add files of your own."
        )
    return tuple(read_papers(files)[0])


def examples() -> list[str]:
    """Return the questions that the page offers with the sample."""
    return json.loads((SAMPLE / QUESTIONS).read_text(encoding="utf-8"))


def papers_view(papers: Sequence[Paper], noted: Sequence[str] = ()) -> str:
    """Return as HTML how many papers there are, the titles of the first, and the notes."""
    if not papers:
        return EMPTY + notices(list(noted))
    sentences = sum(len(paper.sentences) for paper in papers)
    words = sum(len(paper.text.split()) for paper in papers)
    titles = "; ".join(paper.title for paper in papers[:NAMES_SHOWN])
    more = f"; and {len(papers) - NAMES_SHOWN:,} more" if len(papers) > NAMES_SHOWN else ""
    count = f"{len(papers):,} {'paper' if len(papers) == 1 else 'papers'}"
    return (
        f'<p class="papers"><b>{count}</b>, {sentences:,} sentences, {words:,} words</p>'
        f'<p class="facts" dir="auto">{escape(titles + more)}</p>{notices(list(noted))}'
    )
