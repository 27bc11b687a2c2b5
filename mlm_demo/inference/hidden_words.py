"""The words of a sentence between its blanks, and the sentence with each of them hidden."""

import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass, replace

from mlm_demo.errors import ParameterError, PromptError, shown
from mlm_demo.inference.blanks import find_blanks, put_in

MASK = "<mask>"
MAX_POSITIONS = 64  # each is a sentence of its own for the model
INSIDE = re.compile(r"['’\u200c\u200d]|(?<=\d)[.,](?=\d)")  # what joins two letters or digits into one word
# Scripts that are written without spaces; a character is the best that can be done without a dictionary.
ALONE = re.compile("[\u3005-\u3007\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0003fffd]")


@dataclass(frozen=True)
class HiddenWord:
    """A word, the sentence with it masked, which of the sentence's masks it is, and its characters in the sentence."""

    word: str
    sentence: str
    mask: int
    start: int = 0
    end: int = 0


def hidden_words(text: str, blanks: list[tuple[int, int]]) -> list[HiddenWord]:
    """Return the words of a sentence with blanks, each hidden; raises PromptError if there are none or too many."""
    spans = list(words_of(text, blanks))
    if not spans:
        raise PromptError("The sentence has no words; type some.")
    if len(spans) > MAX_POSITIONS:
        raise PromptError(
            f"The sentence has {len(spans):,} words; at most {MAX_POSITIONS} are looked at one by one. Shorten it."
        )
    return [
        HiddenWord(
            text[start:end], hide(text, start, end), sum(blank[1] <= start for blank in blanks), start, end
        )
        for start, end in spans
    ]


def with_a_word_hidden(*, max_characters: int, max_masks: int) -> dict[str, int]:
    """Return the limits of a sentence for what it is with one of its words hidden: there is one mask more."""
    return {"max_characters": max_characters + len(MASK), "max_masks": max_masks + 1}


def hidden_beside(text: str, mask: int) -> list[HiddenWord]:
    """Return the words of a sentence, each hidden, with the mask that is guessed beside them; mask: from 1.

    Raises PromptError as `hidden_words` does and for a sentence without a blank, ParameterError for no such mask.
    """
    blanks = find_blanks(text, MASK)
    if not blanks:
        raise PromptError("The sentence has no blank to guess; put <mask> in the place of a word.")
    if mask not in range(1, len(blanks) + 1):
        raise ParameterError(f"The mask is {shown(mask)}, but the sentence has {len(blanks)}; count from 1.")
    at = int(mask) - 1
    return [replace(one, mask=at + (one.start < blanks[at][0])) for one in hidden_words(text, blanks)]


def words_of(text: str, blanks: list[tuple[int, int]]) -> Iterator[tuple[int, int]]:
    """Yield the characters of each word outside the blanks. "Don't go, 3.5 km" → Don't, go, 3.5, km."""
    position = 0
    for start, end in [*blanks, (len(text), len(text))]:
        yield from _words_between(text, position, start)
        position = end


def hide(text: str, start: int, end: int) -> str:
    """Return a sentence with a word masked, and its blanks written as masks too.

    A doubtful blank, such as `???`, would no longer count beside a clear one.
    """
    blanks = [span for span in find_blanks(text, MASK) if span[1] <= start or span[0] >= end]
    spans = sorted([*blanks, (start, end)])
    return put_in(text, spans, [MASK] * len(spans))[0]


def _words_between(text: str, position: int, end: int) -> Iterator[tuple[int, int]]:
    while position < end:
        if not _in_word(text[position]) or unicodedata.category(text[position])[0] == "M":
            position += 1  # a mark that no letter carries is part of a symbol, such as the heart ❤️
            continue
        start, alone = position, ALONE.match(text[position])
        position += 1
        while position < end and not alone and not ALONE.match(text[position]):
            joins = INSIDE.match(text, position) and position + 1 < end and _in_word(text[position + 1])
            if not (_in_word(text[position]) or joins):
                break
            position += 1
        yield start, position


def _in_word(character: str) -> bool:
    return unicodedata.category(character)[0] in "LMN"
