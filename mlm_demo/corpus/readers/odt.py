"""Read OpenDocument texts (.odt) as a stream: a file is one document.

A row of a table is one paragraph. Deleted text, notes and the index are left out.
"""

from collections.abc import Iterator
from typing import TYPE_CHECKING

from mlm_demo.corpus.documents import Document, Format, Reading, make_documents
from mlm_demo.corpus.input import BROKEN, Input, broken_file
from mlm_demo.corpus.readers.elements import SAFELY
from mlm_demo.corpus.readers.formula import formula_text
from mlm_demo.corpus.readers.scripts import superscript
from mlm_demo.corpus.readers.symbols import PRIVATE, symbol, without_ligatures
from mlm_demo.corpus.readers.zip import names_in_zip, open_member, open_zip
from mlm_demo.errors import CorpusError, shown

if TYPE_CHECKING:
    from lxml import etree

CONTENT, MIMETYPE = "content.xml", "mimetype"
OUT = {
    "note",
    "annotation",
    "tracked-changes",
    "table-of-content",
    "alphabetical-index",
    "placeholder",
    "hidden-text",
}
SPACES = {"s": " ", "tab": " ", "line-break": "\n"}
PARAGRAPHS = {"p", "h"}


def is_odt(source: Input) -> bool:
    """Return whether a file is a zip that holds the text of an OpenDocument file."""
    return {CONTENT, MIMETYPE} <= names_in_zip(source)


def read_odt(source: Input, reading: Reading) -> Iterator[Document]:
    """Read an OpenDocument text as one document; raise CorpusError for a spreadsheet or one with a password."""
    archive = open_zip(source)
    try:
        kind = (
            open_member(source, archive, archive.getinfo(MIMETYPE), source.name)
            .read(200)
            .decode("ascii", "ignore")
        )
        manifest = open_member(source, archive, archive.getinfo("META-INF/manifest.xml"), source.name).head
    except KeyError:
        manifest = b""
    except (*BROKEN, RuntimeError) as error:
        raise broken_file(source.name, "OpenDocument file", error) from error
    if "spreadsheet" in kind:
        raise CorpusError(f"{shown(source.name)} is an OpenDocument spreadsheet; save it as .csv.")
    if b"encryption-data" in manifest:
        raise CorpusError(f"{shown(source.name)} is protected by a password; save it without one.")
    try:
        content = open_member(source, archive, archive.getinfo(CONTENT), source.name)
    except (*BROKEN, RuntimeError) as error:
        raise broken_file(source.name, "OpenDocument file", error) from error
    yield from make_documents((f"{text}\n\n" for text in _blocks(content)), source.name, reading)


def _blocks(content: Input) -> Iterator[str]:
    """Yield the paragraphs and the rows of tables; empty what was read."""
    from lxml import etree

    raised: set[str] = set()
    try:
        for _, element in etree.iterparse(content, events=("end",), **SAFELY):
            if not isinstance(element.tag, str):
                continue
            name = _name(element)
            if name == "style":
                _note_style(element, raised)
            if name not in PARAGRAPHS and name != "table-row":
                continue
            if next(element.iterancestors("{*}table-row"), None) is not None or _left_out(element):
                continue
            if name == "table-row":
                cells = (_cell(cell, raised) for cell in element.iterfind("{*}table-cell"))
                yield " ".join(filter(None, cells))
            else:
                yield _text(element, raised)
            element.clear()
            while (before := element.getprevious()) is not None and before.tag == element.tag:
                element.getparent().remove(before)
    except etree.XMLSyntaxError as error:
        raise broken_file(content.name, "OpenDocument file", error) from error


def _note_style(style: "etree._Element", raised: set[str]) -> None:
    """Remember the name of a style that raises its text."""
    for properties in style.iterfind("{*}text-properties"):
        if any(key.endswith("}text-position") and not value.startswith(("-", "sub", "0%"))
               for key, value in properties.attrib.items()):  # fmt: skip
            raised.add(_value(style, "name"))


def _cell(cell: "etree._Element", raised: set[str]) -> str:
    texts = [_text(paragraph, raised) for paragraph in cell.iter("{*}p", "{*}h") if not _left_out(paragraph)]
    return " ".join(text.strip() for text in texts if text.strip())


def _text(paragraph: "etree._Element", raised: set[str]) -> str:
    parts: list[str] = []
    _add(paragraph, parts, raised)
    text = PRIVATE.sub(lambda found: symbol(ord(found[0])), "".join(parts))
    return without_ligatures(text)


def _add(element: "etree._Element", parts: list[str], raised: set[str]) -> None:
    parts.append(" ".join(_words(element.text)))
    for child in element:
        if isinstance(child.tag, str) and _name(child) not in OUT:
            name = _name(child)
            if name in SPACES:
                parts.append(SPACES[name])
            elif name == "math":
                parts.append(formula_text(child))
            elif name == "span" and _value(child, "style-name") in raised:
                inner: list[str] = []
                _add(child, inner, raised)
                parts.append(superscript("".join(parts[-4:])[-40:], "".join(inner)))
            elif name not in PARAGRAPHS:
                _add(child, parts, raised)
        parts.append(" ".join(_words(child.tail)))


def _words(text: str | None) -> list[str]:
    """Split at white space, which counts once; keep that at both ends."""
    words = (text or "").split()
    if words and text[0].isspace():
        words[0] = f" {words[0]}"
    if words and text[-1].isspace():
        words[-1] += " "
    return words or ([" "] if text else [])


def _left_out(element: "etree._Element") -> bool:
    return any(_name(above) in OUT for above in element.iterancestors())


def _name(element: "etree._Element") -> str:
    return element.tag.rpartition("}")[2]


def _value(element: "etree._Element", name: str) -> str:
    return next((value for key, value in element.attrib.items() if key.rpartition("}")[2] == name), "")


FORMAT = Format(
    "OpenDocument (.odt)", "an OpenDocument text", (".odt", ".ott"), is_odt, read_odt, binary=True
)
