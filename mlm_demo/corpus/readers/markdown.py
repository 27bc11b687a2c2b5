"""Read Markdown: a file is one document without its markup."""

import re
from collections.abc import Iterator

from mlm_demo.corpus.documents import Document, Format, Reading, decode_input, make_documents
from mlm_demo.corpus.input import Input
from mlm_demo.corpus.text import clean, without_between

FRONT_MATTER = re.compile(
    r"\s*(?:---[ \t]*\n(?:.*\n){0,200}?(?:---|\.\.\.)|\+\+\+[ \t]*\n(?:.*\n){0,200}?\+\+\+)[ \t]*(?:\n|\Z)"
)
MAX_COMMENT = 100_000  # characters
TAG = re.compile(
    r"</?(?:a|b|i|u|p|br|hr|em|strong|small|sub|sup|img|div|span|details|summary|kbd|center|code)(?:\s[^<>\n]{0,500})?/?>",
    re.I,
)
FENCE_OR_RULE = re.compile(r"^ {0,3}(?:```|~~~).*\n?|^(?:={3,}|-{3,}|\*{3,}|_{3,})[ \t]*$", re.MULTILINE)
TABLE_RULE = re.compile(
    r"^[ \t]*+\|?[ \t]*+:?-+:?[ \t]*+(?:\|[ \t]*+(?::?-+:?[ \t]*+|:[ \t]*+)?)+$\n?", re.MULTILINE
)
TABLE_ROW = re.compile(r"^[ \t]*\|(.*)\|[ \t]*$", re.MULTILINE)
HEADING = re.compile(r"^ {0,3}#{1,6}[ \t]+(.*)$", re.MULTILINE)
DEFINITION = re.compile(r"^ {0,3}\[(?!\^)[^\[\]\n]{1,200}\]:[ \t]*\S+(?:[ \t]+[\"'(].*)?$\n?", re.MULTILINE)
LINK = re.compile(
    r"!?\[([^\[\]]*)\](?:\([^()\n]{0,2000}(?:\([^()\n]{0,200}\)[^()\n]{0,200})?\)|\[[^\[\]\n]{0,200}\])"
)
FOOTNOTE = re.compile(r"^( {0,3})\[\^[^\[\]\s]{1,60}\]:[ \t]*", re.MULTILINE)
REFERENCE = re.compile(r"\[(?:\^|@)[^\[\]\n]{1,200}\]")
ADDRESS = re.compile(r"<(?:https?|mailto):[^<>\s]{1,2000}>")
EMPHASIS = (
    re.compile(
        r"(?<![\w*\\])\*{1,3}(?=\S)([^*\n]{0,1000}(?:\n(?!\n)[^*\n]{0,1000}){0,3})(?<=\S)\*{1,3}(?![\w*])"
    ),
    re.compile(r"(?<![\w_\\])_{1,3}(?=\S)([^_\n]{0,1000})(?<=\S)_{1,3}(?![\w_])"),
)
CODE = re.compile(r"(?<!`)`{1,2}(?!`)([^`\n]{1,500})`{1,2}(?!`)")
LIST_OR_QUOTE = re.compile(
    r"^[ \t]{0,12}(?:>[ \t]?)+|^[ \t]{0,12}(?:[-*+][ \t]+(?:\[[ xX]\][ \t]+)?)(?=\S)", re.MULTILINE
)
ESCAPED = re.compile(r"\\([\\`*_{}\[\]()#+.!|<>~-])")


def read_markdown(source: Input, reading: Reading) -> Iterator[Document]:
    """Read a Markdown file as one document without its markup."""
    chunks = _without_front_matter(decode_input(source, reading))
    yield from make_documents(chunks, source.name, reading, lambda text: clean(strip_markdown(text)))


def _without_front_matter(chunks: Iterator[str]) -> Iterator[str]:
    """Leave out the block of settings that a file may begin with."""
    first = next(chunks, "")
    found = FRONT_MATTER.match(first)
    yield first[found.end() :] if found else first
    yield from chunks


def strip_markdown(text: str) -> str:
    """Remove the markup of Markdown: marks, comments, table rules, fences, and the addresses of links."""
    text = without_between(text, "<!--", "-->", MAX_COMMENT)
    text = TABLE_RULE.sub("", FENCE_OR_RULE.sub("", text))
    text = TABLE_ROW.sub(lambda found: " ".join(found[1].replace("|", " ").split()), text)
    # Stripped separately: matching the closing # here takes quadratic time on a line of # and spaces.
    text = HEADING.sub(lambda found: found[1].rstrip(" \t#"), text)
    text = LINK.sub(r"\1", DEFINITION.sub("", text))
    text = REFERENCE.sub("", FOOTNOTE.sub(r"\1", text))
    text = LIST_OR_QUOTE.sub("", TAG.sub("", ADDRESS.sub("", text)))
    for pattern in EMPHASIS:
        text = pattern.sub(r"\1", text)
    text = CODE.sub(r"\1", text).replace("**", "")
    return ESCAPED.sub(r"\1", text)


FORMAT = Format("Markdown", "a Markdown file", (".md", ".markdown"), None, read_markdown)
