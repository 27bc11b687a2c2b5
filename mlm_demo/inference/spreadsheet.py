"""Rows as CSV that a person may open in a spreadsheet."""

import csv
import io
from collections.abc import Iterable, Mapping

FORMULA = ("=", "+", "-", "@", "\t", "\r")


def to_csv(rows: Iterable[Mapping[str, object]], columns: Iterable[str], *, header: bool = True) -> str:
    """Return rows as CSV, with a header or as lines to follow one; a row may lack columns.

    A text that a spreadsheet would read as a formula gets a ' before it (OWASP, CSV injection).
    """
    written = io.StringIO()
    names = list(columns)
    writer = csv.DictWriter(written, names, lineterminator="\n")
    if header:
        writer.writerow({name: _cell(name) for name in names})
    writer.writerows({key: _cell(value) for key, value in row.items()} for row in rows)
    return written.getvalue()


def _cell(value: object) -> object:
    return f"'{value}" if isinstance(value, str) and value.startswith(FORMULA) else value
