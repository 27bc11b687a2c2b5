"""Marked-up text into documents: HTML, Word, PubMed's and JATS XML, as a stream.

XML neither opens other files nor expands entities.
"""

import contextlib
import html
import re
import zipfile
from collections.abc import Iterator, Mapping

from lxml import etree

from mlm_demo.corpus.archives import Input
from mlm_demo.corpus.broken_files import BROKEN, broken
from mlm_demo.corpus.decoding import decode
from mlm_demo.corpus.documents import Document, Job, documents

PUBMED, ARTICLE = "MedlineCitation", "article"
HIDDEN = {"script", "style", "nav", "header", "footer", "head", "noscript", "template", "svg", "iframe"}
INLINE = {
    "a", "abbr", "b", "bdi", "bdo", "big", "cite", "code", "del", "dfn", "em", "font", "i", "ins", "kbd", "label",
    "mark", "q", "s", "samp", "small", "span", "strong", "sub", "sup", "time", "tt", "u", "var", "wbr",
}  # fmt: skip


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


def read_html(source: Input, job: Job) -> Iterator[Document]:
    yield from documents(_html_text(source, job), source.name, job)


def _html_text(source: Input, job: Job) -> Iterator[str]:
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


def read_xml(source: Input, job: Job) -> Iterator[Document]:
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
        yield from documents(["\n\n".join(filter(None, map(text_of, texts)))], where, job)


def docx_paragraphs(source: Input) -> Iterator[str]:
    """The paragraphs of a Word file, those of tables among them, in their order."""
    try:
        archive = zipfile.ZipFile(source.file())
        info = archive.getinfo("word/document.xml")
        stream = archive.open(info)
    except (*BROKEN, KeyError, RuntimeError) as error:
        raise broken(source.name, "Word file", error) from error
    document = Input(source.name, stream, source.budget, lambda: max(1, info.compress_size))
    for paragraph in elements(document, ("{*}p",), "Word file"):
        # What Word draws in a way that older programs cannot read is there twice.
        if next(paragraph.iterancestors("{*}Fallback"), None) is None:
            marks = paragraph.iter("{*}t", "{*}tab", "{*}br", "{*}cr")
            runs = (e for e in marks if etree.QName(e.getparent()).localname == "r")
            breaks = {"tab": " ", "br": "\n", "cr": "\n"}
            yield "".join(breaks.get(etree.QName(e).localname, e.text or "") for e in runs)


def elements(source: Input, tags: tuple[str, ...], what: str = "XML file") -> Iterator[etree._Element]:
    """The elements of an XML file that have one of these tags, each emptied once the next is asked for.

    Entities are not expanded, no DTD and no other file is read. Raises CorpusError where the XML breaks.
    """
    safely = {"resolve_entities": False, "no_network": True, "load_dtd": False, "huge_tree": False}
    try:
        for _, element in etree.iterparse(source, events=("end",), tag=tags, **safely):
            yield element
            element.clear()
            while element.getprevious() is not None and element.getparent() is not None:
                del element.getparent()[0]
    except etree.XMLSyntaxError as error:
        raise broken(source.name, what, error) from error


def text_of(element: etree._Element | None) -> str:
    """The text in an element on one line; of entities only those that HTML knows too, such as &alpha;."""
    if element is None:
        return ""
    entities = {e.text for e in element.iter(etree.Entity)}

    def meant(found: re.Match) -> str:
        if found[0] not in entities:
            return found[0]
        character = html.unescape(found[0])
        return "" if character == found[0] else character

    return " ".join(re.sub(r"&[^\s&;]+;", meant, "".join(element.itertext())).split())
