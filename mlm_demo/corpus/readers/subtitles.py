"""Read subtitles (SubRip and WebVTT): a file is one document of what is said, without numbers, times and marks."""

import html
import re
from collections.abc import Iterator

from mlm_demo.corpus.documents import Document, Format, Reading, decode_input, make_documents
from mlm_demo.corpus.input import Input
from mlm_demo.corpus.readers.text import read_text
from mlm_demo.corpus.text import lines

TIME = r"(?:\d{1,3}:)?\d{1,2}:\d{2}[.,]\d{1,3}"
TIMES = re.compile(rf"{TIME}\s*-->\s*{TIME}")
SNIFFED = re.compile(rf"webvtt(?:\s|$)|(?:\d+\s*\n)?{TIME}\s*-->\s*{TIME}")
MARK = re.compile(r"</?[a-zA-Z][^<>]{0,200}>|<[\d:.,]{1,20}>|\{\\[^{}]{0,200}\}")
MAX_LINE = 1_000_000  # characters


def is_subtitles(source: Input) -> bool:
    """Return whether a file begins as subtitles."""
    return SNIFFED.match(source.start) is not None and TIMES.search(source.start) is not None


def read_subtitles(source: Input, reading: Reading) -> Iterator[Document]:
    """Read subtitles as one document, a line for each line on the screen; a file without times as text."""
    if not TIMES.search(source.start):
        reading.notes.append(f"{source.name} has no times of subtitles, and was read as text.")
        yield from read_text(source, reading)
        return
    yield from make_documents(_said(source, reading), source.name, reading)


def _said(source: Input, reading: Reading) -> Iterator[str]:
    """Yield the lines of the cues; a line that the next cue shows again, as captions that roll do, once."""
    in_cue, before = False, ""
    for line in lines(decode_input(source, reading), name=source.name, limit=MAX_LINE):
        if TIMES.match(line.lstrip()):
            in_cue = True
        elif not line.strip():
            in_cue = False
        elif in_cue:
            said = " ".join(html.unescape(MARK.sub("", line)).split())
            if said and said != before:
                yield f"{said}\n"
            before = said or before


FORMAT = Format("subtitles (.srt, .vtt)", "a subtitle file", (".srt", ".vtt"), is_subtitles, read_subtitles)
