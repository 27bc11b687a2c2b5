"""Read XML as a stream: PubMed, JATS, BioC, TEI, ClinicalTrials.gov, ELAN, and the sentences of any other kind.

The parser opens no other file and expands no entity.
"""

import re
from collections.abc import Callable, Iterator
from typing import BinaryIO

from mlm_demo.corpus.documents import Document, Dropped, Format, Reading, make_documents
from mlm_demo.corpus.input import Input, broken_file, ending, is_disk_error
from mlm_demo.corpus.readers import dialects, jats, pubmed
from mlm_demo.corpus.readers.any_xml import sentences
from mlm_demo.errors import CorpusError, shown

ENDINGS = (".xml", ".nxml", ".tei")
OTHERS = (
    ".md",
    ".markdown",
    ".csv",
    ".tsv",
    ".json",
    ".jsonl",
)  # keep their format: Markdown may begin with a tag
PROLOG = re.compile(r"\s*(?:<\?.*?\?>|<!--.*?-->|<!DOCTYPE[^\[>]*(?:\[.*?\]\s*)?>)", re.DOTALL)
ROOT = re.compile(r"\s*<(?:[\w.-]+:)?([A-Za-z_][\w.-]*)[\s/>]")
INSIDE = re.compile(r"<(?:\w+:)?(article|PubmedArticle|MedlineCitation)[\s>]")
FOUND_INSIDE = 4096  # characters in which a record may stand in a set of another name, such as OAI-PMH

Reader = Callable[[BinaryIO, Input, Reading], Iterator[Document | Dropped]]
# The reader of a kind, by the root of the file.
READERS: dict[str, Reader] = {
    **dict.fromkeys(
        ("PubmedArticleSet", "PubmedArticle", "MedlineCitationSet", "MedlineCitation", "PubmedBookArticleSet",
         "PubmedBookArticle", "DeleteCitation"), pubmed.read,
    ),
    **dict.fromkeys(("article", "pmc-articleset", "articles", "book", "book-part", "book-part-wrapper"), jats.read),
    **dialects.READERS,
}  # fmt: skip


def root_of(source: Input) -> str | None:
    """Return the name of the root of an XML file, without its namespace; None if the file is not XML."""
    codec, bom = source.encoding
    head, at = source.head[bom:].decode(codec, "ignore"), 0
    declared = head.lstrip().startswith("<?xml")
    while found := PROLOG.match(head, at):
        at = found.end()
    root = ROOT.match(head, at)
    if root is None:
        return "" if declared else None
    if root[1] not in READERS and (inside := INSIDE.search(head, at, at + FOUND_INSIDE)):
        return inside[1]
    return root[1]


def is_xml(source: Input) -> bool:
    """Return whether a file says that it is XML, or has a root that we know."""
    if ending(source.name) in OTHERS or not source.start.startswith("<"):
        return False
    return source.start.startswith("<?xml") or root_of(source) in READERS


def read_xml(source: Input, reading: Reading) -> Iterator[Document | Dropped]:
    """Read an XML file by its kind; of an unknown kind, as one document of its sentences."""
    root = root_of(source)
    file = source.file_to_read_twice()
    found = False
    if root in READERS:
        try:
            for item in READERS[root](file, source, reading):
                found = True
                yield item
        except CorpusError as error:
            if not found or source.budget.spent or is_disk_error(error):
                raise
            yield Dropped(f"{source.name}, the rest", str(error))
        file.seek(0)
    if found or READERS.get(root) is pubmed.read:
        return
    from lxml import etree

    try:
        for item in make_documents(sentences(file), source.name, reading):
            found = True
            yield item
    except etree.XMLSyntaxError as error:
        raise broken_file(source.name, "XML file", error) from error
    if found:
        reading.notes.append(
            f"{source.name} is XML of an unknown kind; the sentences of its elements were read."
        )
    else:
        raise CorpusError(
            f"{shown(source.name)} is XML of an unknown kind (<{shown(root or '', 40)[1:-1]}>) without text in its "
            "elements; save its text as .txt."
        )


FORMAT = Format("XML", "an XML file", ENDINGS, is_xml, read_xml)
