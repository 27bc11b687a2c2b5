"""Files of a corpus into documents: told by their content first, then by their extension, read as a stream."""

import contextlib
import csv
import itertools
import json
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from lxml import etree

from mlm_demo.archives import (
    Budget,
    Input,
    broken,
    docx_paragraphs,
    elements,
    gunzipped,
    inner_suffix,
    pdf_pages,
    text_of,
    zip_kind,
    zip_members,
)
from mlm_demo.decoding import (
    CAN_BE_READ,
    CONTROL,
    check_text,
    decode,
    detect,
    lines,
    pieces,
    plain_markdown,
    tidy,
)
from mlm_demo.errors import CorpusError, shown

KINDS = {
    ".txt": "text", ".text": "text", "": "text", ".md": "markdown", ".markdown": "markdown", ".csv": "csv",
    ".tsv": "csv", ".jsonl": "jsonl", ".ndjson": "jsonl", ".json": "json", ".parquet": "parquet", ".html": "html",
    ".htm": "html", ".xhtml": "html", ".pdf": "pdf", ".docx": "docx", ".xml": "xml", ".nxml": "xml", ".zip": "zip",
}  # fmt: skip
NAMES = {
    "gzip": "a gzip file",
    "zip": "a zip file",
    "pdf": "a PDF",
    "docx": "a Word file",
    "html": "an HTML page",
}
PUBMED, ARTICLE = "MedlineCitation", "article"
XML_ROOTS = re.compile(
    rb"<(?:\w+:)?(?:PubmedArticle(?:Set)?|MedlineCitation(?:Set)?|article|pmc-articleset)[\s>]"
)
TEXT_COLUMNS = ("text", "abstract", "content", "body", "document", "sentence")
SAMPLE, BY_FAR = 100, 3  # rows looked at for the column; so many times the mean length of the next
LONGEST_LINE, LONGEST_JSON = 32_000_000, 256 * 1024 * 1024
PROSE_LINE = 100  # characters; longer lines are no longer those of a text wrapped by hand
HIDDEN = {"script", "style", "nav", "header", "footer", "head", "noscript", "template", "svg", "iframe"}
INLINE = {
    "a", "abbr", "b", "bdi", "bdo", "big", "cite", "code", "del", "dfn", "em", "font", "i", "ins", "kbd", "label",
    "mark", "q", "s", "samp", "small", "span", "strong", "sub", "sup", "time", "tt", "u", "var", "wbr",
}  # fmt: skip


@dataclass(frozen=True)
class Document:
    """A text and where it is from, such as "papers.zip/a.csv, row 12"; empty lines separate its paragraphs.

    Rows count from 1, which is the header of a CSV file.
    """

    source: str
    text: str


@dataclass(frozen=True)
class Dropped:
    """Something that was left out, and why."""

    source: str
    reason: str
    first_line: str = ""


@dataclass(frozen=True)
class ReadLimits:
    """What is read of one file at most, so that a file made to fill a memory or a disk does not."""

    max_bytes: int = 1024**3  # unpacked, in all
    max_members: int = 10_000
    max_ratio: float = 200  # unpacked to packed
    max_document_characters: int = 1_000_000  # longer ones come in pieces


@dataclass(frozen=True)
class _Job:
    column: str | None
    limits: ReadLimits
    notes: list[str]


def read_documents(
    path: Path, *, name: str | None = None, column: str | None = None, limits: ReadLimits, notes: list[str]
) -> Iterator[Document | Dropped]:
    """Read the documents of a file, shown as `name`; `notes` is told how it was understood.

    Raises CorpusError naming the file, and the line where there is one. In a zip, what cannot be read is Dropped.
    """
    name = name or path.name
    try:
        if path.is_dir():
            raise CorpusError(f"{shown(name)} is a folder; name the files in it, or pack it as .zip.")
        with path.open("rb") as file:
            source = Input(name, file, Budget(limits.max_bytes, limits.max_ratio), seekable=True)
            yield from _read(source, _Job(column, limits, notes))
    except FileNotFoundError:
        raise CorpusError(f"There is no file {shown(name)}; check its name.") from None
    except OSError as error:
        raise CorpusError(
            f"{shown(name)} cannot be opened ({error.strerror}); check its permissions."
        ) from error


def _read(source: Input, job: _Job, *, packed: bool = False) -> Iterator[Document | Dropped]:
    """Read one file or member; `packed` when it comes out of another, so that no archives are opened in it."""
    kind, said = _kind(source, packed), KINDS.get(inner_suffix(source.name))
    if kind in ("gzip", "zip") and packed:
        yield Dropped(source.name, "an archive in an archive is not opened")
        return
    if kind in NAMES and kind != said and not (kind == "gzip" and source.name.lower().endswith(".gz")):
        job.notes.append(f"{source.name} is {NAMES[kind]}, and was read as one.")
    if kind == "gzip":
        yield from _read(gunzipped(source), job, packed=True)
        return
    empty = True
    for item in READERS[kind](source, job):
        empty = False
        yield item
    if empty:
        raise CorpusError(f"{shown(source.name)} holds no text, only white space or marks; leave it out.")


def _kind(source: Input, packed: bool) -> str:
    """Tell the format of a file; raises CorpusError when it is empty, binary or unknown."""
    head, suffix = source.head, inner_suffix(source.name)
    if not head:
        raise CorpusError(f"{shown(source.name)} is empty; leave it out.")
    if head.startswith(b"\x1f\x8b"):
        return "gzip"
    if head.startswith((b"PK\3\4", b"PK\5\6")):
        return zip_kind(source)
    if head.lstrip().startswith(b"%PDF-"):
        return "pdf"
    if head.startswith(b"PAR1") and CONTROL.search(head[4:64].decode("latin-1")):
        return "parquet"
    codec, bom = detect(head)
    if len(head) == bom:
        raise CorpusError(f"{shown(source.name)} holds nothing but a byte order mark; leave it out.")
    said = KINDS.get(suffix)
    if said in ("pdf", "docx", "parquet", "zip") or (source.name.lower().endswith(".gz") and not packed):
        what = said if source.name.lower().endswith(suffix) else "gz"
        raise broken(source.name, f".{what} file", ValueError("it does not begin as one does"))
    check_text(head, codec, source.name)
    start = head[bom:4096].decode(codec, "ignore").lstrip().lower()
    if re.match(r"(?:<\?xml[^>]*>\s*)?(?:<!--.{0,2000}?-->\s*)?<(?:!doctype\s+)?html[\s>]", start, re.DOTALL):
        return "html"
    if start.startswith("<") and said in ("text", "xml") and XML_ROOTS.search(head.replace(b"\0", b"")):
        return "xml"
    if said == "xml":
        raise CorpusError(
            f"{shown(source.name)} is XML, but neither PubMed's nor JATS; save its text as .txt."
        )
    if said is None:
        raise CorpusError(
            f"{shown(source.name)} has an unknown format ({suffix}); give one of {CAN_BE_READ}."
        )
    return said


def _documents(
    chunks: Iterable[str], where: str, job: _Job, plain: Callable[[str], str] = tidy
) -> Iterator[Document]:
    """One document, or as many as a long one is cut into."""
    parts = pieces(chunks, job.limits.max_document_characters)
    ahead = list(itertools.islice(parts, 2))
    for number, part in enumerate(itertools.chain(ahead, parts), 1):
        if text := plain(part):
            yield Document(f"{where}, part {number}" if len(ahead) > 1 else where, text)


def _decoded(source: Input, job: _Job) -> Iterator[str]:
    return decode(source.chunks(), name=source.name, notes=job.notes)


def _text(source: Input, job: _Job) -> Iterator[Document]:
    yield from _documents(_separated(_decoded(source, job), source.name, job), source.name, job)


def _separated(chunks: Iterator[str], name: str, job: _Job) -> Iterator[str]:
    """Put an empty line between the lines of a text that has none and whose every line is a paragraph."""
    first = next(chunks, "")
    count = first.strip().count("\n")
    each = count and len(first) > PROSE_LINE * (count + 1) and not re.search(r"\n\s*\n", first.strip())
    if each:
        job.notes.append(f"{name} has no empty lines, so each of its lines was read as a paragraph.")
    for chunk in itertools.chain([first], chunks):
        yield chunk.replace("\n", "\n\n") if each else chunk


def _markdown(source: Input, job: _Job) -> Iterator[Document]:
    yield from _documents(_decoded(source, job), source.name, job, lambda text: tidy(plain_markdown(text)))


# Tables: rows are pairs of where they are ("row 12") and what they hold (a text, or values by column).


def _texts(rows: Iterator[tuple[str, object]], source: Input, job: _Job) -> Iterator[Document]:
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
            yield from _documents([text], f"{source.name}, {where}", job)
        else:
            missing += 1
    if missing:
        job.notes.append(f"{missing:,} rows of {source.name} hold no text and were left out.")


def choose_column(columns: list[str], sample: list[Mapping], name: str, job: _Job) -> str | None:
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


def _csv(source: Input, job: _Job) -> Iterator[Document]:
    yield from _texts(_csv_rows(source, job), source, job)


def _csv_rows(source: Input, job: _Job) -> Iterator[tuple[str, dict[str, str]]]:
    csv.field_size_limit(LONGEST_LINE)  # Python's own limit, 131,072 characters, is less than a paper has
    rest = lines(_decoded(source, job), name=source.name, longest=LONGEST_LINE)
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


def _header(cells: list[str], name: str, job: _Job) -> list[str]:
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
        widths = [len(row) for row in csv.reader(start, delimiter=delimiter) if row]
        if widths and widths[0] > 1:
            best, most = max(
                (best, most), (delimiter, (widths.count(widths[0]), widths[0])), key=lambda b: b[1]
            )
    return best


def _jsonl(source: Input, job: _Job) -> Iterator[Document]:
    found = lines(_decoded(source, job), name=source.name, longest=LONGEST_LINE)
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


def _json(source: Input, job: _Job) -> Iterator[Document]:
    data = source.whole(LONGEST_JSON)
    text = "".join(decode([data], name=source.name, notes=job.notes))
    value = _json_value(text, shown(source.name))
    rows = [value] if isinstance(value, dict) else value
    if not isinstance(rows, list) or not all(isinstance(row, str | dict) for row in rows):
        raise CorpusError(
            f"{shown(source.name)} is JSON, but not a list of texts or objects; save it as .jsonl."
        )
    yield from _texts(((f"item {i}", row) for i, row in enumerate(rows, 1)), source, job)


def _parquet(source: Input, job: _Job) -> Iterator[Document]:
    yield from _texts(_parquet_rows(source, job), source, job)


def _parquet_rows(source: Input, job: _Job) -> Iterator[tuple[str, dict[str, str]]]:
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


# Marked-up text.


class _Paragraphs:
    """Takes an HTML parser's events; `done` are the paragraphs of the visible text so far."""

    def __init__(self):
        self.done: list[str] = []
        self._parts: list[str] = []
        self._size = 0
        self._hidden: list[str] = []  # the open elements from the first hidden one on

    def start(self, tag: str, attributes: Mapping[str, str]) -> None:
        style = attributes.get("style", "").replace(" ", "")
        if self._hidden or tag in HIDDEN or "hidden" in attributes or "display:none" in style:
            self._hidden.append(tag)
        elif tag == "br":
            self._parts.append("\n")
        elif tag in ("td", "th"):
            self._parts.append(" ")
        elif tag not in INLINE:
            self.flush()

    def end(self, tag: str) -> None:
        if self._hidden:
            self._hidden.pop()
        elif tag not in INLINE and tag not in ("br", "td", "th"):
            self.flush()

    def data(self, data: str) -> None:
        if not self._hidden:
            self._parts.append(re.sub(r"\s+", " ", data))
            self._size += len(data)
            if self._size > 1_000_000:
                self.flush()

    def flush(self) -> None:
        text = re.sub(r" *\n *", "\n", re.sub(" +", " ", "".join(self._parts))).strip()
        if text:
            self.done.append(text)
        self._parts, self._size = [], 0

    def close(self) -> None:
        self.flush()


def _html(source: Input, job: _Job) -> Iterator[Document]:
    yield from _documents(_html_text(source, job), source.name, job)


def _html_text(source: Input, job: _Job) -> Iterator[str]:
    found = re.search(rb"charset\s*=\s*[\"']?([\w.:-]{1,40})", source.head[:4096], re.IGNORECASE)
    declared = found and found[1].decode("ascii", "ignore")
    page = _Paragraphs()
    parser = etree.HTMLParser(target=page, encoding="utf-8", no_network=True)
    for text in decode(source.chunks(), name=source.name, notes=job.notes, declared=declared):
        parser.feed(text.encode("utf-8", "replace"))
        yield "".join(f"{paragraph}\n\n" for paragraph in page.done)
        page.done.clear()
    with contextlib.suppress(etree.XMLSyntaxError):  # no element at all, so no text
        parser.close()
    page.close()
    yield "\n\n".join(page.done)


def _xml(source: Input, job: _Job) -> Iterator[Document]:
    """PubMed's records, each its title and abstract, and JATS articles, each its title, abstract and body."""
    for found in elements(source, ("{*}PubmedArticle", f"{{*}}{PUBMED}", f"{{*}}{ARTICLE}")):
        kind, where = etree.QName(found).localname, source.name
        if kind == PUBMED:
            texts = [
                found.find("{*}Article/{*}ArticleTitle"),
                *found.iterfind("{*}Article/{*}Abstract/{*}AbstractText"),
            ]
            number = found.findtext("{*}PMID")
            where += f", PMID {number}" if number else ""
        elif kind == ARTICLE:
            etree.strip_elements(found, "{*}tex-math", "{*}table-wrap", "{*}ref-list", with_tail=False)
            texts = [found.find("{*}front/{*}article-meta/{*}title-group/{*}article-title")]
            for part in (*found.iterfind("{*}front/{*}article-meta/{*}abstract"), found.find("{*}body")):
                inner = part.iter("{*}p") if part is not None else ()
                texts += [p for p in inner if next(p.iterancestors("{*}p"), None) is None]
        else:
            continue  # what is around a record, here only to be emptied
        yield from _documents(["\n\n".join(filter(None, map(text_of, texts)))], where, job)


def _docx(source: Input, job: _Job) -> Iterator[Document]:
    yield from _documents((f"{p}\n\n" for p in docx_paragraphs(source)), source.name, job)


def _pdf(source: Input, job: _Job) -> Iterator[Document | Dropped]:
    dropped: list[Dropped] = []
    count = 0

    def texts() -> Iterator[str]:
        nonlocal count
        for count, text in enumerate(pdf_pages(source), 1):
            if text and text.strip():
                # A sentence may go on over the page.
                yield text.strip() + ("\n\n" if text.strip()[-1] in '.!?:”"' else "\n")
            else:
                reason = (
                    "the page is broken" if text is None else "the page holds no text; it may be a picture"
                )
                dropped.append(Dropped(f"{source.name}, page {count}", reason))

    yield from _documents(texts(), source.name, job)
    if len(dropped) == count:
        raise CorpusError(
            f"{shown(source.name)} holds no text on its {count} pages, so it may be a scan; run a text recognition "
            "(OCR) on it first."
        )
    yield from dropped


def _zip(source: Input, job: _Job) -> Iterator[Document | Dropped]:
    read, why = 0, "it is empty"
    for name, member in zip_members(source, job.limits.max_members):
        if isinstance(member, str):
            why = f"{shown(name)} was left out: {member}"
            yield Dropped(name, member)
            continue
        try:
            for item in _read(member, job, packed=True):
                read += isinstance(item, Document)
                why = item.reason if isinstance(item, Dropped) else why
                yield item
        except CorpusError as error:
            if source.budget.spent:
                raise
            why = str(error)
            yield Dropped(name, why, _first_line(member.head))
    if not read:
        raise CorpusError(
            f"{shown(source.name)} holds no file that can be read ({why.rstrip('.')}); check it."
        )


def _first_line(head: bytes) -> str:
    start = head[:400].decode("utf-8", "ignore").strip()
    return "" if CONTROL.search(start) else start.partition("\n")[0].rstrip()[:80]


READERS = {
    "text": _text, "markdown": _markdown, "csv": _csv, "jsonl": _jsonl, "json": _json, "parquet": _parquet,
    "html": _html, "xml": _xml, "docx": _docx, "pdf": _pdf, "zip": _zip,
}  # fmt: skip
