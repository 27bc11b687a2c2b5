"""Read PDFs: a file is one document, and a page without text is dropped."""

import io
import re
from collections.abc import Iterator

from mlm_demo.corpus.documents import Document, Dropped, Format, Reading, make_documents
from mlm_demo.corpus.input import Input, broken_file, is_disk_error
from mlm_demo.errors import CorpusError, shown

# A word that the end of a line divides.
HYPHENATED = re.compile(r"(?<=[^\W\d_])[-\xad\u2010][ \t]*\n[ \t]*(?=[^\W\d_A-Z])")


def is_pdf(source: Input) -> bool:
    """Return whether a file begins as a PDF."""
    return source.head.lstrip().startswith(b"%PDF-")


def read_pdf(source: Input, reading: Reading) -> Iterator[Document | Dropped]:
    """Read a PDF as one document; raise CorpusError if no page holds text."""
    dropped: list[Dropped] = []
    count = 0

    def texts() -> Iterator[str]:
        nonlocal count
        for count, text in enumerate(_pages(source), 1):
            if text and text.strip():
                # A sentence may continue on the next page.
                yield text.strip() + ("\n\n" if text.strip()[-1] in '.!?:”"' else "\n")
            else:
                reason = "the page is corrupt" if text is None else "the page has no text; it may be an image"
                dropped.append(Dropped(f"{source.name}, page {count}", reason))

    yield from make_documents(texts(), source.name, reading)
    if len(dropped) == count:
        raise CorpusError(
            f"{shown(source.name)} holds no text on its {count} pages, so it may be a scan; run text recognition "
            "(OCR) on it first."
        )
    yield from dropped


def _pages(source: Input) -> Iterator[str | None]:
    """Yield the text of each page with divided words joined, or None for a corrupt page."""
    import pypdf  # imported here: it takes a while, and few corpora hold PDFs

    file = source.file()
    packed, expanded = max(1, file.seek(0, io.SEEK_END)), 0
    # pypdf may raise anything on a file that was corrupted on purpose.
    try:
        reader = pypdf.PdfReader(file)
        locked = reader.is_encrypted and not reader.decrypt("")
        count = 0 if locked else len(reader.pages)
    except pypdf.errors.DependencyError:
        locked = True
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
            text = page.extract_text() if page is not None else None
        except Exception:
            text = None
        source.budget.take(len(text or ""), source.name)
        yield text and HYPHENATED.sub("", text)


FORMAT = Format("PDF", "a PDF", (".pdf",), is_pdf, read_pdf, binary=True)
