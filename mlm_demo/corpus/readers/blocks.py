"""An XML element becomes paragraphs: a block is a break, superscripts and formulas keep their meaning."""

import html
import re
from collections.abc import Set
from typing import TYPE_CHECKING

from mlm_demo.corpus.readers.formula import formula_text
from mlm_demo.corpus.readers.scripts import CITED, superscript, without_citations

if TYPE_CHECKING:
    from lxml import etree

SUPERSCRIPTS = {"sup", "superscript"}
BREAKS = {"break", "br", "lb", "cr", "tab"}
BOLD = {"b", "bold"}
APART = {"disp-formula", "td", "th", "cell"}  # within a paragraph, with a space around
CITATIONS = {"xref", "ref"}
CITES = {"bibr", "bibl", "biblio", "fn", "foot", "footnote", "table-fn"}
LABEL = re.compile(r"[\[(]?[\d\s,;–*†‡§¶a-c-]{1,40}[\])]?")
BEFORE = 40  # characters that decide what a superscript is


class _Paragraphs:
    def __init__(self, blocks: Set[str], out: Set[str]):
        self.blocks, self.out = blocks, out
        self.done: list[str] = []
        self.parts: list[str] = []

    def flush(self) -> None:
        text = " ".join(without_citations("".join(self.parts)).split())
        if text:
            self.done.append(text)
        self.parts = []

    def add(self, element: "etree._Element") -> None:
        """Add the text of an element, not what follows it."""
        if not isinstance(element.tag, str):
            self.parts.append(_entity(element))
            return
        tag = element.tag.rpartition("}")[2]
        if tag in self.out:
            self.parts.append(" ")
        elif tag == "math":
            self.parts.append(formula_text(element))
        elif tag in BREAKS:
            self.parts.append(" ")
        elif tag in SUPERSCRIPTS:
            inner = _Paragraphs(self.blocks, self.out)
            inner.inside(element)
            before = "".join(self.parts[-4:])[-BEFORE:]
            self.parts.append(superscript(before, "".join(inner.parts)))
        elif tag in CITATIONS and _is_citation(element):
            self.parts.append(CITED)
        elif tag in self.blocks:
            self.flush()
            self.inside(element)
            self.flush()
        elif tag in APART:
            self.parts.append(" ")
            self.inside(element)
            self.parts.append(" ")
        else:
            before = element.getprevious()
            if tag in BOLD and before is not None and before.tag == element.tag and not before.tail:
                self.parts.append(" ")  # two that touch are two lines
            self.inside(element)

    def inside(self, element: "etree._Element") -> None:
        self.parts.append(element.text or "")
        for child in element:
            self.add(child)
            self.parts.append(child.tail or "")


def paragraphs(
    element: "etree._Element | None", blocks: Set[str] = frozenset(), out: Set[str] = frozenset()
) -> list[str]:
    """Return the paragraphs of an element, each on one line.

    blocks: the elements that begin and end a paragraph.
    out: the elements whose text is left out.
    """
    found = _Paragraphs(blocks, out)
    if element is not None:
        found.inside(element)
        found.flush()
    return found.done


def text_of(element: "etree._Element | None", out: Set[str] = frozenset()) -> str:
    """Return the text of an element on one line."""
    return " ".join(paragraphs(element, out=out))


def _entity(element: "etree._Element") -> str:
    """Return the character of an entity that HTML defines, such as &alpha;; "" for another one or a comment."""
    from lxml import etree

    if element.tag is not etree.Entity:
        return ""
    replaced = html.unescape(element.text)
    return "" if replaced == element.text else replaced


def _is_citation(element: "etree._Element") -> bool:
    """Return whether a link is the number of a reference; one that names authors is part of its sentence."""
    kind = element.get("ref-type") or element.get("type") or ""
    return kind in CITES and LABEL.fullmatch("".join(element.itertext())) is not None
