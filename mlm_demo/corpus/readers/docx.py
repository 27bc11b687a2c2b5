"""Read Word files (.docx) as a stream: a file is one document."""

from collections.abc import Iterator

from mlm_demo.corpus.documents import Document, Format, Reading, make_documents
from mlm_demo.corpus.input import BROKEN, Input, broken_file
from mlm_demo.corpus.readers.elements import elements
from mlm_demo.corpus.readers.zip import names_in_zip, open_member, open_zip

BODY = "word/document.xml"
BREAKS = {"tab": " ", "br": "\n", "cr": "\n"}


def is_docx(source: Input) -> bool:
    """Return whether a file is a zip that holds the body of a Word file; raise CorpusError if the zip is corrupt."""
    return BODY in names_in_zip(source)


def read_docx(source: Input, reading: Reading) -> Iterator[Document]:
    """Read a Word file as one document."""
    chunks = (f"{paragraph}\n\n" for paragraph in _paragraphs(source))
    yield from make_documents(chunks, source.name, reading)


def _paragraphs(source: Input) -> Iterator[str]:
    """Yield the paragraphs of a Word file in order, including those of tables."""
    from lxml import etree

    archive = open_zip(source)
    try:
        body = open_member(source, archive, archive.getinfo(BODY), source.name)
    except (*BROKEN, RuntimeError) as error:
        raise broken_file(source.name, "Word file", error) from error
    for paragraph in elements(body, ("{*}p",), source.name, "Word file"):
        # Word stores a second copy of what older programs cannot draw.
        if next(paragraph.iterancestors("{*}Fallback"), None) is None:
            marks = paragraph.iter("{*}t", "{*}tab", "{*}br", "{*}cr")
            in_runs = (mark for mark in marks if etree.QName(mark.getparent()).localname == "r")
            yield "".join(BREAKS.get(etree.QName(mark).localname, mark.text or "") for mark in in_runs)


FORMAT = Format("Word (.docx)", "a Word file", (".docx",), is_docx, read_docx, binary=True)
