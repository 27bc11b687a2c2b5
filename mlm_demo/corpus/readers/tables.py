"""Tables into documents: CSV, TSV, JSON, JSONL and Parquet, one document a row, from the column that holds the text."""

import contextlib
import csv
import itertools
import json
import re
from collections.abc import Iterable, Iterator, Mapping

from mlm_demo.corpus.archives import Input, inner_suffix
from mlm_demo.corpus.broken_files import broken
from mlm_demo.corpus.decoding import decode, lines
from mlm_demo.corpus.documents import Document, Job, decoded, documents
from mlm_demo.errors import CorpusError, shown

TEXT_COLUMNS = ("text", "abstract", "content", "body", "document", "sentence")
SAMPLE, BY_FAR = 100, 3  # rows looked at for the column; so many times the mean length of the next
LONGEST_LINE, LONGEST_JSON = 32_000_000, 256 * 1024 * 1024

# Tables: rows are pairs of where they are ("row 12") and what they hold (a text, or values by column).


def _texts(rows: Iterator[tuple[str, object]], source: Input, job: Job) -> Iterator[Document]:
    """The texts in one column of a table, which is chosen from the first rows."""
    sample = list(itertools.islice(rows, SAMPLE))
    records = [row for _, row in sample if isinstance(row, Mapping)]
    column = choose_column(list(dict.fromkeys(k for r in records for k in r)), records, source.name, job)
    missing = 0
    for where, row in itertools.chain(sample, rows):
        text = row.get(column) if isinstance(row, Mapping) else row
        if isinstance(text, list) and all(isinstance(part, str) for part in text):
            text = "\n\n".join(text)
        if isinstance(text, str) and text.strip():
            yield from documents([text], f"{source.name}, {where}", job)
        else:
            missing += 1
    if missing:
        job.notes.append(f"{missing:,} rows of {source.name} hold no text and were left out.")


def choose_column(columns: list[str], sample: list[Mapping], name: str, job: Job) -> str | None:
    """The column that holds the text: the one asked for, or the one that plainly does; raises CorpusError if none."""
    listed = ", ".join(shown(column, 40) for column in columns[:50])
    if job.column is not None and columns:
        if job.column not in columns:
            raise CorpusError(f"{shown(name)} has no column {shown(job.column)}; it has {listed}.")
        return job.column
    if len(columns) < 2:
        return columns[0] if columns else None
    known = [c for usual in TEXT_COLUMNS for c in columns if c.strip().lower() == usual]
    means = {c: sum(len(r[c]) for r in sample if isinstance(r.get(c), str)) / len(sample) for c in columns}
    first, second = sorted(columns, key=means.__getitem__, reverse=True)[:2]
    if not known and means[first] < max(1, BY_FAR * means[second]):
        raise CorpusError(
            f"{shown(name)} has the columns {listed}, and none is plainly the text; say which to read (column)."
        )
    chosen = known[0] if known else first
    job.notes.append(f"Column {shown(chosen)} of {name} was taken as the text.")
    return chosen


def read_csv(source: Input, job: Job) -> Iterator[Document]:
    yield from _texts(_csv_rows(source, job), source, job)


def _csv_rows(source: Input, job: Job) -> Iterator[tuple[str, dict[str, str]]]:
    csv.field_size_limit(LONGEST_LINE)  # Python's own limit, 131,072 characters, is less than a paper has
    rest = lines(decoded(source, job), name=source.name, longest=LONGEST_LINE)
    start = list(itertools.islice(rest, 20))
    reader = csv.reader(itertools.chain(start, rest), delimiter=_delimiter(start, inner_suffix(source.name)))
    header, number = None, 0
    try:
        for number, cells in enumerate(reader, 1):
            if header is None and cells:
                header = _header(cells, source.name, job)
                continue
            if not any(cell.strip() for cell in cells):
                continue
            while len(cells) > len(header) and not cells[-1].strip():
                cells.pop()
            if len(cells) > len(header):
                raise CorpusError(
                    f"Row {number} of {shown(source.name)} has {len(cells)} cells, the header {len(header)}; put "
                    "texts that hold the separator in quotes."
                )
            yield f"row {number}", dict(zip(header, cells, strict=False))
    except csv.Error as error:
        raise CorpusError(
            f"Row {number + 1} of {shown(source.name)} is no CSV ({error}); is a quote left open?"
        ) from error


def _header(cells: list[str], name: str, job: Job) -> list[str]:
    header = [cell.strip() for cell in cells]
    if job.column not in header:
        for number, cell in enumerate(header, 1):
            # The first cell of what pandas writes is empty.
            if re.fullmatch(r"[-+]?[\d.,]*\d(?:[eE][-+]?\d+)?%?", cell) or (
                not cell and (number > 1 or len(header) == 1)
            ):
                raise CorpusError(
                    f"The first row of {shown(name)} is no header: its cell {number} is {shown(cell, 40)}; put the "
                    "names of the columns there."
                )
    return header


def _delimiter(start: list[str], suffix: str) -> str:
    """The separator by which most of the first rows have as many cells as the header."""
    if suffix == ".tsv":
        return "\t"
    best, most = "\x1f", (0, 0)  # one column: a separator that no text holds
    for delimiter in ",;\t|":
        widths: list[int] = []
        with contextlib.suppress(csv.Error):  # whoever reads the rows will tell which it is
            widths.extend(len(row) for row in csv.reader(start, delimiter=delimiter) if row)
        if widths and widths[0] > 1:
            best, most = max(
                (best, most), (delimiter, (widths.count(widths[0]), widths[0])), key=lambda b: b[1]
            )
    return best


def read_jsonl(source: Input, job: Job) -> Iterator[Document]:
    found = lines(decoded(source, job), name=source.name, longest=LONGEST_LINE)
    yield from _texts(_jsonl_rows(found, source.name), source, job)


def _jsonl_rows(found: Iterable[str], name: str) -> Iterator[tuple[str, object]]:
    for number, line in enumerate(found, 1):
        if line.strip():
            row = _json_value(line, f"Line {number} of {shown(name)}")
            if not isinstance(row, str | dict):
                raise CorpusError(
                    f"Line {number} of {shown(name)} is neither an object nor a text: {shown(line.strip(), 40)}; put "
                    "one object on each line."
                )
            yield f"line {number}", row


def _json_value(text: str, what: str) -> object:
    try:
        return json.loads(text, strict=False)
    except (ValueError, RecursionError) as error:
        why = error.msg if isinstance(error, json.JSONDecodeError) else "nested too deep or a number too long"
        raise CorpusError(f"{what} is not JSON ({why}): {shown(text.strip(), 40)}; correct it.") from error


def read_json(source: Input, job: Job) -> Iterator[Document]:
    data = source.whole(LONGEST_JSON)
    text = "".join(decode([data], name=source.name, notes=job.notes))
    value = _json_value(text, shown(source.name))
    rows = [value] if isinstance(value, dict) else value
    if not isinstance(rows, list) or not all(isinstance(row, str | dict) for row in rows):
        raise CorpusError(
            f"{shown(source.name)} is JSON, but not a list of texts or objects; save it as .jsonl."
        )
    yield from _texts(((f"item {i}", row) for i, row in enumerate(rows, 1)), source, job)


def read_parquet(source: Input, job: Job) -> Iterator[Document]:
    yield from _texts(_parquet_rows(source, job), source, job)


def _parquet_rows(source: Input, job: Job) -> Iterator[tuple[str, dict[str, str]]]:
    """The rows of a Parquet file, of its columns of text only, and of one alone once that is chosen."""
    import pyarrow as pa  # here: it takes a while, and few corpora are Parquet files
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
            raise CorpusError(f"{shown(source.name)} has no column of text, only {listed}.")
        if job.column is not None or len(columns) > 1:
            first = next(file.iter_batches(SAMPLE, columns=columns), None)
            columns = [choose_column(columns, first.to_pylist() if first else [], source.name, job)]
        for batch in file.iter_batches(SAMPLE, columns=columns):
            source.budget.take(batch.nbytes, source.name)
            for row in batch.to_pylist():
                number += 1
                yield f"row {number}", row
    except (pa.ArrowException, OSError, ValueError) as error:
        raise broken(source.name, "Parquet file", error) from error
