"""Read EPUBs: each page of the book, in the order of its spine, is a document."""

import posixpath
from collections.abc import Iterator
from urllib.parse import unquote

from mlm_demo.corpus.documents import Document, Dropped, Format, Reading, make_documents
from mlm_demo.corpus.input import BROKEN, Input, broken_file, is_disk_error
from mlm_demo.corpus.readers.elements import elements
from mlm_demo.corpus.readers.html import visible_text
from mlm_demo.corpus.readers.zip import names_in_zip, open_member, open_zip
from mlm_demo.errors import CorpusError, shown

CONTAINER = "META-INF/container.xml"
PAGES = {"application/xhtml+xml", "text/html"}
NAVIGATION = {"nav", "cover-image"}


def is_epub(source: Input) -> bool:
    """Return whether a file is a zip that holds the container of an EPUB."""
    return CONTAINER in names_in_zip(source)


def read_epub(source: Input, reading: Reading) -> Iterator[Document | Dropped]:
    """Read the pages of an EPUB; drop those that cannot be read."""
    archive = open_zip(source)
    names = set(archive.namelist())

    def member(name: str) -> Input:
        try:
            return open_member(source, archive, archive.getinfo(name), f"{source.name}/{name}")
        except (*BROKEN, RuntimeError) as error:
            raise broken_file(f"{source.name}/{name}", "EPUB", error) from error

    paths = [
        found.get("full-path") or "" for found in elements(member(CONTAINER), ("{*}rootfile",), source.name)
    ]
    package = next((path for path in paths if path in names), None)
    if package is None:
        raise CorpusError(
            f"{shown(source.name)} is a corrupt EPUB (it lists no book); download it or save it again."
        )
    seen = False
    for name in _spine(member(package), package, source):
        if name not in names:
            continue
        seen = True
        try:
            page = member(name)
            yield from make_documents(visible_text(page, reading), page.name, reading)
        except CorpusError as error:
            if source.budget.spent or is_disk_error(error):
                raise
            yield Dropped(f"{source.name}/{name}", str(error))
    if not seen:
        raise CorpusError(f"{shown(source.name)} is an EPUB without pages; leave it out.")


def _spine(package: Input, path: str, source: Input) -> list[str]:
    """Return the names of the pages in the order of reading, each once."""
    items: dict[str, str] = {}
    order: list[str] = []
    for element in elements(package, ("{*}item", "{*}itemref"), source.name):
        if element.tag.endswith("}item") or element.tag == "item":
            properties = set((element.get("properties") or "").split())
            if element.get("media-type") in PAGES and not properties & NAVIGATION:
                target = unquote(element.get("href") or "").partition("#")[0]
                items[element.get("id") or ""] = posixpath.normpath(
                    posixpath.join(posixpath.dirname(path), target)
                )
        elif element.get("linear") != "no":
            order.append(element.get("idref") or "")
    return list(dict.fromkeys(items[item] for item in order if item in items))


FORMAT = Format("EPUB", "an EPUB", (".epub",), is_epub, read_epub, binary=True)
