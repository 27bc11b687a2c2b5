"""Read Word files (.docx) as a stream: a file is one document.

Inserted symbols become Unicode characters, moved text is read once, a row of a table is one paragraph, and foot- and
endnotes come last. Hidden text and the texts of empty fields are left out.
"""

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING

from mlm_demo.corpus.documents import Document, Format, Reading, make_documents
from mlm_demo.corpus.input import BROKEN, Input, broken_file
from mlm_demo.corpus.readers.elements import SAFELY
from mlm_demo.corpus.readers.formula import formula_text
from mlm_demo.corpus.readers.scripts import superscript
from mlm_demo.corpus.readers.symbols import PRIVATE, SYMBOL_FONTS, symbol, without_ligatures
from mlm_demo.corpus.readers.zip import names_in_zip, open_member, open_zip

if TYPE_CHECKING:
    from lxml import etree

BODY = "word/document.xml"
NOTES = ("word/footnotes.xml", "word/endnotes.xml")
MARKS = {"tab": " ", "ptab": " ", "br": "\n", "cr": "\n", "noBreakHyphen": "-", "softHyphen": ""}
# Fallback: the second copy of what older programs cannot draw. moveFrom, del: where text was before.
OUT = {"Fallback", "moveFrom", "del", "rt", "instrText", "delText", "pPr", "sdtPr"}
HIDDEN = {"vanish", "webHidden"}
CONTENTS = re.compile(r"TOC ?\d|TableofFigures", re.IGNORECASE)  # the styles of their lines
LONG_CELL = 200  # characters; a table with such cells is a layout, not rows of values


def is_docx(source: Input) -> bool:
    """Return whether a file is a zip that holds the body of a Word file; raise CorpusError if the zip is corrupt."""
    return BODY in names_in_zip(source)


def read_docx(source: Input, reading: Reading) -> Iterator[Document]:
    """Read a Word file as one document."""
    chunks = (f"{paragraph}\n\n" for paragraph in _paragraphs(source))
    yield from make_documents(chunks, source.name, reading)


def _paragraphs(source: Input) -> Iterator[str]:
    """Yield the paragraphs of a Word file in order, including those of tables, and its notes."""
    archive = open_zip(source)
    names = set(archive.namelist())
    for name in (BODY, *(name for name in NOTES if name in names)):
        try:
            member = open_member(source, archive, archive.getinfo(name), source.name)
        except (*BROKEN, RuntimeError) as error:
            raise broken_file(source.name, "Word file", error) from error
        yield from _blocks(member)


def _blocks(member: Input) -> Iterator[str]:
    """Yield the paragraphs and the rows of tables in a part of a Word file; empty what was read."""
    from lxml import etree

    try:
        for _, element in etree.iterparse(member, events=("end",), tag=("{*}p", "{*}tr"), **SAFELY):
            if not isinstance(element.tag, str) or _left_out(element):
                continue
            in_row = next(element.iterancestors("{*}tr"), None) is not None
            if _name(element) == "tr":
                if not in_row:
                    yield from _row(element)
                    _empty(element)
            elif not in_row and not _is_made_by_word(element):
                yield _text(element)
                _empty(element)
    except etree.XMLSyntaxError as error:
        raise broken_file(member.name, "Word file", error) from error


def _row(row: "etree._Element") -> Iterator[str]:
    """Yield the cells of a row as one paragraph, or apart if they are long."""
    cells = [
        [
            text
            for paragraph in cell.iter("{*}p")
            if not _left_out(paragraph) and (text := _text(paragraph)).strip()
        ]
        for cell in row.iter("{*}tc")
        if next(cell.iterancestors("{*}tc"), None) is None
    ]
    if any(len(cell) > 1 or sum(map(len, cell)) > LONG_CELL for cell in cells):
        yield from (text.strip() for cell in cells for text in cell)
    else:
        yield " ".join(text.strip() for cell in cells for text in cell)


def _text(paragraph: "etree._Element") -> str:
    """Return the text of a paragraph as a person sees it, without that of text boxes in it."""
    parts: list[str] = []
    _add(paragraph, parts)
    return without_ligatures("".join(parts))


def _add(element: "etree._Element", parts: list[str]) -> None:
    for child in element:
        if not isinstance(child.tag, str):
            continue
        name = _name(child)
        if name == "r":
            _add_run(child, parts)
        elif name == "oMath":
            parts.append(formula_text(child))
        elif name == "sdt" and child.find("{*}sdtPr/{*}showingPlcHdr") is not None:
            continue  # the prompt of a field that nobody filled in
        elif name not in OUT and name not in ("p", "tbl"):
            _add(child, parts)


def _add_run(run: "etree._Element", parts: list[str]) -> None:
    """Add the text of a run, whose format is the same throughout."""
    properties = {_name(p): p for p in run.iterfind("{*}rPr/{*}*") if isinstance(p.tag, str)}
    if any(name in properties and _value(properties[name]) not in ("0", "false") for name in HIDDEN):
        return
    if "rStyle" in properties and _value(properties["rStyle"]) == "PlaceholderText":
        return
    fonts = properties["rFonts"].attrib.values() if "rFonts" in properties else ()
    font = next((font for font in fonts if SYMBOL_FONTS.match(font)), "")
    found = []
    for child in run:
        if not isinstance(child.tag, str):
            continue
        name = _name(child)
        if name == "t":
            found.append(_unicode(child.text or "", font))
        elif name == "sym":
            code, named = _value(child, "char"), _value(child, "font")
            found.append(
                symbol(int(code, 16), named) if len(code) <= 4 and code.isalnum() and _is_hex(code) else ""
            )
        elif name in MARKS:
            found.append(MARKS[name])
        elif name not in OUT and name not in ("p", "rPr"):
            _add(child, found)  # a drawing or an embedded object
    text = "".join(found)
    if "vertAlign" in properties and _value(properties["vertAlign"]) == "superscript":
        text = superscript("".join(parts[-4:])[-40:], text)
    parts.append(text)


def _unicode(text: str, font: str) -> str:
    """Return the characters that a font of symbols draws for a text."""
    if font:
        return "".join(symbol(ord(c), font) if not c.isspace() else c for c in text)
    return PRIVATE.sub(lambda found: symbol(ord(found[0])), text)


def _is_hex(code: str) -> bool:
    return all(digit in "0123456789abcdefABCDEF" for digit in code)


def _left_out(element: "etree._Element") -> bool:
    """Return whether an element stands in a part that is not read."""
    return any(_name(above) in OUT for above in element.iterancestors()) or any(
        above.find("{*}sdtPr/{*}showingPlcHdr") is not None for above in element.iterancestors("{*}sdt")
    )


def _is_made_by_word(paragraph: "etree._Element") -> bool:
    """Return whether a paragraph is a line of a table of contents, or the rule above all notes."""
    style = paragraph.find("{*}pPr/{*}pStyle")
    notes = paragraph.iterancestors("{*}footnote", "{*}endnote")
    return (style is not None and CONTENTS.fullmatch(_value(style)) is not None) or any(
        _value(note, "type").lower().endswith("separator") for note in notes
    )


def _empty(element: "etree._Element") -> None:
    element.clear()
    while (before := element.getprevious()) is not None and before.tag == element.tag:
        element.getparent().remove(before)


def _name(element: "etree._Element") -> str:
    return element.tag.rpartition("}")[2]


def _value(element: "etree._Element", name: str = "val") -> str:
    """Return an attribute, whatever its namespace; "" if it is not there."""
    return next((value for key, value in element.attrib.items() if key.rpartition("}")[2] == name), "")


FORMAT = Format("Word (.docx)", "a Word file", (".docx", ".docm", ".dotx"), is_docx, read_docx, binary=True)
