"""Passages of a corpus as it was read, from which a person sees what the readers made of the files."""

from collections.abc import Sequence
from dataclasses import dataclass

CHARACTERS = 300
NEAR = 40  # characters in which a white space is looked for, so that no word is cut


@dataclass(frozen=True)
class Passage:
    """A part of a document, with "…" where the document goes on, and where the document comes from."""

    source: str
    text: str


def passages_of(sources: Sequence[str], texts: Sequence[str]) -> list[Passage]:
    """Return the beginning of the first text, the middle of the middle one and the end of the last one.

    sources: of each text. A passage that is the same as another one comes once.
    """
    if not texts:
        return []
    middle = len(texts) // 2
    places = [
        (0, 0),
        (middle, (len(texts[middle]) - CHARACTERS) // 2),
        (len(texts) - 1, len(texts[-1]) - CHARACTERS),
    ]
    passages = [Passage(sources[number], _cut(texts[number], max(0, start))) for number, start in places]
    return list(dict.fromkeys(passages))


def _cut(text: str, start: int) -> str:
    """Return CHARACTERS characters of a text, fewer where a word would be cut."""
    end = min(start + CHARACTERS, len(text))
    if start:
        start = _after_space(text, start)
    if end < len(text):
        end = next((at for at in range(end, end - NEAR, -1) if text[at].isspace()), end)
    return f"{'… ' * (start > 0)}{text[start:end].strip()}{' …' * (end < len(text))}"


def _after_space(text: str, start: int) -> int:
    """Return the beginning of the next word; `start` in a script without spaces."""
    for at in range(start - 1, min(start + NEAR, len(text) - 1)):
        if text[at].isspace():
            return at + 1
    return start
