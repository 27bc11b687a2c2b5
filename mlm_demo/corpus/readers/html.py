"""Read HTML pages as a stream: a page is one document of its visible text."""

import contextlib
import re
from collections.abc import Iterator, Mapping

from mlm_demo.corpus.documents import Document, Format, Reading, make_documents
from mlm_demo.corpus.encoding import decode
from mlm_demo.corpus.input import START, Input
from mlm_demo.corpus.readers.scripts import superscript

ROOT = re.compile(r"(?:<\?xml[^>]*>\s*)?(?:<!--.{0,2000}?-->\s*)?<(?:!doctype\s+)?html[\s>]", re.DOTALL)
HIDDEN = {
    "script", "style", "nav", "footer", "head", "noscript", "template", "svg", "iframe", "select", "datalist", "button",
    "textarea", "dialog", "annotation", "annotation-xml", "audio", "video", "canvas", "rt", "rp",
}  # fmt: skip
HIDDEN_ROLES = {"navigation", "contentinfo", "search", "dialog", "alertdialog", "menu", "menubar", "toolbar"}
CONTENT = {"article", "main", "section"}  # a header inside is that of a text, not of the page
INLINE = {
    "a", "abbr", "b", "bdi", "bdo", "big", "cite", "code", "del", "dfn", "em", "font", "i", "ins", "kbd", "label",
    "mark", "q", "s", "samp", "small", "span", "strong", "sub", "time", "tt", "u", "var", "wbr", "math", "semantics",
    "mrow", "mi", "mn", "mo", "mtext", "mstyle", "msub", "msup", "mfrac", "msqrt", "mfenced", "munder", "mover", "ruby",
    "rb", "input", "img",
}  # fmt: skip
BETWEEN = {"mfrac": "/", "msup": "^"}  # what stands between the first and the second part of a formula
COOKIES = re.compile(
    r"(?:^|[\s_-])(?:cookies?|gdpr)(?:[\s_-]|$|bar|banner|notice|consent)|"
    r"consent[_-]?(?:banner|bar|manager|notice|popup|dialog|overlay)",
    re.IGNORECASE,
)
# A notice without such a name: a short paragraph about cookies, or the text of its button.
NOTICE = re.compile(
    r"(?=.*\bcookies?\b)(?=.*\b(?:we use|uses? cookies|accept|consent|by (?:continuing|using)|browsing)\b).{0,400}|"
    r"(?:accept|reject|allow|manage|deny)(?: all)?(?: cookies)?|cookie (?:settings|policy|preferences)",
    re.IGNORECASE | re.DOTALL,
)
MAX_NOTICE = 400  # characters
MAX_PARAGRAPH = 1_000_000  # characters
BEFORE = 40  # characters that decide what a superscript is


class _Paragraphs:
    """The target of an HTML parser; `done` holds the paragraphs of visible text that are complete."""

    def __init__(self):
        self.done: list[str] = []
        self._parts: list[str] = []
        self._size = 0
        self._hidden: list[str] = []  # the open elements, from the outermost hidden one inward
        self._content = 0  # the open elements that hold a text of their own
        self._raised: list[str] | None = None  # what stood before an open superscript
        self._formula: list[list] = []  # the open elements of a formula, each with the number of its parts

    def start(self, tag: str, attributes: Mapping[str, str]) -> None:
        if self._hidden or _is_hidden(tag, attributes) or (tag == "header" and not self._content):
            self._hidden.append(tag)
            return
        self._content += tag in CONTENT
        if self._formula or tag in BETWEEN:
            self._part_of_formula(tag)
        if tag == "sup" and self._raised is None:
            self._raised, self._parts = self._parts, []
        elif tag == "br":
            self._parts.append("\n")
        elif tag in ("td", "th"):
            self._parts.append(" ")
        elif tag not in INLINE and tag != "sup":
            self.flush()

    def end(self, tag: str) -> None:
        if self._hidden:
            self._hidden.pop()
            return
        self._content = max(0, self._content - (tag in CONTENT))
        if self._formula:
            self._formula.pop()
        if tag == "sup":
            self._lower()
        elif tag not in INLINE and tag not in ("br", "td", "th"):
            self.flush()

    def data(self, data: str) -> None:
        if not self._hidden:
            self._parts.append(re.sub(r"\s+", " ", data))
            self._size += len(data)
            if self._size > MAX_PARAGRAPH:
                self.flush()

    def flush(self) -> None:
        self._lower()
        text = re.sub(r" *\n *", "\n", re.sub(" +", " ", "".join(self._parts))).strip()
        if text and not NOTICE.fullmatch(text[: MAX_NOTICE + 1]):
            self.done.append(text)
        self._parts, self._size = [], 0

    def close(self) -> None:
        self.flush()

    def _lower(self) -> None:
        """End a superscript."""
        if self._raised is not None:
            raised, self._parts, self._raised = "".join(self._parts), self._raised, None
            self._parts.append(superscript("".join(self._parts[-4:])[-BEFORE:], raised))

    def _part_of_formula(self, tag: str) -> None:
        if self._formula:
            above = self._formula[-1]
            above[1] += 1
            if above[1] == 2:
                self._parts.append(BETWEEN.get(above[0], ""))
        self._formula.append([tag, 0])


def _is_hidden(tag: str, attributes: Mapping[str, str]) -> bool:
    """Return whether an element is not shown, or does not belong to the text of a page."""
    if tag in HIDDEN or "hidden" in attributes or attributes.get("role", "") in HIDDEN_ROLES:
        return True
    style = attributes.get("style", "").replace(" ", "")
    if "display:none" in style or "visibility:hidden" in style or attributes.get("aria-hidden") == "true":
        return True
    names = f"{attributes.get('class', '')} {attributes.get('id', '')}"
    return tag not in ("html", "body") and COOKIES.search(names) is not None


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
