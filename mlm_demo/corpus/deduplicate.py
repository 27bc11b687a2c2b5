"""Remove duplicate paragraphs: exact ones by hash, near ones by MinHash.

A near duplicate shares about eight of ten of its five-word shingles with an earlier paragraph. Paragraphs are compared
across all documents, so a notice that repeats on every page counts once, and no text of the training part returns in
the held-out part.
"""

import re
from collections.abc import Sequence

THRESHOLD, PERMUTATIONS, SHINGLE = 0.8, 64, 5
MIN_WORDS = 8  # shorter paragraphs, such as headings, may repeat


class Deduplicator:
    """The paragraphs seen so far; `exact` and `near` count the duplicates among them."""

    def __init__(self):
        self.exact = self.near = 0
        self._hashes: set[int] = set()
        self._documents: set[int] = set()
        # Here, because it brings scipy, which a page must not wait for at its start.
        from datasketch import MinHash, MinHashLSH

        self._min_hash = MinHash
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
        return [paragraph for paragraph in paragraphs if self.is_new(paragraph)]

    def is_new(self, paragraph: str) -> bool:
        """Return whether a paragraph is no duplicate, and remember it. Short paragraphs are always new."""
        words = re.findall(r"\w+", paragraph.lower())
        if len(words) < MIN_WORDS:
            return True
        key = hash(tuple(words))
        if key in self._hashes:
            self.exact += 1
            return False
        self._hashes.add(key)
        signature = self._min_hash(num_perm=PERMUTATIONS)
        signature.update_batch(
            {" ".join(words[i : i + SHINGLE]).encode() for i in range(max(1, len(words) - SHINGLE + 1))}
        )
        if self._index.query(signature):
            self.near += 1
            return False
        self._index.insert(key, signature, check_duplication=False)
        return True
