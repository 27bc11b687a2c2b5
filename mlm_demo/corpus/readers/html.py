"""Read HTML pages as a stream: a page is one document of its visible text."""

import contextlib
import re
from collections.abc import Iterator, Mapping

from mlm_demo.corpus.documents import Document, Format, Reading, make_documents
from mlm_demo.corpus.encoding import decode
from mlm_demo.corpus.input import START, Input

ROOT = re.compile(r"(?:<\?xml[^>]*>\s*)?(?:<!--.{0,2000}?-->\s*)?<(?:!doctype\s+)?html[\s>]", re.DOTALL)
HIDDEN = {"script", "style", "nav", "header", "footer", "head", "noscript", "template", "svg", "iframe"}
INLINE = {
    "a", "abbr", "b", "bdi", "bdo", "big", "cite", "code", "del", "dfn", "em", "font", "i", "ins", "kbd", "label",
    "mark", "q", "s", "samp", "small", "span", "strong", "sub", "sup", "time", "tt", "u", "var", "wbr",
}  # fmt: skip
MAX_PARAGRAPH = 1_000_000  # characters


class _Paragraphs:
    """The target of an HTML parser; `done` holds the paragraphs of visible text that are complete."""

    def __init__(self):
        self.done: list[str] = []
        self._parts: list[str] = []
        self._size = 0
        self._hidden: list[str] = []  # the open elements, from the outermost hidden one inward

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
            if self._size > MAX_PARAGRAPH:
                self.flush()

    def flush(self) -> None:
        text = re.sub(r" *\n *", "\n", re.sub(" +", " ", "".join(self._parts))).strip()
        if text:
            self.done.append(text)
        self._parts, self._size = [], 0

    def close(self) -> None:
        self.flush()


def is_html(source: Input) -> bool:
    """Return whether a file begins as an HTML page."""
    return ROOT.match(source.start) is not None


def read_html(source: Input, reading: Reading) -> Iterator[Document]:
    """Read an HTML page as one document."""
    yield from make_documents(visible_text(source, reading), source.name, reading)


def visible_text(source: Input, reading: Reading) -> Iterator[str]:
    """Yield the visible text of an HTML page, with an empty line between paragraphs."""
    from lxml import etree

    found = re.search(rb"charset\s*=\s*[\"']?([\w.:-]{1,40})", source.head[:START], re.IGNORECASE)
    declared = found and found[1].decode("ascii", "ignore")
    page = _Paragraphs()
    parser = etree.HTMLParser(target=page, encoding="utf-8", no_network=True)
    for text in decode(source.chunks(), name=source.name, notes=reading.notes, declared=declared):
        parser.feed(text.encode("utf-8", "replace"))
        yield "".join(f"{paragraph}\n\n" for paragraph in page.done)
        page.done.clear()
    with contextlib.suppress(etree.XMLSyntaxError):  # there was no element, so no text
        parser.close()
    page.close()
    yield "\n\n".join(page.done)


FORMAT = Format("HTML", "an HTML page", (".html", ".htm", ".xhtml"), is_html, read_html)
