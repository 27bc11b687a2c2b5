"""A paper as extraction reads it: its text, cut into sentences by the caller."""

import bisect
import re
from collections.abc import Iterable
from dataclasses import dataclass

# A longer sentence, such as a table without line breaks, is read as several. This many characters fit into a window.
MAX_SENTENCE_CHARACTERS = 1000
SPACE = re.compile(r"\s+")


@dataclass(frozen=True)
class Paper:
    """A text with the (start, end) characters of its sentences, in order and not overlapping.

    document: where it comes from, such as "papers.csv, row 12".
    """

    document: str
    title: str
    text: str
    sentences: tuple[tuple[int, int], ...]

    @classmethod
    def of(cls, document: str, title: str, text: str, sentences: Iterable[tuple[int, int]]) -> "Paper":
        """Make a paper: empty sentences are left out, and long ones are cut at white space."""
        parts = [part for start, end in sentences for part in _cut(text, start, end)]
        return cls(document, title, text, tuple(parts))

    def sentence(self, number: int) -> str:
        """Return the text of a sentence."""
        start, end = self.sentences[number]
        return self.text[start:end]

    def sentences_at(self, start: int, end: int) -> range:
        """Return the numbers of the sentences in which a span stands; at least one."""
        starts = [sentence_start for sentence_start, _ in self.sentences]
        first = max(0, bisect.bisect_right(starts, start) - 1)
        return range(first, max(first + 1, bisect.bisect_left(starts, end)))


def _cut(text: str, start: int, end: int) -> Iterable[tuple[int, int]]:
    """Yield a sentence without white space around it, in parts of at most MAX_SENTENCE_CHARACTERS."""
    while True:
        while start < end and text[start].isspace():
            start += 1
        while start < end and text[end - 1].isspace():
            end -= 1
        if start == end:
            return
        if end - start <= MAX_SENTENCE_CHARACTERS:
            yield start, end
            return
        limit = start + MAX_SENTENCE_CHARACTERS
        spaces = [found.start() for found in SPACE.finditer(text, start + 1, limit + 1)]
        stop = spaces[-1] if spaces else limit
        yield start, stop
        start = stop
