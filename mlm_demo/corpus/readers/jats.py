"""Read JATS articles and the books of the National Library of Medicine: an article or a chapter is a document.

Figures, tables, footnotes, references and headings are left out.
"""

from collections.abc import Iterator
from typing import BinaryIO

from mlm_demo.corpus.documents import Document, Reading, make_documents
from mlm_demo.corpus.input import Input
from mlm_demo.corpus.readers.blocks import paragraphs, text_of
from mlm_demo.corpus.readers.elements import elements

TITLES = (
    "{*}front/{*}article-meta/{*}title-group/{*}article-title",
    "{*}book-part-meta/{*}title-group/{*}title",
)
ABSTRACTS = ("{*}front/{*}article-meta/{*}abstract", "{*}book-part-meta/{*}abstract")
PICTURES = {"graphical", "teaser", "toc", "video", "precis"}  # abstracts that repeat or only show
TEXTS = ("{*}body", "{*}back/{*}app-group/{*}app", "{*}back/{*}app")
BLOCKS = {
    "p", "sec", "list", "list-item", "def-list", "def-item", "disp-quote", "boxed-text", "verse-group", "verse-line",
    "statement", "speech", "abstract", "app",
}  # fmt: skip
OUT = {
    "tex-math", "textual-form", "table-wrap", "table-wrap-group", "fig", "fig-group", "fn", "fn-group", "ref-list",
    "graphic", "inline-graphic", "media", "supplementary-material", "label", "title", "object-id", "code", "preformat",
    "chem-struct-wrap", "book-part", "permissions", "attrib", "index-term",
}  # fmt: skip


def read(file: BinaryIO, source: Input, reading: Reading) -> Iterator[Document]:
    """Read the title, abstract, body and appendices of each article or chapter."""
    for element in elements(file, ("{*}article", "{*}book-part"), source.name):
        titles = [found for path in TITLES if (found := element.find(path)) is not None]
        texts = [text_of(title, OUT - {"title"}) for title in titles[:1]]
        for path in (*ABSTRACTS, *TEXTS):
            for part in element.iterfind(path):
                if part.get("abstract-type") not in PICTURES:
                    texts += paragraphs(part, BLOCKS, OUT)
        yield from make_documents(["\n\n".join(filter(None, texts))], source.name, reading)
