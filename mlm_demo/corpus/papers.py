"""Read files as papers: the title, the text and the sentences of each document, one paper per document."""

import re
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path

from mlm_demo.corpus.documents import Dropped, ReadLimits
from mlm_demo.corpus.formats import read_documents
from mlm_demo.corpus.sentences import split_sentences
from mlm_demo.errors import CorpusError

MAX_TITLE_CHARACTERS = 250
HEADING = re.compile(r"#{1,6}\s+")


@dataclass(frozen=True)
class PaperText:
    """A paper: where it is from, its title, its text, and the (start, end) characters of its sentences after the title.

    document: such as "papers.csv, row 12".
    """

    document: str
    title: str
    text: str
    sentences: tuple[tuple[int, int], ...]

    @classmethod
    def of(cls, document: str, text: str) -> "PaperText":
        """Find the title and the sentences of a text."""
        title, end = title_of(text)
        body = tuple((start, stop) for start, stop in split_sentences(text) if start >= end)
        return cls(document, title or document, text, body)


@dataclass(frozen=True)
class PaperFiles:
    """The papers of some files, and what a person should know about how they were read."""

    papers: list[PaperText] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)

    def to_json(self) -> dict:
        """Return all fields as JSON."""
        return asdict(self)

    @classmethod
    def from_json(cls, fields: dict) -> "PaperFiles":
        """Read what `to_json` has written."""
        papers = [
            PaperText(**{**paper, "sentences": tuple(map(tuple, paper["sentences"]))})
            for paper in fields["papers"]
        ]
        return cls(papers, fields["notes"])


def read_papers(
    paths: Sequence[Path],
    *,
    max_papers: int,
    max_characters: int,
    limits: ReadLimits | None = None,
    column: str | None = None,
) -> PaperFiles:
    """Read the papers of files; raise CorpusError for a file that cannot be read, for no text, and for too much."""
    found, characters = PaperFiles(), 0
    for path in paths:
        for item in read_documents(path, column=column, limits=limits or ReadLimits(), notes=found.notes):
            if isinstance(item, Dropped):
                found.notes.append(f"Skipped: {item.source}: {item.reason}.")
                continue
            found.papers.append(PaperText.of(item.source, item.text))
            characters += len(item.text)
            if len(found.papers) > max_papers:
                raise CorpusError(
                    f"There are more than {max_papers:,} papers, and the page reads at most {max_papers:,} at once; "
                    "choose fewer."
                )
            if characters > max_characters:
                raise CorpusError(
                    f"The papers have more than {max_characters:,} characters, and the page reads no more at once; "
                    "choose fewer, or shorter ones."
                )
    if not any(paper.sentences for paper in found.papers):
        raise CorpusError("The files hold no sentence to read; add text, a PDF or a table with texts.")
    return found


def title_of(text: str) -> tuple[str, int]:
    r"""Return the title of a text and where it ends: a short first line with an empty line below it; ("", 0) if none.

    "# Sleep and shift work\n\nWe asked …" → ("Sleep and shift work", 22)
    """
    first, empty_line, rest = text.partition("\n\n")
    if not empty_line or "\n" in first or len(first) > MAX_TITLE_CHARACTERS or not rest.strip():
        return "", 0
    return HEADING.sub("", first, count=1).strip(), len(first)
