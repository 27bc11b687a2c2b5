"""Words to swap in the second sentence: others of the family of a word that stands in it."""

from html import escape
from itertools import groupby
from operator import itemgetter

from mlm_demo.inference.hidden_words import words_of
from mlm_demo.web.fill.words import with_newlines

FAMILIES = (
    ("nurse", "surgeon", "doctor", "midwife", "teacher", "soldier", "secretary", "engineer", "farmer"),
    ("man", "woman", "boy", "girl", "child"),
    ("mother", "father", "sister", "brother", "daughter", "son"),
    ("he", "she", "they"),
    ("his", "her", "their"),
    ("asthma", "cancer", "diabetes", "pneumonia", "depression", "malaria", "pain"),
    ("heart", "liver", "brain", "kidney", "skin", "lung", "eye"),
    ("patient", "child", "mouse", "dog"),
    ("hot", "cold", "warm", "dry"),
    ("good", "bad", "sick", "healthy"),
    ("always", "never", "often", "rarely"),
    ("France", "Germany", "Italy", "Spain", "England"),
    ("Paris", "Berlin", "Rome", "Madrid", "London"),
)
SHOWN = 12
MAX_CHARACTERS = 500  # each button holds the whole sentence


def swapped(sentence: str, first: str) -> list[tuple[str, str, str]]:
    """Return words of a sentence, each with one that can stand in its place and the sentence changed so.

    first: the sentence that it is set against, which is none of them. A long sentence has none.
    """
    found: list[tuple[str, str, str]] = []
    if len(sentence) > MAX_CHARACTERS:
        return found
    for start, end in words_of(sentence, []):
        word = sentence[start:end]
        for family in FAMILIES:
            if word.lower() not in map(str.lower, family):
                continue
            for other in family:
                new = other[:1].upper() + other[1:] if word[:1].isupper() else other
                changed = sentence[:start] + new + sentence[end:]
                if other.lower() != word.lower() and changed != first:
                    found.append((word, new, changed))
    return found[:SHOWN]


def swaps(second: str, first: str) -> str:
    """Return the words as buttons that hold the changed sentence; empty if there are none."""
    first = with_newlines(first)
    words = swapped(with_newlines(second) or first, first)
    if not words:
        return ""
    rows = ""
    for word, group in groupby(words, key=itemgetter(0)):
        buttons = " ".join(
            f'<button type="button" data-sentence="{escape(sentence)}" title="{escape(sentence)}">'
            f"{escape(new)}</button>"
            for _, new, sentence in group
        )
        rows += f"<div><b>{escape(word)}</b> → {buttons}</div>"
    return f'<div class="swaps"><span>Swap a word of the second sentence:</span>{rows}</div>'
