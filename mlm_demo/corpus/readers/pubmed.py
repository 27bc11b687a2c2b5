"""Read PubMed records: title and abstract of an article or a book chapter are a document.

Deleted records and older versions of a record in the same file are left out. A set that was cut off, glued to another
one or damaged gives its good records.
"""

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING, BinaryIO

from mlm_demo.corpus.documents import Document, Dropped, Reading, make_documents
from mlm_demo.corpus.input import CHUNK, Input
from mlm_demo.corpus.readers.blocks import paragraphs, text_of
from mlm_demo.corpus.readers.elements import SAFELY, elements
from mlm_demo.errors import CorpusError

if TYPE_CHECKING:
    from lxml import etree

ARTICLE, BOOK = "MedlineCitation", "BookDocument"
RECORDS = (f"{{*}}{ARTICLE}", f"{{*}}{BOOK}")
AROUND = ("{*}PubmedArticle", "{*}PubmedBookArticle")  # listed so that they are emptied
BLOCKS = {"p", "list-item"}
TRUNCATED = re.compile(r"\s*\(ABSTRACT TRUNCATED(?: AT \d+ WORDS)?\)\s*$")
RECORD = re.compile(rb"<(?:\w+:)?(PubmedArticle|PubmedBookArticle|MedlineCitation)[\s>]")
NEWER = re.compile(rb'<PMID\s+Version="([2-9]|\d\d+)"\s*>\s*(\d+)')
DELETED = re.compile(rb"<Delete(?:Citation|Document)[\s>].*?(?:</Delete|\Z)", re.DOTALL)
NUMBER = re.compile(rb"<PMID[^>]*>\s*(\d+)")
OVERLAP = 200  # bytes of a chunk that are looked at again with the next one
MAX_RECORD = 20_000_000  # bytes
HEADER = b'<!DOCTYPE r SYSTEM "r">'  # so that an entity of the set's DTD is no error


def read(file: BinaryIO, source: Input, reading: Reading) -> Iterator[Document | Dropped]:
    """Read a set of PubMed records; raise CorpusError if not one of them can be read."""
    deleted, newest = _outdated(file)
    file.seek(0)
    count = 0
    try:
        for element in elements(file, (*RECORDS, *AROUND), source.name):
            if element.tag.endswith((ARTICLE, BOOK)):
                count += 1
                yield from _document(element, source, reading, deleted, newest)
    except CorpusError as error:
        file.seek(0)
        rest = list(_whole_records(file, count))
        if not count and not any(not isinstance(record, int) for record in rest):
            raise
        damaged = [record for record in rest if isinstance(record, int)]
        for element in rest:
            if not isinstance(element, int):
                yield from _document(element, source, reading, deleted, newest)
        numbers = ", ".join(map(str, damaged[:10])) + (" and more" if len(damaged) > 10 else "")
        if damaged:
            yield Dropped(f"{source.name}, record {numbers}", f"it is cut off or damaged ({error})")


def _document(
    element: "etree._Element", source: Input, reading: Reading, deleted: set[str], newest: dict[str, int]
) -> Iterator[Document]:
    """Make the document of a record, none if a newer version is in the file or the record was deleted."""
    number, version = element.findtext("{*}PMID") or "", element.find("{*}PMID")
    version = int(version.get("Version") or 1) if version is not None and number else 1
    if number in deleted or version < newest.get(number, 1):
        return
    inside = "" if element.tag.endswith(BOOK) else "{*}Article/"
    title = element.find(f"{inside}{{*}}ArticleTitle")
    if title is None:
        title = element.find("{*}Book/{*}BookTitle")
    texts = [text_of(title)]
    for part in element.iterfind(f"{inside}{{*}}Abstract/{{*}}AbstractText"):
        texts += paragraphs(part, BLOCKS)
    texts[-1] = TRUNCATED.sub("", texts[-1])
    where = source.name + (f", PMID {number}" if number else "")
    yield from make_documents(
        ["\n\n".join(text for text in texts if text != "[Not Available].")], where, reading
    )


def _outdated(file: BinaryIO) -> tuple[set[str], dict[str, int]]:
    """Return the numbers of deleted records, and the newest version of each record that has several."""
    deleted: set[str] = set()
    newest: dict[str, int] = {}
    rest = b""
    while chunk := file.read(CHUNK):
        data = rest + chunk
        for version, number in NEWER.findall(data):
            key = number.decode()
            newest[key] = max(newest.get(key, 1), int(version[:6]))
        for block in DELETED.finditer(data):
            deleted |= {number.decode() for number in NUMBER.findall(block[0])}
        # A list of deleted records may go on in the next chunk, and so may a number.
        inside = data.rfind(b"<Delete") > data.rfind(b"</Delete")
        rest = b"<DeleteCitation>" * inside + data[-OVERLAP:]
    return deleted, newest


def _whole_records(file: BinaryIO, skip: int) -> Iterator["etree._Element | int"]:
    """Yield the records of a damaged set after the first ones, or the number of a record that cannot be read."""
    from lxml import etree

    count = 0
    for data in _pieces(file):
        count += 1
        if count <= skip:
            continue
        try:
            root = etree.fromstring(HEADER + data, etree.XMLParser(**SAFELY))
        except etree.XMLSyntaxError:
            yield count
            continue
        found = [root] if root.tag.endswith((ARTICLE, BOOK)) else root.iterfind("{*}*")
        yield from (element for element in found if element.tag.endswith((ARTICLE, BOOK)))


def _pieces(file: BinaryIO) -> Iterator[bytes]:
    """Cut a set before each record; a piece ends where its record does, or where the next one begins."""
    buffer, ended = b"", False
    while not ended:
        chunk = file.read(CHUNK)
        ended = not chunk
        buffer += chunk
        found = list(RECORD.finditer(buffer))
        # A citation inside an article is not a record of its own.
        whole = [record for record in found if record[1] != ARTICLE.encode()]
        starts = [record.start() for record in whole or found]
        for start, end in zip(starts, [*starts[1:], len(buffer) if ended else None], strict=False):
            if end is not None:
                yield _ended(buffer[start:end])
        buffer = buffer[starts[-1] if starts else -OVERLAP :]
        if len(buffer) > MAX_RECORD:
            buffer = b""


def _ended(data: bytes) -> bytes:
    """Return a record without what follows it."""
    name = RECORD.match(data)[1]
    end = data.rfind(b"</" + name + b">")
    return data if end < 0 else data[: end + len(name) + 3]
