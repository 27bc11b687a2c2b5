"""A document, what is left out instead of one, and what the reading of all files of a corpus shares."""

import itertools
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

from mlm_demo.corpus.archives import Input
from mlm_demo.corpus.decoding import decode, pieces, tidy
from mlm_demo.settings import Settings


@dataclass(frozen=True)
class Document:
    """A text and where it is from, such as "papers.zip/a.csv, row 12"; empty lines separate its paragraphs.

    Rows count from 1, which is the header of a CSV file.
    """

    source: str
    text: str


@dataclass(frozen=True)
class Dropped:
    """Something that was left out, and why."""

    source: str
    reason: str
    first_line: str = ""


@dataclass(frozen=True)
class ReadLimits:
    """What is read of one file at most, so that a file made to fill a memory or a disk does not."""

    max_bytes: int = 1_000_000_000  # unpacked, in all
    max_members: int = 10_000
    max_ratio: float = 200  # unpacked to packed
    max_document_characters: int = 1_000_000  # longer ones come in pieces

    @classmethod
    def of(cls, settings: Settings) -> "ReadLimits":
        """What the settings say of it."""
        return cls(
            max_bytes=settings.max_unpacked_megabytes * 1_000_000,
            max_members=10 * settings.max_files,
            max_ratio=settings.max_unpacked_ratio,
        )


@dataclass(frozen=True)
class Job:
    """What was asked for, and where it is told how a file was understood."""

    column: str | None
    limits: ReadLimits
    notes: list[str]


def documents(
    chunks: Iterable[str], where: str, job: Job, plain: Callable[[str], str] = tidy
) -> Iterator[Document]:
    """One document, or as many as a long one is cut into."""
    parts = pieces(chunks, job.limits.max_document_characters)
    ahead = list(itertools.islice(parts, 2))
    for number, part in enumerate(itertools.chain(ahead, parts), 1):
        if text := plain(part):
            yield Document(f"{where}, part {number}" if len(ahead) > 1 else where, text)


def decoded(source: Input, job: Job) -> Iterator[str]:
    """The text of a file as it comes."""
    return decode(source.chunks(), name=source.name, notes=job.notes)
