"""Read JSON and JSON lines, told apart by their content: each object or string is a document.

A line or an item that cannot be read is left out and named.
"""

import itertools
import json
import re
from collections.abc import Iterator, Mapping

from mlm_demo.corpus.documents import Document, Dropped, Format, Reading, decode_input
from mlm_demo.corpus.input import Input, ending
from mlm_demo.corpus.readers.columns import count_words
from mlm_demo.corpus.readers.rows import PlacedRow, read_rows
from mlm_demo.corpus.text import lines
from mlm_demo.errors import CorpusError, shown

MAX_JSON = 256 * 1024 * 1024  # characters of a line, or of a file that is one value
# Keys of lists that are the parts of one document, as in {"title": …, "body_text": [{"text": …}, …]}.
PARTS = re.compile("text|body|abstract|paragraph|passage|section|message|sentence|content", re.IGNORECASE)
ONE_DOCUMENT = re.compile("body|paragraph|passage|section|message|sentence", re.IGNORECASE)  # as the only key
MOST_OF_IT = 0.8  # of the words of an object: a list that holds them is a list of documents
DEPTH = 6  # keys to such a list
MOST_BROKEN = 1_000  # items of one value; what follows them is not read
DECODER = json.JSONDecoder(strict=False)
SPACE = re.compile(r"[\s,]*")
JSON_START = re.compile(r'\s*(?:(\[)\s*(?=\{\s*"|")|(?=\{\s*"))')
AFTER_ITEM, AFTER_OBJECT = re.compile(r"\s*[],]"), re.compile(r"[ \t,]*(?:[\r\n]|$)")


def begins_as_json(source: Input) -> bool:
    """Return whether a file under another ending begins with an object of JSON or a list of objects or strings."""
    codec, bom = source.encoding
    text = source.head[bom:].decode(codec, "ignore")
    start = JSON_START.match(text)
    if not start:
        return False
    try:
        _, end = DECODER.raw_decode(text, start.end())
    except (ValueError, RecursionError):
        return False
    return (AFTER_ITEM if start[1] else AFTER_OBJECT).match(text, end) is not None


def read_json(source: Input, reading: Reading) -> Iterator[Document | Dropped]:
    """Read a file that holds a JSON value on each line, or one value or several over many lines."""
    yield from read_rows(_rows(source, reading), source, reading)


def _rows(source: Input, reading: Reading) -> Iterator[PlacedRow | Dropped]:
    found = lines(decode_input(source, reading), name=source.name, limit=MAX_JSON)
    numbered = enumerate(found, 1)
    start = list(itertools.islice((pair for pair in numbered if pair[1].strip()), 2))
    if not start:
        return
    if _is_one_value(*(line.strip() for _, line in start)):
        text = "".join(_bounded(itertools.chain(start, numbered), source.name))
        is_line = len(start) == 1 and ending(source.name) in JSON_LINES.endings
        yield from _items(text, source.name, "line" if is_line else "item")
        return
    for number, line in itertools.chain(start, numbered):
        if line.strip():
            yield from _line(line, f"line {number}", source.name)


def _is_one_value(first: str, second: str = "") -> bool:
    """Return whether a value goes on after the first line; second: the next line that is not empty."""
    if not second or first.startswith("["):
        return not (second and _parses(first))
    if first.startswith("{") and not _parses(first) and not _parses(second):
        return first.endswith(("{", "[", ",", ":"))
    return False


def _parses(line: str) -> bool:
    try:
        json.loads(line.rstrip().removesuffix(","), strict=False)
    except (ValueError, RecursionError):
        return False
    return True


def _bounded(numbered: Iterator[tuple[int, str]], name: str) -> Iterator[str]:
    length = 0
    for _, line in numbered:
        length += len(line)
        if length > MAX_JSON:
            raise CorpusError(
                f"{shown(name)} is larger than {MAX_JSON:,} characters, which is the limit for one JSON value; split "
                "it or save it as .jsonl."
            )
        yield line


def _line(line: str, where: str, name: str) -> Iterator[PlacedRow | Dropped]:
    """Yield the row of a JSON line; those of its items if it is a list of objects."""
    try:
        value = json.loads(line.rstrip().removesuffix(","), strict=False)
    except (ValueError, RecursionError) as error:
        yield Dropped(f"{name}, {where}", f"it is not JSON ({_why(error)})", line.strip()[:80])
        return
    rows = value if isinstance(value, list) and all(isinstance(item, dict) for item in value) else [value]
    for row in rows:
        yield _placed(row, where, name, line)


def _placed(row: object, where: str, name: str, text: str) -> PlacedRow | Dropped:
    if isinstance(row, str | dict):
        return where, row
    return Dropped(f"{name}, {where}", "it is neither an object nor a string", text.strip()[:80])


def _items(text: str, name: str, whole: str) -> Iterator[PlacedRow | Dropped]:
    """Yield the rows of one value, or of several in a row; whole: what a value is called that is one row."""
    try:
        value = json.loads(text, strict=False)
        rows = _documents_in(value)
    except (ValueError, RecursionError):
        yield from _items_one_by_one(text, name)
        return
    if not isinstance(rows, list) or (rows and not any(isinstance(row, str | dict) for row in rows)):
        raise CorpusError(f"{shown(name)} is JSON, but not a list of strings or objects; save it as .jsonl.")
    for number, row in enumerate(rows, 1):
        yield _placed(
            row,
            f"{whole if row is value else 'item'} {number}",
            name,
            "" if isinstance(row, str | dict) else json.dumps(row),
        )


def _items_one_by_one(text: str, name: str) -> Iterator[PlacedRow | Dropped]:
    """Yield the items of a list, or values in a row, of which one at least is not valid JSON."""
    at = SPACE.match(text).end()
    in_list = text.startswith("[", at)
    at += in_list
    line_start = re.compile(
        r"\n" + re.search(r"[ \t]*\Z", text[: SPACE.match(text, at).end()])[0] + r"(?=[{\"])"
    )
    broken = 0
    for number in itertools.count(1):
        at = SPACE.match(text, at).end()
        if at >= len(text):
            if in_list:
                yield Dropped(f"{name}, item {number}", "the file ends within a list; download it again")
            return
        if in_list and text[at] == "]":
            return
        try:
            value, at = DECODER.raw_decode(text, at)
        except (ValueError, RecursionError) as error:
            broken += 1
            found = line_start.search(text, at + 1)
            is_last = not found or broken == MOST_BROKEN  # each error takes as long as the text before it
            rest = "; what follows it was not read" if is_last else ""
            reason = f"it is not JSON ({_why(error)}){rest}"
            yield Dropped(f"{name}, item {number}", reason, _first_line(text, at))
            if is_last:
                return
            at = found.end()
            continue
        yield _placed(value, f"item {number}", name, _first_line(text, at))


def _first_line(text: str, at: int) -> str:
    return text[at : at + 80].partition("\n")[0]


def _documents_in(value: object) -> object:
    """Return the list of documents in a value: itself, a list under a key of it, or an object's objects."""
    if not isinstance(value, dict):
        return [value] if isinstance(value, str) else value
    if rows := _rows_of_columns(value):
        return rows
    inner = list(value.values())
    if len(inner) > 1 and all(isinstance(item, dict) for item in inner) and inner[0].keys() & inner[1].keys():
        return inner
    total = _words_in(value)
    lists = [(_words_in(items), items) for items in _lists_in(value)]
    words, items = max(lists, key=lambda pair: pair[0], default=(0, []))
    return items if items and words >= MOST_OF_IT * total else [value]


def _rows_of_columns(value: Mapping) -> list[dict]:
    """Return the rows of an object of columns: lists of one length, or as pandas writes them; [] if it is none.

    {"text": ["A.", "B."]} → [{"text": "A."}, {"text": "B."}], and so {"text": {"0": "A.", "1": "B."}}
    """
    columns = list(value.values())
    if columns and all(isinstance(column, dict) and len(column) > 1 for column in columns):
        numbers = list(columns[0])
        if not all(number.isdecimal() and list(column) == numbers for column in columns for number in column):
            return []
        columns = [list(column.values()) for column in columns]
    if not all(isinstance(column, list) and len(column) > 1 for column in columns):
        return []
    texts = [all(item is None or isinstance(item, str) for item in column) for column in columns]
    one_length = len({len(column) for column in columns}) == 1
    if not (one_length and any(texts)) or (len(value) == 1 and ONE_DOCUMENT.search(*value)):
        return []
    return [dict(zip(value, row, strict=True)) for row in zip(*columns, strict=True)]


def _lists_in(value: Mapping, depth: int = 0) -> Iterator[list]:
    """Yield the lists of objects or strings under the keys of an object, except parts of one document."""
    for key, inner in value.items():
        if isinstance(inner, list) and inner and not PARTS.search(key):
            if all(isinstance(item, str | dict) for item in inner):
                yield inner
        elif isinstance(inner, dict) and depth < DEPTH:
            yield from _lists_in(inner, depth + 1)


def _words_in(value: object, depth: int = 0) -> int:
    if isinstance(value, str):
        return count_words(value)
    if depth > 3 * DEPTH:
        return 0
    inner = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    return sum(_words_in(item, depth + 1) for item in inner)


def _why(error: Exception) -> str:
    if isinstance(error, json.JSONDecodeError):
        return error.msg
    return "nested too deeply, or a number is too long"


JSON_LINES = Format("JSON lines", "a JSON lines file", (".jsonl", ".ndjson"), None, read_json)
JSON = Format("JSON", "a JSON file", (".json",), None, read_json)
