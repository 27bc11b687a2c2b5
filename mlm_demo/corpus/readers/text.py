"""Read plain text: a file is one document."""

import itertools
import re
from collections.abc import Iterator

from mlm_demo.corpus.documents import Document, Format, Reading, decode_input, make_documents
from mlm_demo.corpus.input import Input

WRAPPED_LINE = 100  # characters; longer lines were not wrapped by hand


def read_text(source: Input, reading: Reading) -> Iterator[Document]:
    """Read a text file as one document."""
    chunks = _separate_lines(decode_input(source, reading), source.name, reading)
    yield from make_documents(chunks, source.name, reading)


def _separate_lines(chunks: Iterator[str], name: str, reading: Reading) -> Iterator[str]:
    """Put an empty line after each line of a text that has no empty lines and whose lines are paragraphs."""
    first = next(chunks, "")
    breaks = first.strip().count("\n")
    long_lines = breaks and len(first) > WRAPPED_LINE * (breaks + 1)
    separate = long_lines and not re.search(r"\n\s*\n", first.strip())
    if separate:
        reading.notes.append(f"{name} has no empty lines, so each line was read as a paragraph.")
    for chunk in itertools.chain([first], chunks):
        yield chunk.replace("\n", "\n\n") if separate else chunk


TEXT = Format("text", "a text file", (".txt", ".text", ""), None, read_text)
