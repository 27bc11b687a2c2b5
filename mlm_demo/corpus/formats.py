"""Files of a corpus into documents: told by their content first, then by their extension, read as a stream."""

import itertools
import re
from collections.abc import Iterator
from pathlib import Path

from mlm_demo.corpus.archives import Budget, Input, gunzipped, inner_suffix, pdf_pages, zip_kind, zip_members
from mlm_demo.corpus.broken_files import broken, disk_failed
from mlm_demo.corpus.decoding import CAN_BE_READ, CONTROL, check_text, detect, plain_markdown, tidy
from mlm_demo.corpus.documents import Document, Dropped, Job, ReadLimits, decoded, documents
from mlm_demo.corpus.readers.markup import docx_paragraphs, read_html, read_xml
from mlm_demo.corpus.readers.tables import read_csv, read_json, read_jsonl, read_parquet
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
XML_ROOTS = re.compile(
    rb"<(?:\w+:)?(?:PubmedArticle(?:Set)?|MedlineCitation(?:Set)?|article|pmc-articleset)[\s>]"
)
PROSE_LINE = 100  # characters; longer lines are no longer those of a text wrapped by hand


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
            yield from _read(source, Job(column, limits, notes))
    except FileNotFoundError:
        raise CorpusError(f"There is no file {shown(name)}; check its name.") from None
    except OSError as error:
        raise CorpusError(
            f"{shown(name)} cannot be opened ({error.strerror}); check its permissions."
        ) from error


def _read(source: Input, job: Job, *, packed: bool = False) -> Iterator[Document | Dropped]:
    """Read one file or member; `packed` when it comes out of another, so that no archives are opened in it."""
    kind, said = _kind(source, job, packed), KINDS.get(inner_suffix(source.name))
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


def _kind(source: Input, job: Job, packed: bool) -> str:
    """Tell the format of a file; raises CorpusError when it is empty, binary or unknown."""
    head, suffix = source.head, inner_suffix(source.name)
    if not head:
        raise CorpusError(f"{shown(source.name)} is empty; leave it out.")
    if head.startswith(b"\x1f\x8b"):
        return "gzip"
    if head.startswith((b"PK\3\4", b"PK\5\6")):
        return zip_kind(source, job.limits.max_members)
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


def _text(source: Input, job: Job) -> Iterator[Document]:
    yield from documents(_separated(decoded(source, job), source.name, job), source.name, job)


def _separated(chunks: Iterator[str], name: str, job: Job) -> Iterator[str]:
    """Put an empty line between the lines of a text that has none and whose every line is a paragraph."""
    first = next(chunks, "")
    count = first.strip().count("\n")
    each = count and len(first) > PROSE_LINE * (count + 1) and not re.search(r"\n\s*\n", first.strip())
    if each:
        job.notes.append(f"{name} has no empty lines, so each of its lines was read as a paragraph.")
    for chunk in itertools.chain([first], chunks):
        yield chunk.replace("\n", "\n\n") if each else chunk


def _markdown(source: Input, job: Job) -> Iterator[Document]:
    yield from documents(decoded(source, job), source.name, job, lambda text: tidy(plain_markdown(text)))


def _docx(source: Input, job: Job) -> Iterator[Document]:
    yield from documents((f"{p}\n\n" for p in docx_paragraphs(source)), source.name, job)


def _pdf(source: Input, job: Job) -> Iterator[Document | Dropped]:
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

    yield from documents(texts(), source.name, job)
    if len(dropped) == count:
        raise CorpusError(
            f"{shown(source.name)} holds no text on its {count} pages, so it may be a scan; run a text recognition "
            "(OCR) on it first."
        )
    yield from dropped


def _zip(source: Input, job: Job) -> Iterator[Document | Dropped]:
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
            if source.budget.spent or disk_failed(error):
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
    "text": _text, "markdown": _markdown, "csv": read_csv, "jsonl": read_jsonl, "json": read_json,
    "parquet": read_parquet, "html": read_html, "xml": read_xml, "docx": _docx, "pdf": _pdf, "zip": _zip,
}  # fmt: skip
