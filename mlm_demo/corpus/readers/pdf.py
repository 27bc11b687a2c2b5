"""Read PDFs: a file is one document, and a page without text is dropped."""

import io
from collections.abc import Iterator
from dataclasses import replace
from typing import TYPE_CHECKING

from mlm_demo.corpus.documents import Document, Dropped, Format, Reading, make_documents
from mlm_demo.corpus.input import Input, broken_file, is_disk_error
from mlm_demo.corpus.readers.symbols import readable
from mlm_demo.errors import CorpusError, shown

if TYPE_CHECKING:
    from mlm_demo.corpus.readers.page_lines import Line

# Pages that are looked at together: running heads are those that several of them share.
BATCH, BATCH_SIZE = 200, 5_000_000  # pages, characters


def is_pdf(source: Input) -> bool:
    """Return whether a file begins as a PDF."""
    return source.head.lstrip().startswith(b"%PDF-")


def read_pdf(source: Input, reading: Reading) -> Iterator[Document | Dropped]:
    """Read a PDF as one document; raise CorpusError if no page holds text."""
    # Imported here, as pypdf is: few corpora hold PDFs.
    from mlm_demo.corpus.readers.page_text import PageText, is_stamp

    dropped: list[Dropped] = []
    count = lost = 0

    def texts() -> Iterator[str]:
        nonlocal count, lost
        text, batch, size = PageText(), [], 0
        for count, page in enumerate(_pages(source), 1):
            lines = [] if page is None else [line for line in page if not is_stamp(line)]
            if not lines:
                reason = "the page is corrupt" if page is None else "the page has no text; it may be an image"
                dropped.append(Dropped(f"{source.name}, page {count}", reason))
                continue
            cleaned = [(line, *readable(line.text)) for line in lines]
            lost += sum(missing for _, _, missing in cleaned)
            batch.append([replace(line, text=text) for line, text, _ in cleaned if text.strip()])
            size += sum(len(line.text) for line in batch[-1])
            if len(batch) == BATCH or size > BATCH_SIZE:
                yield from (f"{paragraph}\n\n" for paragraph in text.paragraphs(batch))
                batch, size = [], 0
        yield from (f"{paragraph}\n\n" for paragraph in (*text.paragraphs(batch), *text.rest()))

    yield from make_documents(texts(), source.name, reading)
    if len(dropped) == count:
        raise CorpusError(
            f"{shown(source.name)} holds no text on its {count} pages, so it may be a scan; run text recognition "
            "(OCR) on it first."
        )
    if lost:
        reading.notes.append(
            f"{source.name} is damaged: its fonts do not name {lost:,} of its characters, so words lack letters. Look "
            "at the text, and run text recognition (OCR) if it is bad."
        )
    yield from dropped


def _pages(source: Input) -> Iterator["list[Line] | None"]:
    """Yield the lines of each page, or None for a corrupt page."""
    import pypdf  # imported here: it takes a while, and few corpora hold PDFs

    from mlm_demo.corpus.readers.page_lines import lines_of

    file = source.file()
    packed, expanded = max(1, file.seek(0, io.SEEK_END)), 0
    # pypdf may raise anything on a file that was corrupted on purpose.
    try:
        reader = pypdf.PdfReader(file)
        locked = reader.is_encrypted and not reader.decrypt("")
        count = 0 if locked else len(reader.pages)
    except pypdf.errors.DependencyError as error:
        raise CorpusError(
            f"{shown(source.name)} is encrypted with AES, and reading that needs the package cryptography; install it, "
            "or save the file without encryption."
        ) from error
    except Exception as error:
        raise broken_file(source.name, "PDF", error) from error
    if locked:
        raise CorpusError(f"{shown(source.name)} is protected by a password; save it without one.")
    for number in range(count):
        # Count what a page draws before reading it: many pages can share a long one that holds no text.
        try:
            page = reader.pages[number]
            contents = page.get_contents()
            drawn = len(contents.get_data()) if contents is not None else 0
        except Exception as error:
            page, drawn = None, 0
            if is_disk_error(error):
                raise broken_file(source.name, "PDF", error) from error
        expanded += drawn
        source.budget.take(drawn, source.name)
        source.budget.check_ratio(expanded, packed, source.name)
        try:
            lines = lines_of(page) if page is not None else None
        except Exception:
            lines = None
        source.budget.take(sum(len(line.text) for line in lines or ()), source.name)
        yield lines


FORMAT = Format("PDF", "a PDF", (".pdf",), is_pdf, read_pdf, binary=True)
