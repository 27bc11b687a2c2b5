"""Choose the column of a table that holds the text, by its content; in JSON a column may be nested.

A column is a path of keys, such as ("paragraphs", "context"), and its name is "paragraphs.context". Lists on the way
are walked through.
"""

import json
import re
from collections.abc import Iterator, Mapping, Sequence

from mlm_demo.corpus.documents import Table
from mlm_demo.errors import MoreNeededError, shown

# Well-known names, without case and punctuation. One counts only if no other column holds clearly more words.
TEXTS = {
    "text", "abstract", "abstracttext", "ab", "content", "contents", "context", "contexts", "body", "bodytext",
    "document", "passage", "sentence", "report", "note", "fulltext",
}  # fmt: skip
ABSTRACTS = {"abstract", "abstracttext", "ab"}
TITLES = {"title", "articletitle", "papertitle", "ti"}  # is read with an abstract
MORE_THAN_KNOWN = 1.5  # times the words of a column with a well-known name
CLEARLY_MORE = 3  # times the words of the next column
FEW_WORDS = 4  # a column with fewer words a row may be names or labels
DEPTH = 8  # keys; what is nested deeper is not looked at
MEASURED = 20_000  # characters of a cell whose words are counted
NAME_SHOWN = 120  # characters of a column name: a name that is cut cannot be given
JOINED = " + "  # between the names of several columns
LISTED = 50  # columns that an error names
ROWS_SHOWN, ROW_SHOWN = 3, 200  # rows that a report shows, and their characters

Path = tuple[str, ...]
Row = str | Mapping  # the text of a row, or its values by column


def choose_columns(
    rows: Sequence[Row], requested: str | None, name: str, notes: list[str]
) -> tuple[tuple[Path, ...], Table]:
    """Return the columns whose text a row is, from the first rows of a table, and the table for the report.

    requested: the name of a column, or names joined by JOINED; None to choose by content. Raises MoreNeededError if the
    table has no such column, or if none holds text.
    """
    words: dict[Path, float] = {}
    for row in rows:
        for path, value in _leaves(row):
            words[path] = words.get(path, 0) + (count_words(value) if isinstance(value, str) else 0)
    words = {path: count / len(rows) for path, count in words.items()}
    words.pop((), None)  # rows that are texts themselves
    chosen: tuple[Path, ...] = ((),)
    if requested is not None and words:
        chosen = _requested(requested, list(words), name)
    elif words:
        chosen, note = _by_content(words, name)
        if len(words) > 1 or len(chosen[0]) > 1:
            notes.append(note or _note(chosen, name))
    texts = [" ".join(text_of(row, chosen).split()) for row in rows[: 10 * ROWS_SHOWN]]
    shown_rows = [text[:ROW_SHOWN] + "…" * (len(text) > ROW_SHOWN) for text in texts if text][:ROWS_SHOWN]
    columns = sorted(words, key=words.__getitem__, reverse=True)[:LISTED]
    return chosen, Table(name, _name_of(chosen), _names(columns), tuple(shown_rows))


def text_of(row: Row, columns: Sequence[Path], *, drifts: bool = False) -> str:
    """Return the text of a row: its strings in these columns, with an empty line between two.

    drifts: whether a row without these columns may have its text under another well-known name.
    """
    if isinstance(row, str):
        return row
    text = "\n\n".join(text for path in columns for text in _strings_at(row, path) if text.strip())
    if text or not drifts or any(path and path[0] in row for path in columns):
        return text
    known = [
        value for path, value in _leaves(row) if path and isinstance(value, str) and _plain(path[-1]) in TEXTS
    ]
    return max(known, key=count_words, default="")


def other_cells(row: Row, columns: Sequence[Path]) -> dict[str, str]:
    """Return the cells of a row that are not in these columns as text, by column; what is nested as JSON."""
    if isinstance(row, str):
        return {}
    texts = {path[0] for path in columns if path}
    return {str(name): _as_text(value) for name, value in row.items() if name not in texts}


def _as_text(value: object) -> str:
    if isinstance(value, Mapping | list):
        return json.dumps(value, ensure_ascii=False, default=str)
    return "" if value is None else str(value)


def count_words(text: str) -> int:
    """Count the words of a text; of a script without spaces, two characters count as a word."""
    text = text[:MEASURED]
    if text.isascii():
        return sum(not word.isdigit() for word in text.split() if word.upper() != word.lower())
    unspaced = len(re.findall(r"[\u0e00-\u0eff\u1000-\u109f\u3040-\u30ff\u3400-\u9fff]", text)) // 2
    return unspaced + sum(any(c.isalpha() for c in word) for word in text.split())


def is_known(name: str) -> bool:
    """Return whether a column name is a well-known one for a text or a title."""
    return _plain(name) in TEXTS | TITLES


def _plain(name: str) -> str:
    return re.sub(r"[\W_]+", "", name).lower()


def _leaves(value: object, path: Path = (), depth: int = 0) -> Iterator[tuple[Path, object]]:
    """Yield every value of a row that is no list and no object, with its column."""
    if isinstance(value, Mapping) and depth < DEPTH:
        for key, inner in value.items():
            yield from _leaves(inner, (*path, str(key)), depth + 1)
    elif isinstance(value, list) and depth < DEPTH:
        for inner in value:
            yield from _leaves(inner, path, depth + 1)
    else:
        yield path, value


def _strings_at(value: object, path: Path) -> Iterator[str]:
    """Yield the strings of a column in one row, in their order.

    A row may be less nested than the column, or more: then the inner string with the most words counts.
    """
    if isinstance(value, str):
        yield value
    elif isinstance(value, list):
        for inner in value:
            yield from _strings_at(inner, path)
    elif path and isinstance(value, Mapping):
        yield from _strings_at(value.get(path[0]), path[1:])
    elif isinstance(value, Mapping):
        strings = [inner for _, inner in _leaves(value) if isinstance(inner, str)]
        yield max(strings, key=count_words, default="")


def _requested(requested: str, paths: Sequence[Path], name: str) -> tuple[Path, ...]:
    by_name = {".".join(path): path for path in paths}
    names = [requested] if requested in by_name else [part.strip() for part in requested.split(JOINED)]
    if not all(part in by_name for part in names):
        message = f"{shown(name)} has no column {shown(requested)}; it has {_listed(paths)}."
        raise MoreNeededError(message, _names(paths))
    return tuple(by_name[part] for part in names)


def _by_content(words: Mapping[Path, float], name: str) -> tuple[tuple[Path, ...], str]:
    """Return the column with the most words, and with an abstract its title, and a sentence if that is doubtful.

    words: per row, by column.
    """
    first, *others = sorted(words, key=words.__getitem__, reverse=True)
    most = words[first]
    known = [path for path in words if _plain(path[-1]) in TEXTS and MORE_THAN_KNOWN * words[path] >= most]
    if known:
        best = max(known, key=lambda path: words[path])
        return (*_title_of(best, words), best), ""
    if not others or most >= max(1, CLEARLY_MORE * words[others[0]]):
        return (first,), ""
    if most < FEW_WORDS:
        raise MoreNeededError(
            f"{shown(name)} has the columns {_listed(list(words))}, and none is clearly the text; choose the column "
            "to read.",
            _names(list(words)),
        )
    return (first,), (
        f"Columns {shown(_name_of([first]))} and {shown(_name_of(others[:1]))} of {name} both hold text; the first, "
        "which has more words, was read."
    )


def _title_of(best: Path, words: Mapping[Path, float]) -> list[Path]:
    """Return the column with the titles of the abstracts in a column, if there is one."""
    at = next((i for i, key in enumerate(best) if _plain(key) in ABSTRACTS), None)
    if at is None:
        return []
    titles = [p for p in words if p[:-1] == best[:at] and _plain(p[-1]) in TITLES and words[p] >= 1]
    return titles[:1]


def _note(chosen: Sequence[Path], name: str) -> str:
    """Return a sentence that tells which columns were read."""
    nested = max(len(path) for path in chosen) > 1
    if nested:
        return f"In {name} the text is nested: {shown(_name_of(chosen))} was read."
    if len(chosen) > 1:
        title, text = (shown(path[0]) for path in chosen)
        return f"Columns {title} and {text} of {name} were read as the text."
    return f"Column {shown(_name_of(chosen))} of {name} was read as the text."


def _name_of(paths: Sequence[Path]) -> str:
    return JOINED.join(".".join(path) for path in paths)


def _names(paths: Sequence[Path]) -> tuple[str, ...]:
    return tuple(".".join(path) for path in paths[:LISTED])


def _listed(paths: Sequence[Path]) -> str:
    return ", ".join(shown(name, NAME_SHOWN) for name in _names(paths))
