"""Read plain text and Markdown: a file is one document."""

import itertools
import re
from collections.abc import Iterator

from mlm_demo.corpus.documents import Document, Format, Reading, decode_input, make_documents
from mlm_demo.corpus.input import Input
from mlm_demo.corpus.text import clean

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


def read_markdown(source: Input, reading: Reading) -> Iterator[Document]:
    """Read a Markdown file as one document without its markup."""
    chunks = decode_input(source, reading)
    yield from make_documents(chunks, source.name, reading, lambda text: clean(strip_markdown(text)))


def strip_markdown(text: str) -> str:
    """Remove the # of headings, lines of code fences, the targets of links and images, and **."""
    text = re.sub(r"^ {0,3}(?:```|~~~).*\n?|^(?:={3,}|-{3,})[ \t]*$", "", text, flags=re.MULTILINE)
    # Stripped separately: matching the closing # here takes quadratic time on a line of # and spaces.
    heading = r"^ {0,3}#{1,6}[ \t]+(.*)$"
    text = re.sub(heading, lambda found: found[1].rstrip(" \t#"), text, flags=re.MULTILINE)
    text = re.sub(r"!?\[([^\[\]]*)\](?:\([^()\n]{0,2000}\)|\[[^\[\]\n]{0,200}\])", r"\1", text)
    return text.replace("**", "")


TEXT = Format("text", "a text file", (".txt", ".text", ""), None, read_text)
MARKDOWN = Format("Markdown", "a Markdown file", (".md", ".markdown"), None, read_markdown)
