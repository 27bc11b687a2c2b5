"""Split a text into sentences.

The rules are for English papers: abbreviations, initials, species, citations, headings, list items and lines that a
program wrapped. Sentence ends of other scripts count too. The time is linear in the length of the text.
"""

import re
from collections.abc import Iterator
from itertools import pairwise
from typing import NamedTuple

LONGEST = 1_000  # characters; longer ones, such as tables, are cut at white space
WIDEST_WRAPPED = 160  # characters; a longer line is a whole paragraph, which no program wrapped
FULL_LINE = 0.8  # of the width of the block: a shorter line was ended on purpose
LONGEST_TOKEN = 40  # characters before a full stop that are looked at

LINE = re.compile(r"[^\n\v\f\r\x1c-\x1e\x85\u2028\u2029]+|[\n\v\f\r\x1c-\x1e\x85\u2028\u2029]")
LIST_ITEM = re.compile(r"(?:[-*•·‣▪◦–]|\(?\d{1,3}[.)]|\(?[a-z]\)|#{1,6}|\|)\s")
HEADING = re.compile(r"#{1,6}\s")
OPENING, CLOSING = "\"'“‘«([{¿¡*_", "\"'”’»)\\]}*_"
CITATION = r"(?:\[[\d,;–\- ]{1,30}\])?"
# First: a sign that ends sentences of scripts without spaces. Second: one before white space, maybe with a citation.
# Third: one without the space that should follow it, as in "was low.The patients".
END = re.compile(
    rf"(?P<wide>[。！？｡．।॥۔؟።။།។]+)(?P<wide_close>[」』”’）】》〉)\"']*)"
    rf"|(?<![.!?…])(?P<stop>[.!?…]++)"  # only at the first of several: else their number would be squared
    rf"(?P<close>[{CLOSING}]*+{CITATION}|\d{{1,3}}(?:[,–-]\d{{1,3}}){{0,5}})(?P<space>\s++)"
    r"|(?<=[a-z]{3})[.!?](?=[A-Z][a-z ])"
)
SPACE = re.compile(r"\s*")
HIRAGANA = re.compile("[\u3041-\u309f]")
WORD = re.compile(r"[\w'’-]+")

# Abbreviations that never end a sentence, in the case that is theirs: "Ms." but "50 ms."
NEVER_LAST = {
    "Dr", "Drs", "Mr", "Mrs", "Ms", "Prof", "St", "Mt", "Rev", "Lt", "Gen", "Gov", "Sen", "Col", "Capt", "e.g", "i.e",
    "E.g", "I.e", "eg", "ie", "cf", "Cf", "vs", "viz", "approx", "ca", "Fig", "Figs", "fig", "figs", "Eq", "Eqs", "eq",
    "eqs", "www",
}  # fmt: skip
# Abbreviations that do not end a sentence before a number.
BEFORE_NUMBER = {
    "no", "nos", "nr", "vol", "p", "pp", "art", "ch", "chap", "sec", "sect", "suppl", "ref", "refs", "ed", "jan",
    "feb", "mar", "apr", "jun", "jul", "aug", "sep", "sept", "oct", "nov", "dec",
}  # fmt: skip
# Abbreviations that end a sentence only before a word that often begins one.
SELDOM_LAST = {"al", "inc", "ltd", "co", "corp", "jr", "sr", "bros", "univ", "dept"}
STARTERS = {
    "a", "after", "all", "although", "among", "an", "and", "as", "at", "background", "because", "before", "both",
    "but", "by", "conclusion", "conclusions", "data", "during", "each", "finally", "for", "from", "furthermore", "he",
    "hence", "here", "how", "however", "if", "in", "it", "its", "methods", "moreover", "no", "objective", "of", "on",
    "one", "our", "overall", "patients", "results", "she", "since", "some", "such", "that", "the", "their", "then",
    "there", "therefore", "these", "they", "this", "those", "three", "thus", "to", "two", "we", "what", "when",
    "where", "while", "with",
}  # fmt: skip
# Before a single letter that is no initial, as in "vitamin D."
BEFORE_LETTER = {
    "vitamin", "hepatitis", "type", "group", "class", "grade", "stage", "phase", "arm", "factor", "influenza",
    "cohort", "panel", "part", "table", "figure", "appendix", "immunoglobulin", "protein", "apolipoprotein",
}  # fmt: skip
SINGLE_LETTERS = re.compile(r"[^\W\d_](?:\.[^\W\d_]{1,2})+")  # U.S, i.v, Ph.D
NUMBERING = re.compile(r"\(?(?:\d{1,3}(?:\.\d{1,3})*|[IVX]{1,5}|[A-Za-z])")  # of a heading or a list item


class Sentence(NamedTuple):
    """Where a sentence stands: `text[start:end]`, without white space around it."""

    start: int
    end: int


def split_sentences(text: str) -> list[Sentence]:
    """Return the sentences of a text in their order; together they hold every character that is not white space.

    A paragraph, a heading and a list item end a sentence too. None is longer than LONGEST characters.

    "It rose (p = .05). E. coli grew." → [(0, 18), (19, 32)]
    """
    return [
        piece
        for start, end in _blocks(text)
        for sentence in _sentences_in(text, start, end)
        for piece in _bounded(text, *sentence)
    ]


def _blocks(text: str) -> Iterator[tuple[int, int]]:
    """Yield the parts of a text that a line break ends, wrapped lines joined."""
    lines: list[tuple[int, int]] = []
    breaks = 0
    for found in LINE.finditer(text):
        start, end = found.span()
        if end - start == 1 and text[start].isspace():
            second_half = text[start] == "\n" and start > 0 and text[start - 1] == "\r"
            breaks += 2 if text[start] in "\f\u2029" else not second_half
            continue
        line = text[start:end]
        if not (stripped := line.strip()):
            continue
        if breaks > 1 and lines:
            yield from _joined(text, lines)
            lines = []
        start += len(line) - len(line.lstrip())
        lines.append((start, start + len(stripped)))
        breaks = 0
    if lines:
        yield from _joined(text, lines)


def _joined(text: str, lines: list[tuple[int, int]]) -> Iterator[tuple[int, int]]:
    """Yield lines without an empty one between them, joined where a program wrapped a paragraph."""
    widest = max(end - start for start, end in lines)
    begin = lines[0][0]
    for (before, last), (start, end) in pairwise(lines):
        if not _goes_on(text[before:last], text[start : min(end, start + LONGEST_TOKEN)], widest):
            yield begin, last
            begin = start
    yield begin, lines[-1][1]


def _goes_on(line: str, following: str, widest: int) -> bool:
    """Return whether a paragraph goes on after a line.

    following: the beginning of the next line; widest: the length of the longest line around.
    """
    if LIST_ITEM.match(following) or HEADING.match(line) or len(line) > WIDEST_WRAPPED:
        return False
    if following[0].islower():
        return True
    first_word = len(following.split(None, 1)[0])
    return widest <= WIDEST_WRAPPED and len(line) + 1 + first_word >= FULL_LINE * widest


def _sentences_in(text: str, start: int, end: int) -> Iterator[tuple[int, int]]:
    for found in END.finditer(text, start, end):
        if found["wide"]:
            stop, after = found.end(), found.end()
            if after == end or (found["wide_close"] and HIRAGANA.match(text, after)):
                continue  # a quote that the sentence goes on after: 「…。」と言った
        elif found["stop"]:
            stop, after = found.start("space"), found.end()
            if after >= end or not _ends_sentence(text, start, found, end):
                continue
        else:
            stop = after = found.end()
            if text[max(start, found.start() - 3) : found.start()] == "www":
                continue
        yield start, stop
        start = SPACE.match(text, after, end).end()
    if start < end:
        yield start, end


def _ends_sentence(text: str, start: int, found: re.Match, end: int) -> bool:
    """Return whether a full stop, or another sign before white space, ends the sentence that begins at `start`."""
    after = text[found.end() : min(end, found.end() + LONGEST_TOKEN)].lstrip(OPENING)
    if not after or not (after[0].isalnum() or after[0] in "<>≥≤±~#$€£§−-"):
        return False
    word = WORD.match(after)
    word = word[0] if word else after[0]
    # A gene or a measure may begin a sentence with a small letter: p53, mRNA, pH, α-synuclein.
    if (
        after[0].islower()
        and not re.match("[α-ω]-", word)
        and not any(c.isupper() or c.isdigit() for c in word)
    ):
        return False
    if found["stop"] != ".":
        return True
    before = text[max(start, found.start() - LONGEST_TOKEN) : found.start()]
    if not before or before[-1].isspace():  # a space before each sign, or the dots of a table of contents
        return before.rstrip()[-1:] not in (".", "")
    previous, token = ["", *before.split()][-2:]
    if found["close"][:1].isdigit():  # a citation as a number: "was low.12 We"
        return token[-1].islower() and len(token) > 2 and word[0].isupper()
    if NUMBERING.fullmatch(token) and found.start() - len(token) == start:
        return False
    return _may_be_last(token.lstrip(OPENING), previous, word)


def _may_be_last(token: str, previous: str, following: str) -> bool:
    """Return whether a word may be the last of a sentence, or its full stop is that of an abbreviation."""
    lower, starts = token.lower(), following.lower() in STARTERS
    if token in NEVER_LAST:
        return False
    if lower in BEFORE_NUMBER and following[0].isdigit():
        return False
    if lower in SELDOM_LAST or SINGLE_LETTERS.fullmatch(token):
        return starts
    if len(token) == 1 and token.isalpha():
        return starts or (token.isupper() and previous.lower().strip(OPENING) in BEFORE_LETTER)
    return True


def _bounded(text: str, start: int, end: int) -> Iterator[Sentence]:
    """Cut a sentence at white space into pieces of at most LONGEST characters."""
    while end - start > LONGEST:
        piece = text[start : start + LONGEST + 1]
        if piece[-1].isspace():
            kept = piece.rstrip()
        elif len(kept := piece.rsplit(None, 1)[0]) > LONGEST:
            kept = piece[:LONGEST]  # there is no white space
        yield Sentence(start, start + len(kept))
        start = SPACE.match(text, start + len(kept), end).end()
    yield Sentence(start, end)
