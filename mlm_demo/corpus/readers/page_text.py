"""The lines of pages become paragraphs, without what surrounds the text.

Running heads, page numbers, stamps of downloads, licenses and lists of references are left out.
"""

import functools
import itertools
import re
import statistics
from collections import Counter
from collections.abc import Iterator, Sequence
from itertools import pairwise

from mlm_demo.corpus.readers.hyphens import join_lines, vocabulary
from mlm_demo.corpus.readers.page_lines import Line

EDGE = 2  # lines at the top and at the bottom that may be heads and feet
HEAD_LENGTH = 150  # characters
FEW, OFTEN = 6, 3  # a line on so many pages is a head; in a document of few pages, one on two of them is
PAGE_NUMBER = re.compile(
    r"(?:page\s+)?\W{0,3}\d{1,4}\W{0,3}(?:\s*(?:of|/)\s*\d{1,4})?|[ivxl]{1,6}|page \d{1,4} (?:of|/) \d{1,4}",
    re.I,
)
STAMP = re.compile(
    # With a host or an IP number, or, as no rest of a sentence begins, with a capital and a date.
    r"(?=.*(?:https?:|www\.|\w\.\w+\.\w)|(?-i:[A-Z]).*(?:\b(?:19|20)\d\d\b|\d/\d|\bby guest\b))"
    r"(?:down-?loaded|printed|accessed|copied) (?:from|by|on|via)\b.{3,}|"
    r".{0,60}\bdownloaded from (?:https?:|www\.).*|"
    r"(?:by|for) (?:guest|personal use) on .*|arXiv:\d{4}\.\d{4,5}.*|(?:https?://)?(?:dx\.)?doi\.org/\S+|"
    r"this preprint .{0,60}not certified by peer review.*|bioRxiv preprint .*|medRxiv preprint .*",
    re.I,
)
LICENSE = re.compile(
    r"(?:copyright\b|©|\(c\) ?(?:19|20)\d\d).{0,300}|.{0,120}all rights reserved\.?.{0,100}|"
    r".{0,160}(?:creative commons|CC[- ]BY\b|licen[sc]e, which permits|is an open[- ]access article).{0,700}",
    re.I | re.S,
)
REFERENCES = re.compile(
    r"(?:\d{1,2}\.?\s+)?(?:references|bibliography|literature cited|works cited|reference list)\W?", re.I
)
AFTER = re.compile(
    r"(?:\d{1,2}\.?\s+)?(?:(?:appendix|appendices|supplement|figure legends|supporting information).{0,60}|"
    r"(?:(?:materials|patients|subjects) and methods|(?:online )?methods|introduction|abstract):?|"
    r"(?-i:C(?:hapter|HAPTER)) (?:\d{1,3}|[ivxl]{1,6})(?:[.:]? (?!in\b)[^,;]{1,60})?[.:]?)",
    re.I,
)
DATED = re.compile(r"\b(?:19|20)\d\d[a-z]?\b")
UNDATED, FEWEST = 15, 8  # lines without a year that are no references; at the end of the document so few
BULLET = re.compile(r"[•▪●◦■□➢*–-]\s|\(?(?:\d{1,2}|[a-z])\)\s")
MAX_OPEN = 5_000  # lines of a paragraph without an end
ENDED = '.!?:”"'


class PageText:
    """Turns pages, a batch at a time, into paragraphs."""

    def __init__(self):
        self._open: list[str] = []  # the lines of a paragraph that may go on on the next page
        self._in_references = False

    def paragraphs(self, pages: Sequence[Sequence[Line]]) -> Iterator[str]:
        """Yield the paragraphs that end in these pages."""
        heads = _running_heads(pages)
        kept = self._without_references([[line for line in page if line not in heads] for page in pages])
        known = vocabulary(line.text for page in kept for line in page)
        for page in kept:
            for number, group in enumerate(_groups(page)):
                if number or not _goes_on(self._open, group):
                    yield from self._ended(known)
                self._open += group
        if len(self._open) > MAX_OPEN or (self._open and self._open[-1][-1] in ENDED):
            yield from self._ended(known)

    def rest(self) -> Iterator[str]:
        """Yield the paragraph at the end of the document."""
        yield from self._ended(set())

    def _ended(self, known: set[str]) -> Iterator[str]:
        text, self._open = join_lines(self._open, known), []
        if text and not LICENSE.fullmatch(text):
            yield text

    def _without_references(self, pages: Sequence[Sequence[Line]]) -> list[list[Line]]:
        """Leave out the lines from the heading of the references to that of other text, or to lines without years."""
        dated = [DATED.search(line.text) is not None for page in pages for line in page]
        kept, first = [], 0
        for page in pages:
            kept.append([])
            for at, line in enumerate(page, first):
                if self._in_references:
                    following = dated[at : at + 1 + UNDATED]
                    undated = len(following) > FEWEST and not any(following)
                    self._in_references = not (undated or AFTER.fullmatch(line.text))
                elif REFERENCES.fullmatch(line.text):
                    following = dated[at + 1 : first + len(page)][:15]
                    self._in_references = sum(following) >= max(1, len(following) / 6)
                if not self._in_references:
                    kept[-1].append(line)
            first += len(page)
        return kept


def is_stamp(line: Line) -> bool:
    """Return whether a line tells who downloaded the file, or where it is from."""
    return STAMP.fullmatch(line.text) is not None


def _running_heads(pages: Sequence[Sequence[Line]]) -> set[Line]:
    """Return the lines that are no text: heads and feet that pages share, and page numbers."""
    edges = [_edges(page) for page in pages]
    counts = Counter(key for page in edges for key in {_key(line) for edge in page for line in edge})
    often = OFTEN if len(pages) > FEW else 2
    numbers = Counter(
        number - index
        for index, both in enumerate(edges)
        for number in {number for edge in both for line in edge for number in _numbers(line)}
    )
    counted = {offset for offset, count in numbers.items() if count >= max(OFTEN, len(pages) / 2)}

    def is_head(line: Line, index: int) -> bool:
        return (
            PAGE_NUMBER.fullmatch(line.text) is not None
            or counts[_key(line)] >= often
            or any(number - index in counted for number in _numbers(line))
        )

    heads = set()
    for index, both in enumerate(edges):
        for edge in both if len(pages[index]) > EDGE else ():
            # From the edge of the page inward, up to the first line of text.
            heads |= set(itertools.takewhile(functools.partial(is_head, index=index), edge))
    return heads


def _numbers(line: Line) -> set[int]:
    """Return the numbers that a line begins and ends with: maybe that of its page."""
    return {int(number) for number in re.findall(r"^\d{1,4}\b|\b\d{1,4}$", line.text)}


def _edges(page: Sequence[Line]) -> tuple[list[Line], list[Line]]:
    """Return the short lines at the top and at the bottom of a page, from its edge inward."""
    lines = sorted(page, key=lambda line: line.y)
    short = [
        [line for line in edge if len(line.text) <= HEAD_LENGTH]
        for edge in (lines[::-1][:EDGE], lines[:EDGE])
    ]
    return short[0], short[1]


def _key(line: Line) -> tuple[str, int]:
    """Return what is equal for the same head on two pages: its words without numbers, and about its height."""
    return re.sub(r"\d+", "#", line.text.lower()), round(line.y / 20)


def _groups(page: Sequence[Line]) -> Iterator[list[str]]:
    """Cut the lines of a page into paragraphs: at gaps, indents, other sizes and short last lines."""
    if not page:
        return
    steps = [a.y - b.y for a, b in pairwise(page) if 0 < a.y - b.y < 4 * max(a.size, 6)]
    step = statistics.median(steps) if steps else 0
    lengths = sorted(len(line.text) for line in page)
    usual = lengths[int(0.75 * (len(lengths) - 1))]
    group = [page[0].text]
    for before, line in pairwise(page):
        gap = before.y - line.y
        ended = before.text[-1] in ENDED
        parts = (
            (gap > 1.4 * step > 0 and gap < 40 * step)
            or abs(before.size - line.size) > 0.15 * before.size
            or (ended and 0.8 * line.size < line.x - before.x < 5 * line.size and gap > 0)
            or BULLET.match(line.text) is not None
            or (ended and len(before.text) < 0.7 * usual and line.text[0].isupper())
        )
        if parts and not (line.text[0].islower() and not ended):
            yield group
            group = []
        group.append(line.text)
    yield group


def _goes_on(lines: Sequence[str], following: Sequence[str]) -> bool:
    """Return whether a paragraph goes on on the next page."""
    return bool(lines) and (lines[-1][-1] not in ENDED or following[0][0].islower())
