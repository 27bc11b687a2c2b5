"""How a CSV file is laid out, from its first lines: the separator, the header and what stands above it."""

import contextlib
import csv
import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from mlm_demo.corpus.readers.columns import count_words, is_known

LINES_LOOKED_AT = 200
DELIMITERS = ",;\t|"
NO_DELIMITER = "\x1f"  # no text holds it, so the file has one column
SEP_LINE = re.compile(r'"?sep=(.|\\t|tab)"?[,;\t|]*\s*', re.IGNORECASE)
# A cell may end with a backslash, or have one before a doubled quote.
ESCAPED_QUOTE = re.compile(r'\\"(?!\s*(?:[,;\t|\n]|$)|"(?!\s*(?:[,;\t|\n]|$)))')
NUMBER = re.compile(r"[-+]?[\d.,]*\d(?:[eE][-+]?\d+)?%?")
SENTENCE_WORDS, NAME_WORDS = (
    3,
    4,
)  # a header has fewer words, or fewer than half as many as the texts below it
YEAR = re.compile(r"(?:19|20)\d\d")
OTHER_NAMES = {"id", "pmid", "label", "date", "year", "author", "authors", "name", "url", "n", "key"}


@dataclass(frozen=True)
class Layout:
    """How to read the rows.

    delimiter: the separator; escape: whether a backslash precedes a quote within a text; blank: whether blanks follow
    separators; above: rows above the header, a line `sep=;` among them; titles: how many of these are titles; width:
    the cells that most rows have; header: the name of each column; has_header: whether the file has them, or they are
    made up.
    """

    delimiter: str
    escape: bool
    blank: bool
    above: int
    titles: int
    width: int
    header: tuple[str, ...]
    has_header: bool

    @property
    def options(self) -> dict:
        """The options of csv.reader."""
        return _options(self.delimiter, self.escape, self.blank)


def _options(delimiter: str, escape: bool, blank: bool) -> dict:
    return {
        "delimiter": delimiter,
        "escapechar": "\\" if escape else None,
        "skipinitialspace": blank,
    }


def layout_of(start: Sequence[str], suffix: str, requested: str | None) -> Layout:
    """Return the layout of a file from its first lines; requested: a column that its header has, if it has one."""
    start = list(start)
    sep_line = SEP_LINE.fullmatch(start[0]) if start else None
    above = bool(sep_line)
    body = "".join(start[above:])
    escape = ESCAPED_QUOTE.search(body) is not None
    if sep_line:
        delimiter = "\t" if len(sep_line[1]) > 1 else sep_line[1]
    else:
        delimiter = "\t" if suffix == ".tsv" else _delimiter(start, escape)
    blank = re.search(rf'{re.escape(delimiter)} +"', body) is not None
    rows = _parse(start[above:], delimiter, escape, blank)
    width = _width(rows)
    title_rows = _rows_above_header(rows, width, requested)
    titles = sum(any(cell.strip() for cell in row) for row in rows[:title_rows])
    rows = rows[title_rows:]
    first = [cell.strip() for cell in rows[0]] if rows else []
    has_header = requested in first or not _is_data(first, rows[1:])
    if has_header:
        while first and not first[-1] and not any(_cell(row, len(first) - 1) for row in rows):
            first.pop()
    if has_header and len(first) == width - 1 and len(rows) > 2:
        first = ["", *first]  # R writes no name above its row names
    names = first if has_header else [""] * max(width, 1)
    return Layout(delimiter, escape, blank, above + title_rows, titles, width, _unique(names), has_header)


def _parse(
    start: Sequence[str], delimiter: str, escape: bool = False, blank: bool = False
) -> list[list[str]]:
    """Return the rows of the first lines, up to one that cannot be parsed."""
    rows: list[list[str]] = []
    with contextlib.suppress(csv.Error):  # reading the rows reports it with its number
        rows.extend(csv.reader(start, **_options(delimiter, escape, blank)))
    return rows


def _width(rows: Sequence[Sequence[str]]) -> int:
    """Return how many cells most rows have."""
    widths = Counter(len(row) for row in rows if any(cell.strip() for cell in row))
    return widths.most_common(1)[0][0] if widths else 0


def _delimiter(start: Sequence[str], escape: bool) -> str:
    """Return the separator that gives most of the first rows as many cells as each other, and as the header if it can.

    A comma or semicolon that only ever stands within sentences separates nothing.
    """
    best, most = NO_DELIMITER, (0, 0)
    for delimiter in DELIMITERS:
        rows = [row for row in _parse(start, delimiter, escape) if row]
        widths, usual = [len(row) for row in rows], _width(rows)
        if not rows or _is_punctuation(start, delimiter):
            continue
        width = widths[0]
        if width == 1 and usual > 1:
            header = widths.index(usual)
            if _separates(rows[header:], usual, start[header:], delimiter):
                width = usual  # the rows above are titles
        if width > 1 and (widths.count(width), width) > most:
            best, most = delimiter, (widths.count(width), width)
    return best


def _separates(rows: Sequence[Sequence[str]], width: int, below: Sequence[str], delimiter: str) -> bool:
    """Return whether a sign that the first row lacks separates the cells of the others, and is no part of texts."""
    named = width > 2 or any(is_known(cell) for cell in rows[0])
    return named and not _is_data(rows[0], rows[1:]) and not _followed_by_blanks(below, delimiter)


def _is_punctuation(start: Sequence[str], delimiter: str) -> bool:
    """Return whether a sign stands only where sentences have it, in a file whose first line is one."""
    first = start[0].strip()
    if delimiter not in ",;" or '"' in first or not _is_sentence(first):
        return False
    return _followed_by_blanks(start, delimiter)


def _followed_by_blanks(start: Sequence[str], delimiter: str) -> bool:
    return not any(re.search(rf"{re.escape(delimiter)}(?! )", line.strip()) for line in start)


def _is_sentence(text: str) -> bool:
    return count_words(text) >= SENTENCE_WORDS and text.endswith((".", "!", "?"))


def _rows_above_header(rows: Sequence[Sequence[str]], width: int, requested: str | None) -> int:
    """Return how many rows stand above the header: empty ones, and titles, which have a first cell alone."""
    filled = [[cell.strip() for cell in row if cell.strip()] for row in rows]
    empty = next((i for i, cells in enumerate(filled) if cells), 0)
    header = next((i for i, cells in enumerate(filled) if len(cells) > 1), 0)
    titles = [i for i in range(header) if filled[i]]
    if (
        width > 1
        and all(rows[i][0].strip() and not _names_column(rows[i][0], requested) for i in titles)
        and not _is_data(rows[header], rows[header + 1 :])
    ):
        return header
    return empty


def _names_column(cell: str, requested: str | None) -> bool:
    return is_known(cell) or cell.strip().lower() in OTHER_NAMES or cell.strip() == requested


def _is_data(first: Sequence[str], rest: Sequence[Sequence[str]]) -> bool:
    """Return whether a file has no header: its first row holds numbers or texts like the rows below it."""
    if any(_names_column(cell, None) for cell in first):
        return False
    filled = [cell.strip() for cell in first if cell.strip()]
    numbers = [cell for cell in filled if NUMBER.fullmatch(cell)]
    below = [[cell for row in rest if (cell := _cell(row, i))] for i in range(len(first))]
    numeric = [bool(cells) and all(NUMBER.fullmatch(cell) for cell in cells) for cells in below]
    counted = [str(i) for i in range(len(filled))], [str(i) for i in range(1, len(filled) + 1)]
    if numbers == filled and filled in counted and rest and not all(numeric[: len(filled)]):
        return False  # pandas names columns by numbers
    for cell, cells, is_numeric in zip(map(str.strip, first), below, numeric, strict=True):
        if is_numeric and not NUMBER.fullmatch(cell):
            return False
        words = count_words(cell)
        mean = sum(map(count_words, cells)) / max(1, len(cells))
        if words >= SENTENCE_WORDS and cell.endswith((".", "!")):
            return True
        if words >= max(NAME_WORDS - (len(first) == 1), mean / 2) and not cell.endswith(("?", ":")):
            return True
        if YEAR.fullmatch(cell) and not all(map(YEAR.fullmatch, cells)):
            numbers.remove(cell)  # the name of a column
    return bool(numbers) and (not rest or any(numeric))


def _cell(row: Sequence[str], i: int) -> str:
    return row[i].strip() if i < len(row) else ""


def _unique(names: Sequence[str]) -> tuple[str, ...]:
    """Return names of columns, each once and none empty."""
    found: list[str] = []
    for number, name in enumerate(names, 1):
        name = name or f"column {number}"
        found.append(name if name not in found else f"{name} ({number})")
    return tuple(found)
