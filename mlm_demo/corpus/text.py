"""Text as it arrives in chunks: cleaned up, cut into pieces of bounded length, split into lines."""

import io
import re
from collections.abc import Iterable, Iterator

from mlm_demo.errors import CorpusError, shown

CONTROL = re.compile(r"[\x00-\x08\x0e-\x1f\x7f-\x84\x86-\x9f]")
# What `clean` replaces: page and line breaks of other kinds, invisible characters, halves of surrogate pairs (which
# JSON can spell and no tokenizer accepts).
UNWANTED = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028\u2029\ufeff\ud800-\udfff]")
BREAKS = {"\f": "\n\n", "\u2029": "\n\n", "\v": "\n", "\r": "\n", "\x85": "\n", "\u2028": "\n"}


def clean(text: str) -> str:
    """Remove control characters, make every line end \\n and put one empty line between paragraphs."""
    if UNWANTED.search(text):
        text = UNWANTED.sub(lambda found: BREAKS.get(found[0], ""), text.replace("\r\n", "\n"))
    return re.sub(r"\n\s*\n", "\n\n", text).strip()


def without_between(text: str, start: str, end: str, limit: int) -> str:
    """Remove what stands between two marks, and the marks, in linear time; not where it is longer than `limit`."""
    parts, kept, at, close = [], 0, 0, 0
    while close >= 0 and (opened := text.find(start, at)) >= 0:
        at = opened + len(start)
        if close < at:
            close = text.find(end, at)
        if 0 <= close - at <= limit:
            parts.append(text[kept:opened])
            kept = at = close + len(end)
    return "".join([*parts, text[kept:]]) if parts else text


def pieces(chunks: Iterable[str], limit: int) -> Iterator[str]:
    """Join chunks and cut them into pieces of at most `limit` characters, at a paragraph, line or space if possible."""
    parts, length = [], 0
    for chunk in chunks:
        parts.append(chunk)
        length += len(chunk)
        if length > limit:
            buffer, start = "".join(parts), 0
            while len(buffer) - start > limit:
                end = _boundary(buffer, start, start + limit)
                yield buffer[start:end]
                start = end
            parts, length = [buffer[start:]], len(buffer) - start
    if length:
        yield "".join(parts)


def _boundary(text: str, start: int, end: int) -> int:
    """Return where to cut: after the last paragraph, line or space in the second half, in this order."""
    for mark in ("\n\n", "\n", " "):
        found = text.rfind(mark, start + (end - start) // 2, end)
        if found > start:
            return found + len(mark)
    return end


def lines(chunks: Iterable[str], *, name: str, limit: int) -> Iterator[str]:
    """Split text after each \\n; raise CorpusError at a line of more than `limit` characters."""
    parts: list[str] = []
    number = length = 0
    for chunk in chunks:
        for line in io.StringIO(chunk, newline="\n"):
            parts.append(line)
            length += len(line)
            if length > limit:
                raise CorpusError(
                    f"Line {number + 1} of {shown(name)} is longer than {limit:,} characters; split it."
                )
            if line.endswith("\n"):
                yield "".join(parts)
                parts, length, number = [], 0, number + 1
    if parts:
        yield "".join(parts)
