"""Leave out what was said before: exact copies by hash, near copies by MinHash.

A near copy shares about eight of ten of its five-word shingles with an earlier text. Paragraphs are compared, over
all documents, so that a notice repeated on every page counts once and nothing of the training part comes back in
the held-out part.
"""

import re
from collections.abc import Sequence

from datasketch import MinHash, MinHashLSH

THRESHOLD, PERMUTATIONS, SHINGLE = 0.8, 64, 5
SHORTEST = 8  # words; headings and such may repeat


class Duplicates:
    """Remembers the paragraphs seen so far."""

    def __init__(self):
        self.exact = self.near = 0
        self._hashes: set[int] = set()
        self._documents: set[int] = set()
        self._index = MinHashLSH(threshold=THRESHOLD, num_perm=PERMUTATIONS)

    def fresh(self, paragraphs: Sequence[str]) -> list[str]:
        """The paragraphs of a document that say something new; none if the whole document was there before.

        So a document of short paragraphs alone is not kept twice either.
        """
        whole = hash(tuple(paragraphs))
        if whole in self._documents:
            self.exact += len(paragraphs)
            return []
        self._documents.add(whole)
        return [paragraph for paragraph in paragraphs if self.is_new(paragraph)]

    def is_new(self, paragraph: str) -> bool:
        """Whether a paragraph says something new; from then on it is known. Short ones are always new."""
        words = re.findall(r"\w+", paragraph.lower())
        if len(words) < SHORTEST:
            return True
        key = hash(tuple(words))
        if key in self._hashes:
            self.exact += 1
            return False
        self._hashes.add(key)
        signature = MinHash(num_perm=PERMUTATIONS)
        signature.update_batch(
            {" ".join(words[i : i + SHINGLE]).encode() for i in range(max(1, len(words) - SHINGLE + 1))}
        )
        if self._index.query(signature):
            self.near += 1
            return False
        self._index.insert(key, signature, check_duplication=False)
        return True
