"""The sentence as a row of words: each is a button that hides it; every text is escaped.

A blank that was made by pressing a word brings the word back; the browser remembers it (`javascript.WORDS`).
"""

import re
import unicodedata
from collections.abc import Callable, Iterable, Iterator
from html import escape
from itertools import islice

from mlm_demo.inference.blanks import find_blanks, put_in

MASK = "<mask>"
MAX_WORDS = 300
EMPTY = '<p class="word-hint">Type a sentence; then press a word to hide it.</p>'
BRING_BACK = "<span>, a blank to bring it back</span>"  # the style sheet shows it where a blank can
INSIDE = re.compile(r"['’\u200c\u200d]|(?<=\d)[.,](?=\d)")  # what joins two letters or digits into one word
# Scripts that are written without spaces; a character is the best that can be done without a dictionary.
ALONE = re.compile("[\u3005-\u3007\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0003fffd]")


def word_row(text: str) -> str:
    """Return a sentence as HTML: its words as buttons, its blanks marked, everything else as it is.

    A button or blank holds its characters in `data-start` and `data-end`; the row holds the text. Beyond MAX_WORDS
    words the text ends, and a line says so.
    """
    text = with_newlines(text)
    if not text.strip():
        return EMPTY
    blanks = find_blanks(text, MASK)
    words = list(islice(words_of(text, blanks), MAX_WORDS + 1))
    shown = words[:MAX_WORDS]
    end = shown[-1][1] if len(words) > MAX_WORDS else len(text)
    hint = f"Press a word to hide it{BRING_BACK}."
    if end < len(text):
        hint = (
            f"Press one of the first {MAX_WORDS} words to hide it{BRING_BACK}; "
            "select a later one above and press Insert mask."
        )
    return row_of(text, shown, [span for span in blanks if span[1] <= end], hint, _word, end=end)


def with_newlines(text: str | None) -> str:
    """Return a text with the line endings that it has in the browser."""
    return (text or "").replace("\r\n", "\n").replace("\r", "\n")


def row_of(
    text: str,
    words: Iterable[tuple[int, int]],
    blanks: Iterable[tuple[int, int]],
    hint: str,
    draw_word: Callable[[str, int, int], str],
    *,
    end: int | None = None,
    kind: str = "",
) -> str:
    """Return a row: a hint (HTML), and the text up to `end` with its words drawn and its blanks marked.

    kind: more CSS classes of the row.
    """
    parts = sorted([(*span, draw_word) for span in words] + [(*span, _blank) for span in blanks])
    end, row, position = len(text) if end is None else end, "", 0
    for start, stop, draw in parts:
        row += escape(text[position:start]) + draw(text, start, stop)
        position = stop
    row += escape(text[position:end]) + " …" * (end < len(text))
    return (
        f'<div class="sentence-words" data-text="{escape(text)}"><p class="word-hint">{hint}</p>'
        f'<p class="word-row{kind}" dir="auto">{row}</p></div>'
    )


def is_row_of(row: str, text: str) -> bool:
    """Return whether a row shows this sentence; an empty one is any empty sentence's."""
    shown = word_row(text)
    return row == EMPTY if shown == EMPTY else (row or "").startswith(shown[: shown.index('"><p') + 2])


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


def bring_back(text: str, start: int, end: int, word: str) -> str:
    """Return a sentence with the word put back that was hidden at these characters."""
    return text[:start] + word + text[end:]


def _words_between(text: str, position: int, end: int) -> Iterator[tuple[int, int]]:
    while position < end:
        if not _in_word(text[position]):
            position += 1
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


def _word(text: str, start: int, end: int) -> str:
    word = escape(text[start:end])
    return (
        f'<button type="button" data-start="{start}" data-end="{end}" title="Hide this word" '
        f'aria-label="Hide {word}">{word}</button>'
    )


def _blank(text: str, start: int, end: int) -> str:
    return f'<mark data-start="{start}" data-end="{end}">{escape(text[start:end])}</mark>'
