"""A file of sentences, each of which is asked by itself: lines of a text, or rows of a table or of JSON lines."""

import os
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from mlm_demo.corpus.documents import NO_CELLS, Document, Dropped, ReadLimits
from mlm_demo.corpus.encoding import decode, detect, why_not_text
from mlm_demo.corpus.formats import read_documents
from mlm_demo.corpus.input import opened
from mlm_demo.errors import CorpusError, MoreNeededError, shown

STANDARD_INPUT = "-"
TEXT = ".txt"
TABLES = (".csv", ".tsv", ".json", ".jsonl", ".ndjson", ".parquet", ".xlsx")
LONGEST_NAME = 1_000  # characters
HEAD = 65_536  # bytes that tell whether a file is text
PACKED = (".gz", ".bz2", ".xz")
ENDINGS = (TEXT, *TABLES, *(table + packed for table in TABLES for packed in PACKED))


@dataclass(frozen=True)
class Line:
    """A sentence and where it stands, such as "a.csv, row 12"; cells: those beside it in its row, by column."""

    where: str
    text: str
    cells: Mapping[str, str] = field(default_factory=lambda: NO_CELLS)


def is_sentence_file(text: str) -> bool:
    """Return whether what a person typed in place of a sentence names a file of sentences, or standard input."""
    if text == STANDARD_INPUT:
        return True
    if not text.lower().endswith(ENDINGS) or "\0" in text or len(text) > LONGEST_NAME:
        return False
    return len(text.split()) == 1 or os.path.isfile(text)  # Path.is_file raises for a name that is too long


def check_small_text(path: Path, max_bytes: int) -> None:
    """Raise CorpusError unless a file is text of at most `max_bytes`, which needs no process of its own to be read."""
    size = path.stat().st_size
    if size > max_bytes:
        raise CorpusError(
            f"{shown(path.name)} has {size / 1e6:,.1f} MB; the limit is {max_bytes / 1e6:,.0f} MB. Cut it, or use the "
            "command line."
        )
    with opened(path, path.name) as file:
        head = file.read(HEAD)
    codec, _ = detect(head)
    if head.startswith(b"PK\3\4") or head[:4] == b"PAR1" or why_not_text(head, codec):
        raise CorpusError(f"{shown(path.name)} is not text; give sentences as lines, CSV, TSV or JSON lines.")


def read_sentences(name: str, limits: ReadLimits, notes: list[str]) -> Iterator[Line | Dropped]:
    """Yield the sentences of a file, or of standard input; empty lines are left out.

    Of a table the column with the text is read, as in a corpus, and the others are kept beside it. Raises CorpusError
    for a file that is not there, cannot be read, or has no sentence.
    """
    empty = True
    if name == STANDARD_INPUT or name.lower().endswith(TEXT):
        items = _lines(name, notes)
    else:
        items = _rows(Path(name), limits, notes)
    for item in items:
        empty = False
        yield item if isinstance(item, Dropped | Line) else _line(item)
    if empty:
        raise CorpusError(f"{shown(Path(name).name)} holds no sentence; write one per line.")


def _line(document: Document) -> Line:
    return Line(document.source, " ".join(document.text.split()), document.cells)


def _rows(path: Path, limits: ReadLimits, notes: list[str]) -> Iterator:
    try:
        yield from read_documents(path, limits=limits, notes=notes, keeps_cells=True)
    except MoreNeededError as error:
        # For a corpus the page has boxes to choose a column by; for sentences the column's name has to say it.
        if not error.columns:
            raise
        raise CorpusError(
            f"{shown(path.name)} has the columns {', '.join(map(shown, error.columns))}, and none is clearly the "
            "text; name the column with the sentences sentence."
        ) from error


def _lines(name: str, notes: list[str]) -> Iterator[Line]:
    where = "standard input" if name == STANDARD_INPUT else Path(name).name
    if name == STANDARD_INPUT:
        data = sys.stdin.buffer.read()
    else:
        with opened(Path(name), name) as file:
            data = file.read()
    text = "".join(decode([data], name=where, notes=notes))
    for number, line in enumerate(text.splitlines(), 1):
        if line.strip():
            yield Line(f"{where}, line {number}", line.strip())
