"""Read the rows of a CSV, TSV, JSON or JSON lines file that holds examples, also compressed (.gz, .bz2, .xz).

Unlike the reader of a corpus, this one keeps every column: a row is a mapping from lower-case names to values. A row
that cannot be read is dropped by its number, and the others are kept.
"""

import csv
import itertools
import json
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from mlm_demo.corpus.documents import Dropped, ReadLimits
from mlm_demo.corpus.encoding import decode, why_not_text
from mlm_demo.corpus.input import Budget, Input, compression, decompressed, ending, opened
from mlm_demo.corpus.readers import csv_layout
from mlm_demo.corpus.readers.csv import parsed_rows, unclosed_note
from mlm_demo.corpus.text import lines
from mlm_demo.errors import CorpusError, shown

FORMATS = "CSV, TSV, JSON lines or JSON, also compressed (.gz, .bz2, .xz)"
MAX_LINE = 32_000_000  # characters
MAX_JSON = 256 * 1024 * 1024  # bytes
SURROGATE = re.compile(r"\\u[dD][89a-fA-F]")
SAMPLE = 200  # lines from which the layout of a table is recognized


@dataclass(frozen=True)
class Layout:
    """The columns that a table is recognized by, what its rows are, and the columns that an error asks for."""

    columns: frozenset[str]
    rows: str
    needed: str


EXAMPLES = Layout(
    frozenset(
        {
            *("question", "sentence", "label", "context", "answer"),
            *("answers", "answer_start", "group", "document", "id"),
        }
    ),
    "examples",
    "question, sentence and label, or question, context and answer",
)


@dataclass(frozen=True)
class Record:
    """A row and where it stands, such as "a.csv, row 12", which counts from 1, the header of a CSV file."""

    where: str
    values: Mapping[str, object]

    def cell(self, names: Iterable[str]) -> str:
        """Return the text of the first of some columns that holds any, on one line; empty if none does."""
        found = next((self.values[name] for name in names if self.values.get(name)), "")
        return " ".join(str(found).split())

    def beside(self, names: Iterable[str]) -> dict[str, str]:
        """Return the texts of all columns but some, by name."""
        return {name: str(value) for name, value in self.values.items() if name and name not in names}


def read_records(
    path: Path, limits: ReadLimits, notes: list[str], layout: Layout = EXAMPLES
) -> Iterator[Record | Dropped]:
    """Read the rows of a file; the articles of a file in SQuAD's form are its rows.

    layout: what its rows should be; notes: receives a sentence for each thing that a person should know about how the
    file was read.
    Raises CorpusError for a file that cannot be read at all.
    """
    with opened(path, path.name) as file:
        budget = Budget(limits.max_bytes, limits.max_ratio, limits.max_members)
        source = Input(path.name, file, budget, seekable=True)
        yield from _read(decompressed(source) if compression(source) else source, notes, layout)


def records_with(
    path: Path, limits: ReadLimits, notes: list[str], layout: Layout, needed: Sequence[Sequence[str]]
) -> Iterator[Record | Dropped] | None:
    """Return what `read_records` does, or None for a file whose first row lacks a column of one of some groups."""
    noted: list[str] = []
    rows, begin = read_records(path, limits, noted, layout), []
    with suppress(CorpusError):
        for row in rows:
            begin.append(row)
            if not isinstance(row, Dropped):
                break
    if not begin or isinstance(first := begin[-1], Dropped):
        return None
    if not all(first.values.keys() & set(names) for names in needed):
        return None
    return _noting(itertools.chain(begin, rows), noted, notes)


def _noting(
    rows: Iterator[Record | Dropped], noted: list[str], notes: list[str]
) -> Iterator[Record | Dropped]:
    """Yield rows; then pass on what was noted while they were read."""
    yield from rows
    notes += noted


def _read(source: Input, notes: list[str], layout: Layout) -> Iterator[Record | Dropped]:
    if not source.head:
        raise CorpusError(f"{shown(source.name)} is empty; leave it out.")
    codec = source.encoding[0]
    if source.head.startswith(b"PK\3\4") or (why := why_not_text(source.head, codec)):
        kind = "a zip file" if source.head.startswith(b"PK\3\4") else f"not text ({why})"
        raise CorpusError(f"{shown(source.name)} is {kind}; give {layout.rows} as {FORMATS}.")
    if ending(source.name) in (".jsonl", ".ndjson"):
        yield from _json_lines(lines(_decoded(source, notes), name=source.name, limit=MAX_LINE), source.name)
    elif source.start.startswith(("{", "[")):
        yield from _json(source, notes)
    else:
        yield from _table(source, notes, layout)


def _decoded(source: Input, notes: list[str]) -> Iterator[str]:
    return decode(source.chunks(), name=source.name, notes=notes)


def _json(source: Input, notes: list[str]) -> Iterator[Record | Dropped]:
    """Read one JSON value, or JSON lines under another ending."""
    text = "".join(decode([source.read_all(MAX_JSON)], name=source.name, notes=notes))
    try:
        value = _parse(text)
    except (ValueError, RecursionError) as error:
        if _parses(text.lstrip().partition("\n")[0]):
            yield from _json_lines(text.split("\n"), source.name)
            return
        raise CorpusError(
            f"{shown(source.name)} is not JSON ({_why(error)}); download or save it again."
        ) from error
    yield from _rows_of(value, source.name, "item")


def _json_lines(found: Iterable[str], name: str) -> Iterator[Record | Dropped]:
    for number, line in enumerate(found, 1):
        if not line.strip():
            continue
        where = f"{name}, line {number}"
        try:
            value = _parse(line)
        except (ValueError, RecursionError) as error:
            yield Dropped(where, f"it is not JSON ({_why(error)})", line.strip()[:80])
            continue
        yield from _rows_of([value] if isinstance(value, dict) and "data" not in value else value, where, "")


def _rows_of(value: object, where: str, item: str) -> Iterator[Record | Dropped]:
    """Yield the rows of a JSON value: the items of a list, or of an object's list "data" as in SQuAD."""
    if isinstance(value, dict):
        data = value.get("data")
        value, item = (data, "article") if isinstance(data, list) else (_by_name(value) or [value], "item")
    if not isinstance(value, list):
        yield Dropped(where, "it is neither an object nor a list of them", str(value)[:80])
        return
    for number, row in enumerate(value, 1):
        place = f"{where}, {item} {number}" if item else where
        if isinstance(row, dict):
            yield Record(place, {str(key).strip().lower(): cell for key, cell in row.items()})
        else:
            yield Dropped(place, "it is not an object", str(row)[:80])


def _by_name(value: Mapping[str, object]) -> list[dict]:
    """Return the rows of an object of objects, with their names as "id" (PubMedQA's own files); [] if it is none."""
    rows = list(value.values())
    alike = len(rows) > 1 and all(isinstance(row, dict) for row in rows) and rows[0].keys() & rows[1].keys()
    return [{"id": name, **row} for name, row in value.items()] if alike else []


def _parse(text: str) -> object:
    """Parse JSON; halves of surrogate pairs, which it can spell and no tokenizer accepts, become U+FFFD."""
    value = json.loads(text, strict=False)
    return _without_surrogates(value) if SURROGATE.search(text) else value


def _without_surrogates(value: object) -> object:
    if isinstance(value, str):
        return value.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    if isinstance(value, list):
        return [_without_surrogates(item) for item in value]
    if isinstance(value, dict):
        return {_without_surrogates(key): _without_surrogates(item) for key, item in value.items()}
    return value


def _parses(line: str) -> bool:
    try:
        return isinstance(_parse(line), dict)
    except (ValueError, RecursionError):
        return False


def _why(error: Exception) -> str:
    is_syntax = isinstance(error, json.JSONDecodeError)
    return f"{error.msg}, line {error.lineno}" if is_syntax else "nested too deeply, or a number is too long"


def _table(source: Input, notes: list[str], layout: Layout) -> Iterator[Record | Dropped]:
    csv.field_size_limit(MAX_LINE)  # Python's own limit, 131,072 characters, is shorter than a paper
    rest = lines(_decoded(source, notes), name=source.name, limit=MAX_LINE)
    rest = itertools.dropwhile(lambda line: not line.strip(), rest)
    start = list(itertools.islice(rest, SAMPLE))
    delimiter = max(",;\t|", key=lambda sign: len(layout.columns.intersection(_header(start[:1], sign))))
    header = _header(start[:1], delimiter)
    if not layout.columns.intersection(header):
        listed = ", ".join(shown(name, 40) for name in header[:20])
        raise CorpusError(
            f"The first row of {shown(source.name)} does not name the columns of {layout.rows}, but has {listed}; name "
            f"them {layout.needed}."
        )
    whole = itertools.chain(start, rest)
    raw = delimiter == "\t" and all(line.count("\t") == len(header) - 1 for line in start if line.strip())
    unclosed: list[int] = []
    table = csv_layout.Layout(delimiter, False, False, 0, 0, len(header), tuple(header), True)
    rows = enumerate(map(_raw_cells, whole), 1) if raw else parsed_rows(whole, table, unclosed)
    yield from _cells_of(rows, header, source.name)
    notes += unclosed_note(source.name, unclosed)


def _header(start: Sequence[str], delimiter: str) -> list[str]:
    return [cell.strip().lower() for row in csv.reader(start, delimiter=delimiter) for cell in row]


def _raw_cells(line: str) -> list[str]:
    """Return the cells of a line between tabs; quotes stand for themselves there (GLUE's files), or around a cell."""
    cells = line.rstrip("\n").split("\t")
    whole = [len(cell) > 1 and cell[0] == cell[-1] == '"' for cell in cells]
    return [
        cell[1:-1].replace('""', '"') if quoted and '"' not in cell[1:-1].replace('""', "") else cell
        for cell, quoted in zip(cells, whole, strict=True)
    ]


def _cells_of(
    rows: Iterator[tuple[int, list[str] | str]], header: Sequence[str], name: str
) -> Iterator[Record | Dropped]:
    """Yield the rows below the header; rows: their numbers, and their cells or why they cannot be read."""
    next(rows)
    for number, cells in rows:
        where = f"{name}, row {number}"
        if isinstance(cells, str):
            yield Dropped(where, cells)
            continue
        if not any(cell.strip() for cell in cells):
            continue
        while len(cells) > len(header) and not cells[-1].strip():
            cells.pop()
        if len(cells) == len(header):
            yield Record(where, dict(zip(header, cells, strict=True)))
        else:
            yield Dropped(
                where, f"it has {len(cells)} cells, but the header has {len(header)}", cells[0][:80]
            )
