"""The interface of format readers: a `Format` describes one, a `Reading` goes in, `Document`s come out."""

import itertools
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from mlm_demo.corpus.encoding import decode
from mlm_demo.corpus.input import Input
from mlm_demo.corpus.text import CONTROL, clean, pieces
from mlm_demo.errors import shown
from mlm_demo.settings import Settings

NO_CELLS: Mapping[str, str] = {}  # one for all: a corpus has millions of documents
NAMED = 3  # skipped files or rows that an error names


@dataclass(frozen=True)
class Document:
    """A text and where it comes from, such as "papers.zip/a.csv, row 12"; empty lines separate its paragraphs.

    Rows count from 1, which is the header of a CSV file. cells: the other cells of its row by column, if they were
    asked for.
    """

    source: str
    text: str
    cells: Mapping[str, str] = field(default_factory=lambda: NO_CELLS)


@dataclass(frozen=True)
class Dropped:
    """Something that was not read, and why."""

    source: str
    reason: str
    first_line: str = ""


def named_rows(dropped: Sequence[Dropped]) -> list[str]:
    """Return a sentence for each of the first rows that were left out, with its reason, and how many more there are."""
    named = [f"{row.source} was left out: {row.reason}." for row in dropped[:NAMED]]
    more = len(dropped) - NAMED
    return [*named, *([f"{more:,} more rows were left out."] if more > 0 else [])]


def why_left_out(read: int, error: Exception) -> str:
    """Return why a file was left out, or the rest of it after some documents."""
    if not read:
        return str(error)
    return f"only its first {read:,} document{'s' * (read != 1)} could be read: {error}"


@dataclass(frozen=True)
class Table:
    """Which column of a table was read as the text.

    column: its name, or several joined by " + "; columns: all of them, the one with the most words first; rows: the
    beginnings of the first texts.
    """

    file: str
    column: str
    columns: tuple[str, ...]
    rows: tuple[str, ...]


@dataclass
class Findings:
    """What reading found beside the texts: tables whose column was chosen, and how many control characters."""

    tables: list[Table] = field(default_factory=list)
    controls: int = 0


@dataclass(frozen=True)
class ReadLimits:
    """The most that is read from one file, so that a malicious file cannot fill the memory or the disk."""

    max_bytes: int = 1_000_000_000  # unpacked, all members together
    max_members: int = 10_000
    max_ratio: float = 200  # unpacked to packed
    max_document_characters: int = 1_000_000  # longer documents are cut into parts

    @classmethod
    def of(cls, settings: Settings) -> "ReadLimits":
        """Return the limits that the settings ask for."""
        return cls(
            max_bytes=settings.max_unpacked_megabytes * 1_000_000,
            max_members=10 * settings.max_files,
            max_ratio=settings.max_unpacked_ratio,
        )


@dataclass(frozen=True)
class Reading:
    """What a reader needs besides the file.

    column: the column or key that holds the text; None to guess it.
    notes: receives a sentence for each thing that a person should know about how a file was read.
    read_member: reads a file inside an archive, whatever its format.
    findings: receives the tables and counts the control characters that are removed.
    keeps_cells: whether a document keeps the other cells of its row.
    """

    column: str | None
    limits: ReadLimits
    notes: list[str]
    read_member: Callable[[Input, "Reading"], Iterator[Document | Dropped]]
    findings: Findings = field(default_factory=Findings)
    keeps_cells: bool = False


@dataclass(frozen=True)
class Format:
    """A file format that can be read.

    name: as lists of formats show it, such as "PDF".
    phrase: as a sentence names one file, such as "a PDF".
    endings: of file names, in lower case with the dot; "" for names without one.
    sniff: whether a file has this format by its content; None if only its ending tells.
    read: yields the documents of a file; raises CorpusError, or skips a part of it as Dropped.
    binary: whether every file of the format is recognized by its first bytes. A file that only has the ending is
        then corrupt, while a text format trusts its ending.
    """

    name: str
    phrase: str
    endings: tuple[str, ...]
    sniff: Callable[[Input], bool] | None
    read: Callable[[Input, Reading], Iterator[Document | Dropped]]
    binary: bool = False


def make_documents(
    chunks: Iterable[str], where: str, reading: Reading, clean_up: Callable[[str], str] = clean
) -> Iterator[Document]:
    """Make one document of a text, or several parts if it is long; none if it is empty once cleaned up."""
    parts = pieces(chunks, reading.limits.max_document_characters)
    first_two = list(itertools.islice(parts, 2))
    for number, part in enumerate(itertools.chain(first_two, parts), 1):
        if CONTROL.search(part):
            reading.findings.controls += len(CONTROL.findall(part))
        if text := clean_up(part):
            yield Document(f"{where}, part {number}" if len(first_two) > 1 else where, text)


def decode_input(source: Input, reading: Reading) -> Iterator[str]:
    """Decode a file as it is read."""
    return decode(source.chunks(), name=source.name, notes=reading.notes)


def name_dropped(dropped: Sequence[Dropped]) -> str:
    """Return a sentence that names the first that were skipped, with a space before it; "" if there are none."""
    if not dropped:
        return ""
    named = "; ".join(f"{shown(item.source)} ({item.reason})" for item in dropped[:NAMED])
    more = f"; and {len(dropped) - NAMED:,} more" if len(dropped) > NAMED else ""
    return f" Skipped: {named}{more}."
