"""Remove duplicate paragraphs: exact ones by hash, near ones by their words.

Paragraphs are compared across all documents, so a notice that repeats on every page counts once, and no text of the
training part returns in the held-out part. A near duplicate of a short paragraph has the same words in the same order,
apart from articles and the like: one other word may be another finding, dose or side. A near duplicate of a long one
shares about eight of ten of its five-word shingles (found by MinHash) and nearly all of its words.
"""

import re
from collections.abc import Iterable, Sequence
from functools import partial
from zlib import crc32

import numpy as np

THRESHOLD, PERMUTATIONS, SHINGLE = 0.8, 64, 5
MULTIPLIER = np.uint32(0x9E3779B1)  # odd, so that no word of a shingle loses its bits
MIN_WORDS = 8  # shorter paragraphs, such as headings, may repeat
SHORT, LONG = (
    100,
    200,
)  # words; only in paragraphs that are longer than LONG may numbers, negations or sides differ
WORDS_PER_CHANGE = 100  # of a long paragraph
COMPARED = 20  # paragraphs that look alike are compared with at most so many others
# Words that may differ in a short paragraph.
FILLERS = {
    "a", "an", "the", "and", "or", "of", "in", "on", "at", "to", "for", "with", "by", "from", "as", "is", "are", "was",
    "were", "be", "been", "has", "have", "had", "this", "that", "these", "those", "it", "its", "also", "then", "so",
}  # fmt: skip
# Words that, like numbers, make another statement of the same sentence.
DECISIVE = {
    "no", "not", "none", "nor", "neither", "never", "without", "cannot", "absent", "denies", "denied", "negative",
    "positive", "normal", "abnormal", "left", "right", "bilateral", "unilateral", "upper", "lower", "anterior",
    "posterior", "medial", "lateral", "small", "large", "mild", "moderate", "severe", "acute", "chronic", "new", "old",
    "unchanged", "increased", "decreased", "once", "twice",
}  # fmt: skip
# Words, and the signs that turn one statement into another: HER2+, T-score of -2, < 50 %; but no hyphens and dashes.
WORD = re.compile(r"\w+|[<>≤≥+]|[-−–](?:(?<!\w.)(?=\d)|(?<=\w.)(?!\w))")
SERIAL_WORDS = {"item", "page", "copy", "draft", "row", "record", "sheet"}
SERIAL = re.compile(rf"\b({'|'.join(sorted(SERIAL_WORDS))})\s+\d+\b", re.IGNORECASE)


class Deduplicator:
    """The paragraphs seen so far; `exact` and `near` count the duplicates among them.

    keep_near: whether near duplicates stay.
    """

    def __init__(self, *, keep_near: bool = False):
        self.keep_near = keep_near
        self.exact = self.near = 0
        self._exact: set[int] = set()
        self._short: set[int] = set()
        self._long: list[str] = []  # their numbers are the keys of the index
        self._documents: set[int] = set()
        # Here, because it brings scipy, which a page must not wait for at its start.
        from datasketch import MinHash, MinHashLSH

        # Permutations are drawn once, which otherwise takes as long as a signature; shingles come hashed already.
        first = MinHash(num_perm=PERMUTATIONS)
        self._min_hash = partial(
            MinHash,
            num_perm=PERMUTATIONS,
            permutations=first.permutations,
            scheme=first.scheme,
            hashfunc=int,
        )
        self._index = MinHashLSH(threshold=THRESHOLD, num_perm=PERMUTATIONS)

    def new_paragraphs(self, paragraphs: Sequence[str]) -> list[str]:
        """Return the paragraphs of a document that are not duplicates; none if the same document came before.

        The second rule is for documents of short paragraphs, each of which may repeat.
        """
        document = hash(tuple(paragraphs))
        if document in self._documents:
            self.exact += len(paragraphs)
            return []
        self._documents.add(document)
        return [text for text, words in map(self._new_lines, paragraphs) if self.is_new(text, words)]

    def is_new(self, paragraph: str, words: list[str] | None = None) -> bool:
        """Return whether a paragraph is no duplicate, and remember it. Short paragraphs are always new.

        words: of the paragraph, if they are known.
        """
        words = _words(paragraph) if words is None else words
        if len(words) < MIN_WORDS:
            return True
        key = hash(tuple(words))
        if key in self._exact:
            self.exact += 1
            return False
        self._exact.add(key)
        if self.keep_near:
            return True
        if len(words) >= SHORT:
            is_new = self._is_new_long(paragraph, words)
        else:
            near = _near_key(paragraph, words)
            is_new = near not in self._short
            self._short.add(near)
        self.near += not is_new
        return is_new

    def _is_new_long(self, paragraph: str, words: list[str]) -> bool:
        signature = self._min_hash()
        signature.update_batch(_shingles(words))
        # Sorted: in another order a resumed run could find other duplicates.
        alike = sorted(self._index.query(signature))
        if any(_is_near(paragraph, self._long[other]) for other in alike[:COMPARED]):
            return False
        if len(alike) < COMPARED:
            self._index.insert(len(self._long), signature, check_duplication=False)
            self._long.append(paragraph)
        return True

    def _new_lines(self, paragraph: str) -> tuple[str, list[str]]:
        """Return a paragraph without lines that repeat an earlier line of it, and its words."""
        lines = paragraph.split("\n")
        if len(lines) == 1:
            return paragraph, _words(paragraph)
        seen: dict[int, int] = {}
        kept, kept_words = [], []
        for line in lines:
            words = _words(line)
            if len(words) >= MIN_WORDS:
                exact = hash(tuple(words))
                near = exact if self.keep_near else _near_key(line, words)
                if near in seen:
                    self.exact += seen[near] == exact
                    self.near += seen[near] != exact
                    continue
                seen[near] = exact
            kept.append(line)
            kept_words += words
        return "\n".join(kept), kept_words


def _words(text: str) -> list[str]:
    return WORD.findall(text.lower())


def _shingles(words: Sequence[str]) -> list[int]:
    """Return a 32-bit hash of every five words in a row, the same in every process."""
    hashes = np.array([crc32(word) for word in " ".join(words).encode().split(b" ")], np.uint32)
    found = np.zeros(len(words) - SHINGLE + 1, np.uint32)
    for start in range(SHINGLE):
        found = found * MULTIPLIER + hashes[start : start + len(found)]  # a polynomial, modulo 2 ** 32
    return found.tolist()


def _near_key(text: str, words: Sequence[str]) -> int:
    """Return a hash that short near duplicates share: of the words in their order, without fillers and serials."""
    # The search alone takes as long as finding all the words.
    if not SERIAL_WORDS.isdisjoint(words) and SERIAL.search(text):
        words = _words(SERIAL.sub(r"\1", text))
    return hash(tuple(word for word in words if word not in FILLERS))


def _is_near(one: str, other: str) -> bool:
    """Return whether two long paragraphs that look alike say the same."""
    one_words, other_words = _words(SERIAL.sub(r"\1", one)), _words(SERIAL.sub(r"\1", other))
    longest = max(len(one_words), len(other_words))
    if longest <= LONG and _decisive(one_words) != _decisive(other_words):
        return False
    changes = max(
        len(set(a) - set(b) - FILLERS) for a, b in ((one_words, other_words), (other_words, one_words))
    )
    return changes <= longest // WORDS_PER_CHANGE


def _decisive(words: Iterable[str]) -> list[str]:
    return [word for word in words if word in DECISIVE or not word[0].isalpha()]
