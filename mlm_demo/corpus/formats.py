"""The registry of file formats, and the reading of files by it.

To add a format, write a module in `readers/` that defines a `Format`, and add it to `FORMATS`. Refusals, help texts and
the page list the formats from here.
"""

import os
from collections.abc import Iterator
from pathlib import Path

from mlm_demo.corpus.documents import Document, Dropped, Findings, Format, Reading, ReadLimits
from mlm_demo.corpus.encoding import why_not_text
from mlm_demo.corpus.input import (
    Budget,
    Input,
    broken_file,
    compression,
    decompressed,
    ending,
    named_compression,
    opened,
)
from mlm_demo.corpus.readers import (
    csv,
    docx,
    epub,
    html,
    json,
    markdown,
    odt,
    parquet,
    pdf,
    references,
    rtf,
    subtitles,
    tar,
    tex,
    text,
    xlsx,
    xml,
)
from mlm_demo.corpus.readers import zip as zips
from mlm_demo.corpus.text import CONTROL
from mlm_demo.errors import CorpusError, ReadingError, shown

# The first format that recognizes a file reads it, so zip comes after the formats that are zips.
FORMATS = (
    text.TEXT,
    markdown.FORMAT,
    csv.FORMAT,
    json.JSON_LINES,
    json.JSON,
    parquet.FORMAT,
    xlsx.FORMAT,
    html.FORMAT,
    xml.FORMAT,
    pdf.FORMAT,
    docx.FORMAT,
    odt.FORMAT,
    rtf.FORMAT,
    epub.FORMAT,
    tex.FORMAT,
    references.MEDLINE,
    references.RIS,
    references.ENDNOTE,
    references.BIBTEX,
    references.PUBTATOR,
    references.PUBMED_TEXT,
    subtitles.FORMAT,
    zips.FORMAT,
    tar.FORMAT,
)
# Formats that are refused by name, so that the error can say what to do. First: members that a zip of the format has.
REFUSED_ZIPS = (
    ({"ppt/presentation.xml"}, "a PowerPoint presentation; save it as .pdf"),
    ({"mimetype"}, "a file of another program; save it as .docx or .txt"),
)
# The same, by the first bytes.
REFUSED_MAGIC = {
    b"\x89PNG": "a PNG image",
    b"\xff\xd8\xff": "a JPEG image",
    b"GIF8": "a GIF image",
    b"II*\0": "a TIFF image",
    b"MM\0*": "a TIFF image",
    b"RIFF": "a WAV, AVI or WebP file",
    b"ID3": "an MP3 file",
    b"OggS": "an Ogg file",
    b"\x7fELF": "a program",
    b"MZ": "a program",
    b"\xcf\xfa\xed\xfe": "a program",
    b"\xca\xfe\xba\xbe": "a program",
    b"SQLite format 3\0": "an SQLite database",
    b"7z\xbc\xaf\x27\x1c": "a 7z archive; pack it as .zip",
    b"Rar!": "a RAR archive; pack it as .zip",
    b"\x28\xb5\x2f\xfd": "a zstd file; pack it as .gz",
}
# Old Office files, and new ones with a password: the names of their streams tell which.
OLE_MAGIC, MAX_OLE = b"\xd0\xcf\x11\xe0", 50_000_000
OLE_STREAMS = {
    "EncryptedPackage": "is protected by a password; save it without one.",
    "WordDocument": "is an old Word file; save it as .docx.",
    "Workbook": "is an old Excel file; save it as .csv.",
    "PowerPoint Document": "is an old PowerPoint file; save it as .pdf.",
}
# Text that holds no sentences; files of other unknown endings are read as text.
CODE = {
    ".c", ".cpp", ".cs", ".css", ".go", ".h", ".java", ".js", ".php", ".pl", ".ps", ".py", ".r", ".rb", ".rs", ".sh",
    ".sql", ".svg", ".toml", ".ts",
}  # fmt: skip
ARCHIVES = (zips.FORMAT, tar.FORMAT)
PACKERS = {".gz": "a gzip", ".bz2": "a bzip2", ".xz": "an xz"}


def describe_formats() -> str:
    """Return a phrase that lists the formats, such as "text, CSV, PDF or zip, also compressed as .gz, .bz2 or .xz"."""
    *names, last = (known.name for known in FORMATS)
    return f"{', '.join(names)} or {last}, also compressed as .gz, .bz2 or .xz"


def read_documents(
    path: Path,
    *,
    name: str | None = None,
    column: str | None = None,
    limits: ReadLimits,
    notes: list[str],
    findings: Findings | None = None,
    keeps_cells: bool = False,
) -> Iterator[Document | Dropped]:
    """Read the documents of a file.

    name: how errors and documents name the file; by default, as `path` does.
    notes: receives a sentence for each thing that a person should know about how the file was read.
    findings: receives the tables and counts control characters.
    keeps_cells: whether a document keeps the other cells of its row.
    Raises CorpusError that names the file, a ReadingError if reading other files is no use either. Drops the unreadable
    files of a zip and rows of a table.
    """
    name = name or path.name
    budget = Budget(limits.max_bytes, limits.max_ratio, limits.max_members)
    if os.path.isdir(path):  # unlike Path.is_dir, it leaves a path that cannot be looked at to `opened`
        raise ReadingError(f"{shown(name)} is a folder; name the files in it, or pack it as .zip.")
    with opened(path, name) as file:
        yield from _read(
            Input(name, file, budget, seekable=True),
            Reading(column, limits, notes, _read_member, findings or Findings(), keeps_cells),
        )


def _read_member(source: Input, reading: Reading) -> Iterator[Document | Dropped]:
    """Read a file that came out of an archive; an archive in it is dropped."""
    return _read(source, reading, in_archive=True)


def _read(
    source: Input, reading: Reading, *, in_archive: bool = False, was_compressed: bool = False
) -> Iterator[Document | Dropped]:
    """Read a file by its format.

    in_archive: whether the file came out of an archive.
    was_compressed: whether it was compressed on its own.
    """
    if not source.head:
        raise CorpusError(f"{shown(source.name)} is empty; leave it out.")
    suffix = compression(source)
    found = None if suffix else _find_format(source, was_compressed=was_compressed)
    if (suffix and was_compressed) or (in_archive and found in ARCHIVES):
        yield Dropped(source.name, "an archive in an archive is not opened")
        return
    if suffix:
        if named_compression(source.name) != suffix and ending(source.name) not in tar.FORMAT.endings:
            reading.notes.append(f"{source.name} is {PACKERS[suffix]} file, and was read as one.")
        yield from _read(decompressed(source), reading, in_archive=in_archive, was_compressed=True)
        return
    if ending(source.name) not in found.endings:
        unknown = found is text.TEXT and not source.name.lower().endswith(text.TEXT.endings[:-1])
        how = (
            "has an unknown format, and was read as text"
            if unknown
            else f"is {found.phrase}, and was read as one"
        )
        reading.notes.append(f"{source.name} {how}.")
    empty = True
    for item in found.read(source, reading):
        empty = False
        yield item
    if empty:
        raise CorpusError(f"{shown(source.name)} holds no text, only white space or marks; leave it out.")


def _find_format(source: Input, *, was_compressed: bool) -> Format:
    """Return the format of a file, by its content first and then by its ending; raise CorpusError if it has none."""
    for known in FORMATS:
        if known.binary and known.sniff(source):
            if known is zips.FORMAT:
                _refuse_other_zips(source)
            return known
    if source.head.startswith(OLE_MAGIC):
        raise CorpusError(f"{shown(source.name)} {_about_ole(source)}")
    codec, bom = source.encoding
    if len(source.head) == bom:
        raise CorpusError(f"{shown(source.name)} holds nothing but a byte order mark; leave it out.")
    suffix = ending(source.name)
    named = next((known for known in FORMATS if suffix in known.endings), None)
    packer = None if was_compressed else named_compression(source.name)
    if (named and named.binary) or packer:
        kind = packer or suffix
        raise broken_file(source.name, f"{kind} file", ValueError("it does not begin like one"))
    why = _binary(source.head) or why_not_text(source.head, codec)
    if why:
        raise CorpusError(f"{shown(source.name)} is not text ({why}); give one of {describe_formats()}.")
    for known in FORMATS:
        if not known.binary and known.sniff and known.sniff(source):
            return known
    if named is None and suffix not in CODE and not source.start.startswith("<"):  # unknown markup
        named = json.JSON if source.start.startswith("{") else text.TEXT
    if named is text.TEXT and json.begins_as_json(source):
        return json.JSON
    if named is None:
        raise CorpusError(
            f"{shown(source.name)} has an unknown format ({suffix}); give one of {describe_formats()}."
        )
    return named


def _about_ole(source: Input) -> str:
    """Return what a file in the container of old Office programs is, and what to do."""
    try:
        found = source.read_all(MAX_OLE)
    except CorpusError:
        found = source.head
    for stream, description in OLE_STREAMS.items():
        if stream.encode("utf-16-le") in found:
            return description
    return (
        "is an old Office file, such as .doc, or has a password; save it as .docx, .csv or .pdf without one."
    )


def _refuse_other_zips(source: Input) -> None:
    """Raise CorpusError for a zip that is a document of another program."""
    names = zips.names_in_zip(source)
    for members, description in REFUSED_ZIPS:
        if members <= names:
            raise CorpusError(f"{shown(source.name)} is {description}.")


def _binary(head: bytes) -> str | None:
    """Return a phrase for a file that is recognized as another format, or None."""
    # Text may begin with the letters of a magic number, but has no control characters.
    if not CONTROL.search(head.decode("latin-1").replace("\x85", "")):
        return None
    return next(
        (f"it looks like {kind}" for magic, kind in REFUSED_MAGIC.items() if head.startswith(magic)), None
    )
