"""The sentences of XML of any kind: an element that holds text itself is a paragraph, with the elements inside it."""

import re
from collections.abc import Iterator
from typing import BinaryIO

from mlm_demo.corpus.readers.columns import count_words
from mlm_demo.corpus.readers.elements import SAFELY

CHUNK = 1024 * 1024  # bytes
SENTENCE = (
    4  # words; shorter texts may be names, dates and codes, and are read only where there is nothing longer
)
FOOTNOTES = {"authorialNote", "footnote", "fn"}  # in the middle of a sentence
MAX_PARAGRAPH = 1_000_000  # characters
MAX_PENDING = 20  # texts that may turn out to be one paragraph
MAX_SHORT = 100_000  # characters of short texts that are kept


class _Blocks:
    """The target of an XML parser; `done` holds the paragraphs that are complete."""

    def __init__(self):
        self.done: list[str] = []
        self._open: list[
            list[str]
        ] = []  # the texts of the children of each open element, which may become one
        self._parts: list[str] = []
        self._size = self._depth = 0  # of the paragraph, in characters and open elements
        self._note = 0  # open elements from a footnote inward

    def start(self, tag: str, attributes: dict) -> None:
        if self._note or (self._depth and tag.rpartition("}")[2] in FOOTNOTES):
            self._note += 1
        elif self._depth:
            self._depth += 1
        else:
            self._open.append([])

    def data(self, data: str) -> None:
        if self._note:
            return
        if not self._depth and data.strip() and self._open:
            self._depth, self._parts, self._size = 1, [f"{text} " for text in self._open[-1]], 0
            self._open[-1] = []
        if self._depth and self._size < MAX_PARAGRAPH:
            self._parts.append(data)
            self._size += len(data)

    def end(self, tag: str) -> None:
        if self._note:
            self._note -= 1
            return
        if self._depth > 1:
            self._depth -= 1
            return
        texts = self._open.pop()
        if self._depth:
            texts, self._depth, self._parts = ["".join(self._parts)], 0, []
        if self._open and len(texts) == 1 and len(self._open[-1]) < MAX_PENDING:
            self._open[-1] += texts
        elif texts:
            self.done += [*(self._open[-1] if self._open else ()), *texts]
            if self._open:
                self._open[-1] = []

    def close(self) -> None:
        for texts in self._open:
            self.done += texts


def sentences(file: BinaryIO) -> Iterator[str]:
    """Yield the paragraphs of an XML file with an empty line after each; raise XMLSyntaxError where it is corrupt."""
    from lxml import etree

    blocks = _Blocks()
    parser = etree.XMLParser(target=blocks, **SAFELY)
    short, size, long = [], 0, False
    while chunk := file.read(CHUNK):
        parser.feed(chunk)
        if len(chunk) < CHUNK:
            parser.close()
        paragraphs = (part for text in blocks.done for part in re.split(r"\n\s*\n", text))
        for text in map(" ".join, map(str.split, paragraphs)):
            if max(len(text.split()), count_words(text)) >= SENTENCE:
                long = True
                yield f"{text}\n\n"
            elif text and size < MAX_SHORT:
                short.append(text)
                size += len(text)
        blocks.done.clear()
    if not long:
        yield from (f"{text}\n\n" for text in short)
