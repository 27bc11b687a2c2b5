"""Read uploaded papers in a child process, as `reader.py` does for a corpus."""

from collections.abc import Callable, Mapping
from pathlib import Path

from mlm_demo.corpus.documents import ReadLimits
from mlm_demo.corpus.papers import PaperFiles, read_papers
from mlm_demo.runs.launcher import Launch
from mlm_demo.runs.reader import read_in_child
from mlm_demo.runs.run import input_files
from mlm_demo.settings import Settings

MAX_PAPERS = 100
MAX_CHARACTERS = 4_000_000  # of all papers together: a hundred of 6,000 words


def papers_in_child(
    launch: Launch, draft: str, environment: Mapping[str, str], on_progress: Callable[[str], None]
) -> PaperFiles:
    """Return the papers of a draft; raises CorpusError with the child's error message."""
    return PaperFiles.from_json(read_in_child(launch, "read-papers", draft, environment, on_progress))


def papers_of_draft(draft: Path, settings: Settings) -> dict:
    """Read the papers in a draft's folder and return them as JSON; runs in the child. Raises CorpusError."""
    files, limits = input_files(draft), ReadLimits.of(settings)
    found = read_papers(files, max_papers=MAX_PAPERS, max_characters=MAX_CHARACTERS, limits=limits)
    return found.to_json()
