"""The rows of a table become documents; rows that cannot be read are left out and named."""

import io
import itertools
import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace

from mlm_demo.corpus.documents import Document, Dropped, Findings, Reading, make_documents
from mlm_demo.corpus.input import Budget, Input
from mlm_demo.corpus.readers import html
from mlm_demo.corpus.readers.columns import Row, choose_columns, other_cells, text_of
from mlm_demo.errors import CorpusError, shown

SAMPLE = 100  # rows from which the column is chosen
NAMED = 20  # unreadable rows of a file that are named; more are counted
MARKUP = re.compile(
    r"</(?:p|div|span|b|i|em|strong|sup|sub|a|li|ul|ol|td|tr|table|h[1-6])\s*>|<(?:br|p|hr)\s*/?>",
    re.IGNORECASE,
)

PlacedRow = tuple[str, Row]  # its position, such as "row 12", and the row


class _Unreadable:
    """The rows of a file that cannot be read: the first ones, and how many more there are."""

    def __init__(self, name: str):
        self.name, self.first, self.more = name, list[Dropped](), 0

    def sift(self, rows: Iterator[PlacedRow | Dropped]) -> Iterator[PlacedRow]:
        for row in rows:
            if not isinstance(row, Dropped):
                yield row
            elif len(self.first) < NAMED:
                self.first.append(row)
            else:
                self.more += 1

    def named(self) -> Iterator[Dropped]:
        yield from self.first
        if self.more:
            yield Dropped(self.name, f"{self.more:,} more rows cannot be read either")


def read_rows(
    rows: Iterator[PlacedRow | Dropped],
    source: Input,
    reading: Reading,
    *,
    on_chosen: Callable[[Iterable[str]], None] = lambda names: None,
) -> Iterator[Document | Dropped]:
    """Make a document of each row, from the columns that the first rows decide on, and name the unreadable rows last.

    on_chosen: gets the first keys of these columns, before more than SAMPLE rows are asked for.
    Raises CorpusError if there are rows and none of them can be read.
    """
    unreadable = _Unreadable(source.name)
    rows = unreadable.sift(rows)
    try:
        sample = list(itertools.islice(rows, SAMPLE))
        if not sample and unreadable.first:
            one = unreadable.first[0]
            place = one.source.removeprefix(f"{source.name}, ")
            raise CorpusError(f"{shown(source.name)} has no row that can be read; {place}: {one.reason}.")
        columns, table = choose_columns(
            [row for _, row in sample], reading.column, source.name, reading.notes
        )
        on_chosen(path[0] for path in columns if path)
        if sample and table.column:
            reading.findings.tables.append(table)
        missing = 0
        for where, row in itertools.chain(sample, rows):
            text = text_of(row, columns, drifts=reading.column is None)
            if MARKUP.search(text):
                text = _without_markup(text, reading)
            if text.strip():
                cells = other_cells(row, columns) if reading.keeps_cells else {}
                for document in make_documents([text], f"{source.name}, {where}", reading):
                    yield replace(document, cells=cells) if cells else document
            else:
                missing += 1
    except CorpusError:
        if unreadable.first and sample:
            yield from unreadable.named()
        raise
    yield from unreadable.named()
    if missing:
        rows_of = "row" if missing == 1 else "rows"
        reading.notes.append(f"Skipped {missing:,} {rows_of} of {source.name} without text.")


def _without_markup(text: str, reading: Reading) -> str:
    """Return the visible text of a cell that holds HTML."""
    text = re.sub(r"\n\s*\n", "<p>", text)
    page = f"<html><body>{text}</body></html>".encode("utf-8", "replace")
    cell = Input("a cell", io.BytesIO(page), Budget(len(page), 1, 1))
    found = html.FORMAT.read(cell, replace(reading, notes=[], findings=Findings()))
    return "\n\n".join(item.text for item in found if isinstance(item, Document))
