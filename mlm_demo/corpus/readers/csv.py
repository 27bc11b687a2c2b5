"""Read CSV and TSV files: each row is a document.

A row that cannot be read is left out and named. After an unclosed quote the rows that it swallowed are read again.
"""

import contextlib
import csv
import itertools
import re
from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from functools import partial

from mlm_demo.corpus.documents import Document, Dropped, Format, Reading, decode_input
from mlm_demo.corpus.input import Input, ending
from mlm_demo.corpus.readers.csv_layout import LINES_LOOKED_AT, Layout, layout_of
from mlm_demo.corpus.readers.rows import PlacedRow, read_rows
from mlm_demo.corpus.text import lines

MAX_LINE = 32_000_000  # characters
# Lines of one cell. At the first number its quote counts as unclosed if the lines look like rows, at the second always.
MANY_LINES, MOST_LINES = 1_000, 100_000
SWALLOWED = 50  # lines of a cell that are looked at, to tell rows from text


class _UnclosedQuote(Exception):
    """A cell has so many lines that its quote was probably never closed."""


class _Lines:
    """The lines of a file; `taken` holds those of the current row, which can be given back.

    Raises _UnclosedQuote within a cell that has too many lines.
    """

    def __init__(self, found: Iterable[str], layout: Layout):
        self.layout, self.taken = layout, list[str]()
        self._pending, self._rest = deque[str](), iter(found)

    def __iter__(self) -> "_Lines":
        return self

    def __next__(self) -> str:
        line = self._pending.popleft() if self._pending else next(self._rest)
        self.taken.append(line)
        count = len(self.taken)
        if count == MOST_LINES or (
            count == MANY_LINES and self.layout.width > 1 and _are_rows(self.taken[1:], self.layout)
        ):
            raise _UnclosedQuote
        return line

    def give_back(self, found: list[str]) -> None:
        self._pending.extendleft(reversed(found))
        self.taken = []


def read_csv(source: Input, reading: Reading) -> Iterator[Document | Dropped]:
    """Read the rows of a CSV or TSV file."""
    yield from read_rows(_rows(source, reading), source, reading)


def _rows(source: Input, reading: Reading) -> Iterator[PlacedRow | Dropped]:
    csv.field_size_limit(MAX_LINE)  # Python's own limit, 131,072 characters, is shorter than a paper
    found = lines(decode_input(source, reading), name=source.name, limit=MAX_LINE)
    start = list(itertools.islice(found, LINES_LOOKED_AT))
    layout = layout_of(start, ending(source.name), reading.column)
    name, header = source.name, layout.header
    if layout.titles:
        reading.notes.append(
            f"The header of {name} is row {layout.above + 1}; what stands above it was not read."
        )
    if not layout.has_header:
        reading.notes.append(f"{name} has no header, so its first row was read too.")
    unclosed: list[int] = []
    rows = parsed_rows(itertools.chain(start, found), layout, unclosed)
    for number, cells in itertools.islice(rows, layout.above + layout.has_header, None):
        if isinstance(cells, str):
            yield Dropped(f"{name}, row {number}", cells)
            continue
        while len(cells) > len(header) and not cells[-1].strip():
            cells.pop()
        if len(cells) > len(header):
            what = f"the header {len(header)}" if layout.has_header else f"most rows have {len(header)}"
            reason = f"it has {len(cells)} cells, and {what}; put texts that contain the separator in quotes"
            yield Dropped(f"{name}, row {number}", reason, " ".join(cells)[:80])
        elif any(cell.strip() for cell in cells):
            yield f"row {number}", dict(zip(header, cells, strict=False))
    reading.notes.extend(unclosed_note(name, unclosed))


def unclosed_note(name: str, unclosed: Sequence[int]) -> list[str]:
    """Return a note that names the rows of a file whose quotes are not closed; none without such rows."""
    if not unclosed:
        return []
    places = ", ".join(f"{number:,}" for number in unclosed[:5]) + " and others" * (len(unclosed) > 5)
    return [f"{name} has an unclosed quote in row {places}; it was read as a part of the text."]


def parsed_rows(
    lines_of_file: Iterable[str], layout: Layout, unclosed: list[int]
) -> Iterator[tuple[int, list[str] | str]]:
    """Yield each row with its number, from 1: its cells, or why it cannot be read.

    unclosed: receives the numbers of rows with a quote that is not closed.
    """
    found, mark = _Lines(lines_of_file, layout), re.escape(layout.delimiter)
    strict, loose = (csv.reader(found, strict=how, **layout.options) for how in (True, False))
    inner_quote = re.compile(rf'(?<=[^"{mark}])"(?=[^"{mark}\n])')
    doubling = csv.reader(map(partial(inner_quote.sub, '""'), found), **layout.options)
    for number in itertools.count(1):
        found.taken = []
        cells = None
        try:
            cells = next(strict)
        except StopIteration:
            return
        except _UnclosedQuote:
            unclosed.append(number)
            yield number, _first_line(found)
            continue
        except csv.Error as error:
            if "end of data" in str(error):
                unclosed.append(number)
        swallowed = len(found.taken) > 1 and (cells is None or len(cells) > len(layout.header))
        if swallowed and _are_rows(found.taken[1:], layout):
            if number not in unclosed[-1:]:
                unclosed.append(number)
            cells = _first_line(found)
        elif cells is None:
            # A quote within a text, or the file ends.
            reader = doubling if len(found.taken) > 1 else loose
            found.give_back(found.taken)
            try:
                cells = next(reader)
            except _UnclosedQuote:
                cells = _first_line(found)
            except csv.Error as error:
                cells = f"it is not valid CSV ({error}); check for an unclosed quote"
        yield number, cells


def _first_line(found: _Lines) -> list[str]:
    """Return the cells of the first line of a row alone, and give the others back."""
    first, *others = found.taken
    found.give_back(others)
    return [cell.rstrip("\n") for cell in next(csv.reader([first], **found.layout.options), [])]


def _are_rows(found: list[str], layout: Layout) -> bool:
    """Return whether most of some lines have the cells of a row, with or without regard to their quotes."""
    whole = 0
    for line in found[:SWALLOWED]:
        for quoting in (csv.QUOTE_MINIMAL, csv.QUOTE_NONE):
            with contextlib.suppress(csv.Error):
                if len(next(csv.reader([line], quoting=quoting, **layout.options), [])) == layout.width:
                    whole += 1
                    break
    return whole > min(len(found), SWALLOWED) / 2


FORMAT = Format("CSV/TSV", "a CSV or TSV file", (".csv", ".tsv"), None, read_csv)
