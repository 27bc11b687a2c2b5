"""The indexes of papers that searches used last; torch is not imported."""

import hashlib
import threading
from collections import OrderedDict
from collections.abc import Callable, Hashable, Sequence
from typing import TYPE_CHECKING

from mlm_demo.inference.extract.paper import Paper

if TYPE_CHECKING:
    from mlm_demo.inference.search import Index

MAX_BYTES = 256_000_000


class KeptIndexes:
    """The indexes that were used last, by model and papers. Safe to share between threads.

    They take at most `max_bytes`; the newest stays whatever it takes.
    """

    def __init__(self, max_bytes: int = MAX_BYTES):
        self.max_bytes = max_bytes
        self._kept: OrderedDict[Hashable, Index] = OrderedDict()
        self._lock = threading.Lock()

    def get(self, model: Hashable, papers: Sequence[Paper], make: Callable[[], "Index"]) -> "Index":
        """Return the index of papers by a model; call `make` if it is not in memory."""
        key = model, _digest(papers)
        with self._lock:
            if key in self._kept:
                self._kept.move_to_end(key)
                return self._kept[key]
        index = make()  # outside the lock, so that nobody waits for the papers of others
        with self._lock:
            self._kept[key] = index
            while len(self._kept) > 1 and sum(one.bytes for one in self._kept.values()) > self.max_bytes:
                self._kept.popitem(last=False)
        return index


def _digest(papers: Sequence[Paper]) -> bytes:
    """Return a hash of what a search shows of papers."""
    digest = hashlib.sha256()
    for paper in papers:
        digest.update(repr((paper.document, paper.title, paper.text, paper.sentences)).encode())
    return digest.digest()
