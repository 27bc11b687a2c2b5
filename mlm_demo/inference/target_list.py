"""Split a list of words as people paste it: lines, commas, semicolons, quotes, bullets, JSON."""

import json
import re
from contextlib import suppress

# Quotes that protect a separator: opening and closing. An apostrophe does not, because words hold it.
QUOTES = ('""', "“”", "„“", "„”", "«»", "``", "「」")
SINGLE = ("''", "‘’", "‚‘")
SEPARATORS = r",;|\t\r\n、，；"
QUOTED = "|".join(
    rf"{opened}([^{opened}{closed}]+){closed}(?=\s*(?:[{SEPARATORS}]|$))" for opened, closed in QUOTES
)
ITEM = re.compile(rf"\s*(?:{QUOTED}|([^{SEPARATORS}]*))\s*(?:[{SEPARATORS}]|$)")
BULLET = re.compile(r"^\s*(?:[-*•–]|\d{1,3}[.)])\s+", re.MULTILINE)


def split_list(text: str) -> list[str]:
    """Return the words of a list, empty ones included; within double quotes a separator is part of the word.

    'Paris; "1,000"' → ['Paris', '1,000'], '- Paris\\n- Lyon' → ['Paris', 'Lyon']
    """
    text = text.strip()
    with suppress(ValueError, RecursionError):
        words = json.loads(text)
        if isinstance(words, list) and all(isinstance(word, str) for word in words):
            return [word.strip() for word in words]
    if re.fullmatch(r"\[\s*['\"].*['\"]\s*\]|\(\s*['\"].*['\"]\s*\)", text, re.DOTALL):  # a list in Python
        text = text[1:-1]
    if "\n" in text and len(BULLET.findall(text)) > text.count("\n"):  # every line has one
        text = BULLET.sub("", text)
    words, at = [], 0
    while at < len(text):
        match = ITEM.match(text, at)
        words.append(unquoted(next((group for group in match.groups() if group is not None), "").strip()))
        at = match.end()
    return words


def unquoted(word: str) -> str:
    """Return a word without the quotes around the whole of it; a quote by itself stays."""
    for opened, closed in (*QUOTES, *SINGLE):
        if len(word) > 2 and word[0] == opened and word[-1] == closed:
            return word[1:-1].strip() or word
    return word
