"""Read Excel workbooks: each sheet is a table, read as if it had been saved as CSV."""

import csv
import io
import posixpath
import re
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass

from mlm_demo.corpus.documents import Document, Dropped, Format, Reading
from mlm_demo.corpus.input import BROKEN, Budget, Input, broken_file, is_disk_error
from mlm_demo.corpus.readers.csv import read_csv
from mlm_demo.corpus.readers.elements import elements
from mlm_demo.corpus.readers.zip import names_in_zip, open_member, open_zip
from mlm_demo.errors import CorpusError, shown

WORKBOOK, RELATIONS, STRINGS = "xl/workbook.xml", "xl/_rels/workbook.xml.rels", "xl/sharedStrings.xml"
MAX_STRINGS, MAX_CHARACTERS = (
    2_000_000,
    200_000_000,
)  # of the texts that cells share, which are kept in memory
MAX_COLUMNS, MAX_ROWS = 1_000, 1_048_576
PLACE = re.compile(r"([A-Z]{1,3})\d*")


@dataclass
class _Table:
    """A sheet as a stream of CSV."""

    rows: Iterator[list[str]]
    _rest: bytes = b""

    def read(self, size: int) -> bytes:
        while len(self._rest) < size and (row := next(self.rows, None)) is not None:
            line = io.StringIO(newline="")
            csv.writer(line, quoting=csv.QUOTE_ALL).writerow(row)
            self._rest += line.getvalue().encode("utf-8", "replace")
        data, self._rest = self._rest[:size], self._rest[size:]
        return data


def is_xlsx(source: Input) -> bool:
    """Return whether a file is a zip that holds an Excel workbook."""
    return WORKBOOK in names_in_zip(source)


def read_xlsx(source: Input, reading: Reading) -> Iterator[Document | Dropped]:
    """Read the sheets of a workbook; drop those without text, and raise CorpusError if none has any."""
    archive = open_zip(source)
    names = set(archive.namelist())
    strings = _strings(_member(source, archive, STRINGS), source) if STRINGS in names else []
    found, errors = False, list[Dropped]()
    for title, name in _sheets(source, archive, names):
        where = f"{source.name}, sheet {title}"
        table = _Table(_rows(_member(source, archive, name), strings))
        try:
            # What the workbook expands to has been counted; this is the same once more.
            sheet = Input(where, table, Budget(source.budget.max_bytes, source.budget.max_ratio, 1))
            for item in read_csv(sheet, reading) if sheet.head else ():
                found = found or isinstance(item, Document)
                yield item
        except CorpusError as error:
            if source.budget.spent or is_disk_error(error):
                raise
            errors.append(Dropped(where, str(error)))
    if errors and not found:
        raise CorpusError(errors[0].reason)
    yield from errors


def _member(source: Input, archive: zipfile.ZipFile, name: str) -> Input:
    try:
        return open_member(source, archive, archive.getinfo(name), source.name)
    except (*BROKEN, RuntimeError, KeyError) as error:
        raise broken_file(source.name, "Excel workbook", error) from error


def _sheets(source: Input, archive: zipfile.ZipFile, names: set[str]) -> list[tuple[str, str]]:
    """Return the title and the member of each sheet that is shown, in the order of the workbook."""
    targets = {}
    if RELATIONS in names:
        for relation in elements(_member(source, archive, RELATIONS), ("{*}Relationship",), source.name):
            path = posixpath.normpath(posixpath.join("/xl", relation.get("Target") or ""))
            targets[relation.get("Id")] = path.lstrip("/")
    sheets = []
    for sheet in elements(_member(source, archive, WORKBOOK), ("{*}sheet",), source.name):
        key = next((value for name, value in sheet.attrib.items() if name.endswith("}id")), None)
        if targets.get(key) in names and sheet.get("state") not in ("hidden", "veryHidden"):
            sheets.append((sheet.get("name") or "", targets[key]))
    if not sheets:
        raise CorpusError(f"{shown(source.name)} is an Excel workbook without sheets; save it as .csv.")
    return sheets


def _strings(member: Input, source: Input) -> list[str]:
    """Return the texts that the cells of a workbook share."""
    strings, size = [], 0
    for element in elements(member, ("{*}si",), source.name):
        strings.append(_text(element))
        size += len(strings[-1])
        if len(strings) > MAX_STRINGS or size > MAX_CHARACTERS:
            raise CorpusError(
                f"{shown(source.name)} holds more text than an Excel workbook may; save it as .csv."
            )
    return strings


def _rows(member: Input, strings: list[str]) -> Iterator[list[str]]:
    """Yield the cells of each row of a sheet; rows and cells that are left out are empty."""
    count = 0
    for row in elements(member, ("{*}row",), member.name):
        number = row.get("r") or ""
        while number.isdecimal() and count + 1 < min(int(number[:7]), MAX_ROWS):
            count += 1
            yield []
        count += 1
        cells: list[str] = []
        for cell in row.iterfind("{*}c"):
            place = PLACE.match(cell.get("r") or "")
            column = _column(place[1]) if place else len(cells)
            if len(cells) <= column < MAX_COLUMNS:
                cells += [""] * (column - len(cells)) + [_value(cell, strings)]
        yield cells


def _column(letters: str) -> int:
    """Return the number of a column from 0, such as 27 for AB."""
    number = 0
    for letter in letters:
        number = 26 * number + ord(letter) - ord("A") + 1
    return number - 1


def _value(cell, strings: list[str]) -> str:
    """Return what a cell shows; "" for an error."""
    kind, value = cell.get("t"), cell.findtext("{*}v") or ""
    if kind == "s":
        return (
            strings[int(value)] if value.isdecimal() and len(value) < 9 and int(value) < len(strings) else ""
        )
    if kind == "inlineStr":
        return _text(cell)
    return "" if kind == "e" else value


def _text(element) -> str:
    """Return the text of a cell, without how it is pronounced."""
    return "".join(
        text.text or "" for text in element.iter("{*}t") if next(text.iterancestors("{*}rPh"), None) is None
    )


FORMAT = Format("Excel (.xlsx)", "an Excel workbook", (".xlsx", ".xlsm"), is_xlsx, read_xlsx, binary=True)
