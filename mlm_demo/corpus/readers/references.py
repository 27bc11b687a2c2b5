"""Read what libraries of references export: MEDLINE (.nbib), RIS, EndNote, BibTeX, PubTator and PubMed's text.

The title and abstract of a reference are a document.
"""

import itertools
import re
from collections.abc import Iterable, Iterator

from mlm_demo.corpus.documents import Document, Format, Reading, decode_input, make_documents
from mlm_demo.corpus.input import Input
from mlm_demo.corpus.readers.tex import plain_text
from mlm_demo.corpus.text import lines

MAX_LINE = 10_000_000  # characters
SNIFFED = 64 * 1024  # bytes
MEDLINE_TAG = re.compile(r"([A-Z]{2,4}) {0,2}- (.*)")
RIS_TAG = re.compile(r"([A-Z][A-Z0-9])  -(?: (.*))?$")
ENDNOTE_TAG = re.compile(r"(%[0-9A-Z@]) (.*)")
TITLES = ("TI", "T1", "%T", "BTI")  # the first that a reference has counts
ABSTRACTS = ("AB", "N2", "%X")
NUMBERS = ("PMID", "AN", "ID", "%M")
STARTS = {"PMID", "TY", "%0"}  # tags that begin a reference
PUBTATOR_LINE = re.compile(r"(\d{1,12})\|([ta])\|(.*)")
NUMBERED = re.compile(r"(\d{1,6})\. \S")
RECORD_END = re.compile(r"^(?:PMID|DOI|PMCID): ?\S", re.MULTILINE)
# Paragraphs of PubMed's text that are not the abstract.
ASIDE = re.compile(
    r"(?:Author information:|Comment (?:in|on)|Update (?:of|in)|Erratum (?:in|for)|Republished|Retraction|Copyright|©|"
    r"\(c\) |DOI:|PMC?ID:|PMID:|Conflict of interest|Collaborators:|Publisher:)",
    re.I,
)
AUTHOR = re.compile(r"[\w'’ -]{1,60} [A-Z]{1,4}(?: (?:Jr|Sr|2nd|3rd))?(?:\((?:[\d,]+|#)\))*")
BETWEEN_AUTHORS = re.compile(r"(?<=[^\d(]),\s+|;\s*")
ENTRY = re.compile(r"@\s*([A-Za-z]+)\s*[{(]\s*([^\s,{}]{0,200})\s*,")
JOINED = re.compile(r"\s*#\s*(?=[{\"])")  # of two parts of a value
FIELD = re.compile(r"[,\s](title|abstract)\s*=\s*", re.I)


def read_tagged(source: Input, reading: Reading) -> Iterator[Document]:
    """Read a MEDLINE, RIS or EndNote file."""
    found = lines(decode_input(source, reading), name=source.name, limit=MAX_LINE)
    for fields in _tagged(found, _field_start(source)):
        number = next((fields[tag] for tag in NUMBERS if fields.get(tag)), "")
        texts = [next((fields[tag] for tag in tags if fields.get(tag)), "") for tags in (TITLES, ABSTRACTS)]
        where = source.name + (f", {'PMID' if 'PMID' in fields else 'reference'} {number}" if number else "")
        yield from make_documents(["\n\n".join(filter(None, texts))], where, reading)


def _field_start(source: Input) -> re.Pattern[str]:
    """Return how a line begins a field; the tags of one kind are words in the texts of another."""
    if re.search(r"^pmid ?- ?\d", source.start, re.MULTILINE):
        return MEDLINE_TAG
    return ENDNOTE_TAG if re.search(r"^%0 ", source.start, re.MULTILINE) else RIS_TAG


def _tagged(found: Iterable[str], field_start: re.Pattern[str]) -> Iterator[dict[str, str]]:
    """Yield the fields of each reference; a field may go on on the lines after it."""
    fields: dict[str, str] = {}
    tag = None
    for line in found:
        line = line.rstrip()
        start = field_start.match(line)
        if start and (start[1] in STARTS or start[1] == "ER") and fields:
            yield fields
            fields = {}
        if start:
            tag = start[1] if start[1] not in fields else None  # the first of several
            if tag:
                fields[tag] = (start[2] or "").strip()
        elif tag and line and len(fields[tag]) < MAX_LINE:
            fields[tag] += " " + line.strip()
        elif not line and tag not in ABSTRACTS:
            tag = None
    if fields:
        yield fields


def is_medline(source: Input) -> bool:
    """Return whether a file begins as an export of MEDLINE."""
    return re.match(r"pmid ?- ?\d", source.start) is not None


def is_ris(source: Input) -> bool:
    """Return whether a file begins as RIS."""
    return source.start.startswith("ty  - ")


def is_endnote(source: Input) -> bool:
    """Return whether a file begins as an export of EndNote."""
    return source.start.startswith("%0 ")


def is_pubtator(source: Input) -> bool:
    """Return whether a file begins as PubTator, whose lines are such as "123|t|Title"."""
    return PUBTATOR_LINE.match(source.start) is not None


def read_pubtator(source: Input, reading: Reading) -> Iterator[Document]:
    """Read a PubTator file; its lines of annotations are left out."""
    texts: dict[str, str] = {}
    number = None
    found = map(PUBTATOR_LINE.match, lines(decode_input(source, reading), name=source.name, limit=MAX_LINE))
    for match in itertools.chain(found, [None]):
        if texts and (match is None or match[1] != number):
            where = f"{source.name}, PMID {number}"
            yield from make_documents(["\n\n".join(texts.values())], where, reading)
            texts = {}
        if match:
            number = match[1]
            texts.setdefault(match[2], match[3])


def is_pubmed_text(source: Input) -> bool:
    """Return whether a file begins as the abstracts that PubMed saves as text."""
    codec, bom = source.encoding
    return (
        source.start.startswith("1. ")
        and RECORD_END.search(source.head[bom:SNIFFED].decode(codec, "ignore").replace("\r", "")) is not None
    )


def read_pubmed_text(source: Input, reading: Reading) -> Iterator[Document]:
    """Read the title and abstract of each numbered record of PubMed's text."""
    record: list[list[str]] = []
    number = 1
    for block in _blocks(lines(decode_input(source, reading), name=source.name, limit=MAX_LINE)):
        start = NUMBERED.match(block[0])
        if start and int(start[1]) == number:
            yield from _record(record, source, reading, number - 1)
            record, number = [], number + 1
        record.append(block)
    yield from _record(record, source, reading, number - 1)


def _record(blocks: list[list[str]], source: Input, reading: Reading, number: int) -> Iterator[Document]:
    """Make the document of a record: its first paragraph is the journal, the second the title."""
    texts = [" ".join(block) for block in blocks[1:]]
    kept = [
        text
        for at, text in enumerate(texts)
        if not at or not (ASIDE.match(text) or (at < 4 and _are_authors(text)))
    ]
    yield from make_documents(["\n\n".join(kept)], f"{source.name}, record {number}", reading)


def _are_authors(text: str) -> bool:
    parts = BETWEEN_AUTHORS.split(text.rstrip(". "))
    return sum(AUTHOR.fullmatch(part) is not None for part in parts) > len(parts) / 2


def _blocks(found: Iterable[str]) -> Iterator[list[str]]:
    """Yield the lines between empty lines."""
    block: list[str] = []
    for line in found:
        if line.strip():
            block.append(line.strip())
        elif block:
            yield block
            block = []
    if block:
        yield block


def read_bibtex(source: Input, reading: Reading) -> Iterator[Document]:
    """Read the title and abstract of each entry of a BibTeX file."""
    entry: list[str] = []
    for line in lines(decode_input(source, reading), name=source.name, limit=MAX_LINE):
        if line.lstrip().startswith("@") and ENTRY.match(line.lstrip()):
            yield from _entry("".join(entry), source, reading)
            entry = []
        entry.append(line)
    yield from _entry("".join(entry), source, reading)


def _entry(text: str, source: Input, reading: Reading) -> Iterator[Document]:
    start = ENTRY.match(text.lstrip())
    if start is None or start[1].lower() in ("comment", "string", "preamble"):
        return
    fields: dict[str, str] = {}
    for found in FIELD.finditer(text):
        value = re.sub(r"(?<!\\)%", r"\\%", _value(text, found.end()))  # here % begins no remark
        fields.setdefault(found[1].lower(), " ".join(plain_text(value).split()))
    texts = [fields.get("title", ""), fields.get("abstract", "")]
    yield from make_documents(
        ["\n\n".join(filter(None, texts))], f"{source.name}, {start[2] or 'entry'}", reading
    )


def _value(text: str, at: int) -> str:
    """Return the value of a field: what # joins, each in braces, in quotes, or a word."""
    part, end = _part(text, at)
    parts = [part]
    while joined := JOINED.match(text, end):
        part, end = _part(text, joined.end())
        parts.append(part)
    return "".join(parts)


def _part(text: str, at: int) -> tuple[str, int]:
    """Return a part of a value, and where it ends."""
    depth, quoted = 0, text[at : at + 1] == '"'
    for found in re.compile(r'(?<!\\)[{}"]|,?\s*$').finditer(text, at):
        if found[0] == "{":
            depth += 1
        elif found[0] == "}":
            depth -= 1
            if not depth and not quoted:
                return text[at + 1 : found.start()], found.end()
        elif found[0] == '"' and not depth and found.start() > at:
            return text[at + 1 : found.start()], found.end()
    return text[at:].partition("\n")[0].strip(' ,"{}'), len(text)


MEDLINE = Format("MEDLINE (.nbib)", "a MEDLINE file", (".nbib", ".medline"), is_medline, read_tagged)
ENDNOTE = Format("EndNote (.enw)", "an EndNote file", (".enw",), is_endnote, read_tagged)
PUBTATOR = Format("PubTator", "a PubTator file", (".pubtator",), is_pubtator, read_pubtator)
RIS = Format("RIS", "a RIS file", (".ris",), is_ris, read_tagged)
BIBTEX = Format("BibTeX", "a BibTeX file", (".bib", ".bibtex"), None, read_bibtex)
PUBMED_TEXT = Format("PubMed's text", "a text from PubMed", (".pubmed",), is_pubmed_text, read_pubmed_text)
