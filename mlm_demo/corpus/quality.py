"""Signs of damage in a text, and the passages that two parts of a corpus share.

The signs are measured on the first SAMPLE_WORDS words.
"""

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice

SAMPLE_WORDS = 200_000
PASSAGE = 10  # words
EXAMPLES = 3
# A small letter before a capital, a full stop without a space, a number before a word, an endless word.
GLUED = re.compile(r"[a-z]{3}[A-Z][a-z]{2}|[a-z)\]][.!?:;,][A-Z][a-z]|\d[A-Z][a-z]{3}|[^\W\d_]{46}")
ADDRESS = re.compile(r"[/@\\]|www\.")  # these have such letters, too
ODD = re.compile(r"[\ue000-\uf8ff\ufffd]")  # glyphs without a meaning, and characters that were lost


@dataclass(frozen=True)
class Quality:
    """Shares of words that look glued together, of words in repeated passages, and of characters without a meaning.

    glued_words: examples.
    """

    glued: float
    repeated: float
    odd: float
    glued_words: tuple[str, ...]


def measure_quality(texts: Iterable[str], controls: int = 0) -> Quality:
    """Measure the signs of damage; controls: the control characters that reading has removed."""
    words = list(islice((word for text in texts for word in text.split()), SAMPLE_WORDS))
    glued = Counter(word for word in words if GLUED.search(word) and not ADDRESS.search(word))
    characters = sum(map(len, words)) or 1
    odd = sum(len(ODD.findall(word)) for word in words if not word.isascii())
    return Quality(
        glued=glued.total() / max(1, len(words)),
        repeated=_repeated(words),
        odd=min(1.0, (odd + controls) / characters),
        glued_words=tuple(word[:40] for word, _ in glued.most_common(EXAMPLES)),
    )


def _repeated(words: Sequence[str]) -> float:
    """Return the share of the words that are in a passage which came before."""
    seen: set[int] = set()
    repeated, covered = 0, 0  # covered: the words before this place that are counted already
    for start, passage in enumerate(_passages(words)):
        if passage in seen:
            repeated += start + PASSAGE - max(start, covered)
            covered = start + PASSAGE
        seen.add(passage)
    return repeated / max(1, len(words))


def shared_passages(training: Iterable[str], held_out: Iterable[str]) -> float:
    """Return the share of the words of the held-out part that are in passages which the training part has too.

    A passage of twice PASSAGE words is always found, a shorter one not always: of the training part only the passages
    that follow each other are looked up.
    """
    texts = [text.lower().split() for text in held_out]
    places: dict[int, list[tuple[int, int]]] = {}
    for number, words in enumerate(texts):
        for start, passage in enumerate(_passages(words)):
            places.setdefault(passage, []).append((number, start))
    if not places:
        return 0.0
    shared = [bytearray(len(words)) for words in texts]
    for text in training:
        words = text.lower().split()
        for start in range(0, len(words) - PASSAGE + 1, PASSAGE):
            for number, place in places.get(hash(tuple(words[start : start + PASSAGE])), ()):
                _mark(shared[number], texts[number], place, words, start)
    return sum(map(sum, shared)) / max(1, sum(map(len, shared)))


def _mark(shared: bytearray, held: Sequence[str], place: int, words: Sequence[str], start: int) -> None:
    """Mark the words around a shared passage for as long as both texts agree."""
    if shared[place]:
        return
    first, last = 0, PASSAGE
    while place - first > 0 and start - first > 0 and held[place - first - 1] == words[start - first - 1]:
        first += 1
    while (
        place + last < len(held) and start + last < len(words) and held[place + last] == words[start + last]
    ):
        last += 1
    shared[place - first : place + last] = b"\1" * (first + last)


def _passages(words: Sequence[str]) -> Iterator[int]:
    """Yield a hash of the passage that starts at each word."""
    return (hash(tuple(words[i : i + PASSAGE])) for i in range(len(words) - PASSAGE + 1))
