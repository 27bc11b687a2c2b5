"""The sentence as a row of words: each is a button that hides it; every text is escaped.

A blank that was made by pressing a word brings the word back; the browser remembers it (`javascript.WORDS`).
"""

from collections.abc import Callable, Iterable
from html import escape
from itertools import islice

from mlm_demo.inference.blanks import find_blanks
from mlm_demo.inference.hidden_words import MASK, words_of

MAX_WORDS = 300
EMPTY = '<p class="word-hint">Type a sentence; then press a word to hide it.</p>'
BRING_BACK = "<span>, a blank to bring it back</span>"  # the style sheet shows it where a blank can


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


def bring_back(text: str, start: int, end: int, word: str) -> str:
    """Return a sentence with the word put back that was hidden at these characters."""
    return text[:start] + word + text[end:]


def _word(text: str, start: int, end: int) -> str:
    word = escape(text[start:end])
    return (
        f'<button type="button" data-start="{start}" data-end="{end}" title="Hide this word" '
        f'aria-label="Hide {word}">{word}</button>'
    )


def _blank(text: str, start: int, end: int) -> str:
    return f'<mark data-start="{start}" data-end="{end}">{escape(text[start:end])}</mark>'
