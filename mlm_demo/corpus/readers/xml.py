"""Read PubMed and JATS XML as a stream: a record or an article is one document.

The parser opens no other file and expands no entity.
"""

import html
import re
from collections.abc import Iterator
from typing import TYPE_CHECKING

from mlm_demo.corpus.documents import Document, Format, Reading, make_documents
from mlm_demo.corpus.input import Input, broken_file, ending
from mlm_demo.errors import CorpusError, shown

if TYPE_CHECKING:
    from lxml import etree

ENDINGS = (".xml", ".nxml")
SNIFFED = (*ENDINGS, ".txt", ".text", "")  # others keep their own format: Markdown may begin with a tag
PUBMED, ARTICLE = "MedlineCitation", "article"
ROOTS = re.compile(
    rb"<(?:\w+:)?(?:PubmedArticle(?:Set)?|MedlineCitation(?:Set)?|article|pmc-articleset)[\s>]"
)


def is_pubmed_or_jats(source: Input) -> bool:
    """Return whether a file holds PubMed records or JATS articles."""
    if ending(source.name) not in SNIFFED or not source.start.startswith("<"):
        return False
    return ROOTS.search(source.head.replace(b"\0", b"")) is not None


def read_xml(source: Input, reading: Reading) -> Iterator[Document]:
    """Read the title and abstract of each PubMed record; the title, abstract and body of each JATS article."""
    if not is_pubmed_or_jats(source):
        raise CorpusError(f"{shown(source.name)} is XML, but neither PubMed nor JATS; save its text as .txt.")
    from lxml import etree

    for element in elements(source, ("{*}PubmedArticle", f"{{*}}{PUBMED}", f"{{*}}{ARTICLE}")):
        tag, where = etree.QName(element).localname, source.name
        if tag == PUBMED:
            texts = [
                element.find("{*}Article/{*}ArticleTitle"),
                *element.iterfind("{*}Article/{*}Abstract/{*}AbstractText"),
            ]
            number = element.findtext("{*}PMID")
            where += f", PMID {number}" if number else ""
        elif tag == ARTICLE:
            etree.strip_elements(element, "{*}tex-math", "{*}table-wrap", "{*}ref-list", with_tail=False)
            texts = [element.find("{*}front/{*}article-meta/{*}title-group/{*}article-title")]
            for part in (*element.iterfind("{*}front/{*}article-meta/{*}abstract"), element.find("{*}body")):
                inner = part.iter("{*}p") if part is not None else ()
                texts += [p for p in inner if next(p.iterancestors("{*}p"), None) is None]
        else:
            continue  # the element around a record, listed only so that `elements` empties it
        yield from make_documents(["\n\n".join(filter(None, map(text_of, texts)))], where, reading)


def elements(source: Input, tags: tuple[str, ...], kind: str = "XML file") -> Iterator["etree._Element"]:
    """Yield the elements of an XML file that have one of these tags, and empty each afterwards.

    The parser expands no entity and reads no DTD and no other file. Raises CorpusError where the XML is corrupt.
    """
    from lxml import etree

    safely = {"resolve_entities": False, "no_network": True, "load_dtd": False, "huge_tree": False}
    try:
        for _, element in etree.iterparse(source, events=("end",), tag=tags, **safely):
            yield element
            element.clear()
            while element.getprevious() is not None and element.getparent() is not None:
                del element.getparent()[0]
    except etree.XMLSyntaxError as error:
        raise broken_file(source.name, kind, error) from error


def text_of(element: "etree._Element | None") -> str:
    """Return the text of an element on one line, with the entities that HTML defines, such as &alpha;, replaced."""
    from lxml import etree

    if element is None:
        return ""
    entities = {e.text for e in element.iter(etree.Entity)}

    def character(found: re.Match) -> str:
        if found[0] not in entities:
            return found[0]
        replaced = html.unescape(found[0])
        return "" if replaced == found[0] else replaced

    return " ".join(re.sub(r"&[^\s&;]+;", character, "".join(element.itertext())).split())


FORMAT = Format("PubMed/JATS XML", "an XML file", ENDINGS, is_pubmed_or_jats, read_xml)
