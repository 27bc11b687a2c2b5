"""BM25: how much a text has of the words of a query, rare words more (Robertson and Zaragoza 2009)."""

import re
from collections import Counter
from collections.abc import Sequence

import numpy as np

K1, B = 1.2, 0.75  # how soon a repeated word counts no more, and how much a long text loses
WORD = re.compile(r"\w+")


class BM25:
    """The words of some texts, counted."""

    def __init__(self, texts: Sequence[str]):
        counts = [Counter(_words(text)) for text in texts]
        lengths = np.array([words.total() for words in counts], dtype=float)
        mean = lengths.mean() if lengths.any() else 1.0
        self._length_costs = K1 * (1 - B + B * lengths / mean)
        postings: dict[str, tuple[list[int], list[int]]] = {}
        for number, words in enumerate(counts):
            for word, times in words.items():
                numbers, all_times = postings.setdefault(word, ([], []))
                numbers.append(number)
                all_times.append(times)
        self._postings = {
            word: (np.array(numbers, np.int32), np.array(times, np.int32))
            for word, (numbers, times) in postings.items()
        }

    @property
    def bytes(self) -> int:
        """About how much memory the counts take."""
        return self._length_costs.nbytes + sum(2 * one.nbytes + 300 for one, _ in self._postings.values())

    def scores(self, query: str) -> np.ndarray:
        """Return the score of each text: (texts,) float64 in nats, 0 without a word in common."""
        scores = np.zeros(len(self._length_costs))
        for word in dict.fromkeys(_words(query)):
            if word not in self._postings:
                continue
            numbers, times = self._postings[word]
            rarity = np.log(1 + (len(scores) - len(numbers) + 0.5) / (len(numbers) + 0.5))
            scores[numbers] += rarity * times * (K1 + 1) / (times + self._length_costs[numbers])
        return scores


def _words(text: str) -> list[str]:
    return WORD.findall(text.casefold())
