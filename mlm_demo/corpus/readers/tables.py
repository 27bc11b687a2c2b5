"""Read tables: CSV, TSV, JSON lines, JSON and Parquet. Each row is a document, the text of one column."""

import contextlib
import csv
import itertools
import json
import re
from collections.abc import Iterable, Iterator, Mapping

from mlm_demo.corpus.documents import Document, Format, Reading, decode_input, make_documents
from mlm_demo.corpus.encoding import decode
from mlm_demo.corpus.input import Input, broken_file, ending
from mlm_demo.corpus.text import CONTROL, lines
from mlm_demo.errors import CorpusError, shown

TEXT_COLUMNS = ("text", "abstract", "content", "body", "document", "sentence")
SAMPLE = 100  # rows from which the column is chosen
CLEARLY_LONGER = 3  # how many times the mean length of the next column makes a column the text
MAX_LINE = 32_000_000  # characters
MAX_JSON = 256 * 1024 * 1024  # bytes

Row = tuple[str, object]  # its position, such as "row 12"; its text, or its values by column


def _documents(rows: Iterator[Row], source: Input, reading: Reading) -> Iterator[Document]:
    """Make a document of each row, from the column that the first rows decide on."""
    sample = list(itertools.islice(rows, SAMPLE))
    records = [row for _, row in sample if isinstance(row, Mapping)]
    columns = list(dict.fromkeys(column for record in records for column in record))
    column = _choose_column(columns, records, source.name, reading)
    missing = 0
    for where, row in itertools.chain(sample, rows):
        text = row.get(column) if isinstance(row, Mapping) else row
        if isinstance(text, list) and all(isinstance(part, str) for part in text):
            text = "\n\n".join(text)
        if isinstance(text, str) and text.strip():
            yield from make_documents([text], f"{source.name}, {where}", reading)
        else:
            missing += 1
    if missing:
        rows_of = "row" if missing == 1 else "rows"
        reading.notes.append(f"Skipped {missing:,} {rows_of} of {source.name} without text.")


def _choose_column(columns: list[str], sample: list[Mapping], name: str, reading: Reading) -> str | None:
    """Return the requested column, or the one that clearly holds the text; raise CorpusError if none does."""
    listed = ", ".join(shown(column, 40) for column in columns[:50])
    if reading.column is not None and columns:
        if reading.column not in columns:
            raise CorpusError(f"{shown(name)} has no column {shown(reading.column)}; it has {listed}.")
        return reading.column
    if len(columns) < 2:
        return columns[0] if columns else None
    usual_ones = [c for usual in TEXT_COLUMNS for c in columns if c.strip().lower() == usual]
    means = {c: sum(len(r[c]) for r in sample if isinstance(r.get(c), str)) / len(sample) for c in columns}
    first, second = sorted(columns, key=means.__getitem__, reverse=True)[:2]
    if not usual_ones and means[first] < max(1, CLEARLY_LONGER * means[second]):
        raise CorpusError(
            f"{shown(name)} has the columns {listed}, and none is clearly the text; choose the column to read."
        )
    chosen = usual_ones[0] if usual_ones else first
    reading.notes.append(f"Column {shown(chosen)} of {name} was read as the text.")
    return chosen


def read_csv(source: Input, reading: Reading) -> Iterator[Document]:
    """Read the rows of a CSV or TSV file, whose first row is the header."""
    yield from _documents(_csv_rows(source, reading), source, reading)


def _csv_rows(source: Input, reading: Reading) -> Iterator[tuple[str, dict[str, str]]]:
    csv.field_size_limit(MAX_LINE)  # Python's own limit, 131,072 characters, is shorter than a paper
    rest = lines(decode_input(source, reading), name=source.name, limit=MAX_LINE)
    start = list(itertools.islice(rest, 20))
    reader = csv.reader(itertools.chain(start, rest), delimiter=_delimiter(start, ending(source.name)))
    header, number = None, 0
    try:
        for number, cells in enumerate(reader, 1):
            if header is None and cells:
                header = _header(cells, source.name, reading)
                continue
            if not any(cell.strip() for cell in cells):
                continue
            while len(cells) > len(header) and not cells[-1].strip():
                cells.pop()
            if len(cells) > len(header):
                raise CorpusError(
                    f"Row {number} of {shown(source.name)} has {len(cells)} cells, but the header has {len(header)}; "
                    "put texts that contain the separator in quotes."
                )
            yield f"row {number}", dict(zip(header, cells, strict=False))
    except csv.Error as error:
        raise CorpusError(
            f"Row {number + 1} of {shown(source.name)} is not valid CSV ({error}); check for an unclosed quote."
        ) from error


def _header(cells: list[str], name: str, reading: Reading) -> list[str]:
    """Return the names of the columns; raise CorpusError if the first row cannot be a header."""
    header = [cell.strip() for cell in cells]
    if reading.column not in header:
        for number, cell in enumerate(header, 1):
            # pandas leaves the first cell empty, above its index.
            if re.fullmatch(r"[-+]?[\d.,]*\d(?:[eE][-+]?\d+)?%?", cell) or (
                not cell and (number > 1 or len(header) == 1)
            ):
                raise CorpusError(
                    f"The first row of {shown(name)} is not a header: its cell {number} is {shown(cell, 40)}; put the "
                    "names of the columns there."
                )
    return header


def _delimiter(start: list[str], suffix: str) -> str:
    """Return the separator that gives most of the first rows as many cells as the header."""
    if suffix == ".tsv":
        return "\t"
    best, most = "\x1f", (0, 0)  # a separator that no text holds, so one column
    for delimiter in ",;\t|":
        widths: list[int] = []
        with contextlib.suppress(csv.Error):  # reading the rows reports it with its number
            widths.extend(len(row) for row in csv.reader(start, delimiter=delimiter) if row)
        if widths and widths[0] > 1:
            best, most = max(
                (best, most), (delimiter, (widths.count(widths[0]), widths[0])), key=lambda b: b[1]
            )
    return best


def read_json_lines(source: Input, reading: Reading) -> Iterator[Document]:
    """Read a file with a JSON object or string on each line."""
    found = lines(decode_input(source, reading), name=source.name, limit=MAX_LINE)
    yield from _documents(_json_lines_rows(found, source.name), source, reading)


def _json_lines_rows(found: Iterable[str], name: str) -> Iterator[Row]:
    for number, line in enumerate(found, 1):
        if line.strip():
            row = _json_value(line, f"Line {number} of {shown(name)}")
            if not isinstance(row, str | dict):
                raise CorpusError(
                    f"Line {number} of {shown(name)} is neither an object nor a string: {shown(line.strip(), 40)}; put "
                    "one object on each line."
                )
            yield f"line {number}", row


def _json_value(text: str, where: str) -> object:
    """Parse JSON; raise CorpusError that begins with `where` if it is invalid."""
    try:
        return json.loads(text, strict=False)
    except (ValueError, RecursionError) as error:
        why = (
            error.msg
            if isinstance(error, json.JSONDecodeError)
            else "nested too deeply, or a number is too long"
        )
        raise CorpusError(f"{where} is not JSON ({why}): {shown(text.strip(), 40)}; correct it.") from error


def read_json(source: Input, reading: Reading) -> Iterator[Document]:
    """Read a JSON file that holds one object, or a list of objects or strings."""
    data = source.read_all(MAX_JSON)
    text = "".join(decode([data], name=source.name, notes=reading.notes))
    value = _json_value(text, shown(source.name))
    rows = [value] if isinstance(value, dict) else value
    if not isinstance(rows, list) or not all(isinstance(row, str | dict) for row in rows):
        raise CorpusError(
            f"{shown(source.name)} is JSON, but not a list of strings or objects; save it as .jsonl."
        )
    yield from _documents(((f"item {i}", row) for i, row in enumerate(rows, 1)), source, reading)


def read_parquet(source: Input, reading: Reading) -> Iterator[Document]:
    """Read the rows of a Parquet file."""
    yield from _documents(_parquet_rows(source, reading), source, reading)


def _parquet_rows(source: Input, reading: Reading) -> Iterator[tuple[str, dict[str, str]]]:
    """Yield the rows of a Parquet file, with its text columns only, or just the one that was chosen."""
    import pyarrow as pa  # imported here: it takes a while, and few corpora are Parquet files
    import pyarrow.parquet as pq

    number = 0
    try:
        file = pq.ParquetFile(source.file())
        schema = file.schema_arrow
        columns = [
            f.name
            for f in schema
            if str(f.type).startswith(("string", "large_string", "dictionary<values=str"))
        ]
        if not columns:
            listed = ", ".join(shown(name, 40) for name in schema.names[:50])
            raise CorpusError(f"{shown(source.name)} has no text column, only {listed}; add one.")
        if reading.column is not None or len(columns) > 1:
            first = next(file.iter_batches(SAMPLE, columns=columns), None)
            columns = [_choose_column(columns, first.to_pylist() if first else [], source.name, reading)]
        for batch in file.iter_batches(SAMPLE, columns=columns):
            source.budget.take(batch.nbytes, source.name)
            for row in batch.to_pylist():
                number += 1
                yield f"row {number}", row
    except (pa.ArrowException, OSError, ValueError) as error:
        raise broken_file(source.name, "Parquet file", error) from error


def is_parquet(source: Input) -> bool:
    """Return whether a file begins as a Parquet file; text may begin with the same four letters."""
    return source.head.startswith(b"PAR1") and CONTROL.search(source.head[4:64].decode("latin-1")) is not None


CSV = Format("CSV/TSV", "a CSV or TSV file", (".csv", ".tsv"), None, read_csv)
JSON_LINES = Format("JSON lines", "a JSON lines file", (".jsonl", ".ndjson"), None, read_json_lines)
JSON = Format("JSON", "a JSON file", (".json",), None, read_json)
PARQUET = Format("Parquet", "a Parquet file", (".parquet",), is_parquet, read_parquet, binary=True)
