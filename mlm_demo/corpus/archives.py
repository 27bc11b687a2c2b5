"""What has to be unpacked before there is text: gzip, zip and PDF.

Files come from strangers: what they expand to is counted while it is read, and nothing is written under a name
of theirs.
"""

import gzip
import io
import re
import stat
import tempfile
import zipfile
from collections.abc import Callable, Iterator
from pathlib import PurePosixPath
from typing import BinaryIO

from mlm_demo.corpus.broken_files import BROKEN, broken, disk_failed
from mlm_demo.corpus.decoding import HEAD
from mlm_demo.errors import CorpusError, printable, shown

CHUNK = 1024 * 1024
BYTES_OF_AN_ENTRY = 500  # in a zip's list of members: 46, the name, and what systems add
RATIO_FROM = 10_000_000  # bytes expanded; less does no harm, however small it was
LOCKED = "is locked with a password; save it without one"
# What zip files of other purposes hold, by which they are told.
OFFICE = {
    "word/document.xml": "docx",
    "xl/workbook.xml": "an Excel workbook; save it as .csv",
    "ppt/presentation.xml": "a PowerPoint presentation; save it as .pdf",
    "mimetype": "an OpenDocument or EPUB file; save it as .docx or .txt",
}


class Budget:
    """How much may be expanded from one file, all its members together; `spent` tells that it was too much."""

    def __init__(self, max_bytes: int, max_ratio: float):
        self.max_bytes, self.max_ratio = max_bytes, max_ratio
        self.used, self.spent = 0, False

    def take(self, count: int, name: str) -> None:
        """Count bytes or characters; raises CorpusError when they are more than are allowed in all."""
        self.used += count
        if self.used > self.max_bytes:
            self.spent = True
            raise CorpusError(
                f"{shown(name)} holds more than {self.max_bytes:,} bytes when unpacked, the most that is read; "
                "split it."
            )

    def check_ratio(self, expanded: int, compressed: int, name: str) -> None:
        """Raise CorpusError when much comes out of little, as of a file made to fill a disk."""
        if expanded > RATIO_FROM and expanded > self.max_ratio * compressed:
            self.spent = True
            raise CorpusError(
                f"{shown(name)} expands to more than {self.max_ratio:g} times its size, as no text does; unpack it "
                "yourself if you trust it."
            )


class Input:
    """The bytes of a file or of a member of one, counted while they are read; `head` is their beginning.

    `compressed` tells the bytes read so far of what they are unpacked from.
    """

    def __init__(
        self,
        name: str,
        stream: BinaryIO,
        budget: Budget,
        compressed: Callable[[], int] | None = None,
        *,
        seekable: bool = False,
    ):
        # Names of members come from strangers too, and notes with them in end up in a terminal.
        self.name = printable(name)
        self.budget = budget
        self._stream, self._compressed, self._seekable = stream, compressed, seekable
        self._pending, self._expanded = b"", 0
        head = b""
        while len(head) < HEAD and (more := self.read(HEAD - len(head))):
            head += more
        self.head = self._pending = head

    def read(self, size: int = -1) -> bytes:
        """Read some bytes, at most `size`; raises CorpusError when they are broken or too many."""
        if self._pending:
            size = len(self._pending) if size < 0 else size
            found, self._pending = self._pending[:size], self._pending[size:]
            return found
        try:
            found = self._stream.read(size if size >= 0 else CHUNK)
        except BROKEN as error:
            raise broken(self.name, "compressed file" if self._compressed else "file", error) from error
        self._expanded += len(found)
        self.budget.take(len(found), self.name)
        if self._compressed:
            self.budget.check_ratio(self._expanded, self._compressed(), self.name)
        return found

    def chunks(self) -> Iterator[bytes]:
        """Read all, a megabyte at a time, the head first."""
        while chunk := self.read(len(self._pending) or CHUNK):
            yield chunk

    def whole(self, most: int) -> bytes:
        """Read all at once; raises CorpusError when it is more than `most` bytes."""
        data = io.BytesIO()
        for chunk in self.chunks():
            if data.write(chunk) and data.tell() > most:
                raise CorpusError(
                    f"{shown(self.name)} is larger than {most:,} bytes, the most that is read of a file of its kind; "
                    "split it, or save it as .jsonl."
                )
        return data.getvalue()

    def file(self) -> BinaryIO:
        """The same as a file in which one can go back: itself, or a copy that is gone when it is closed."""
        if self._seekable:
            self._stream.seek(0)
            return self._stream
        copy = tempfile.TemporaryFile()  # noqa: SIM115 - closed with the last who reads it
        for chunk in self.chunks():
            copy.write(chunk)
        copy.seek(0)
        self._stream, self._seekable = copy, True
        return copy


def gunzipped(source: Input) -> Input:
    """What a .gz file holds."""
    file = source.file()
    return Input(source.name, gzip.GzipFile(fileobj=file), source.budget, lambda: max(1, file.tell()))


class _ReadByPieces:
    """A file of which only so much is read at once: zipfile reads a zip's whole list of members, and makes an object
    of each of what may be millions, before one can count them."""

    def __init__(self, file: BinaryIO, most: int, refuse: Callable[[], CorpusError]):
        self._file, self._most, self._refuse = file, most, refuse

    def __getattr__(self, name: str):
        return getattr(self._file, name)

    def read(self, size: int = -1) -> bytes:
        if size > self._most:
            raise self._refuse()
        return self._file.read(size)


def zip_kind(source: Input, max_members: int) -> str:
    """Tell a Word file ("docx") and a plain "zip" apart; raises CorpusError for other kinds of zip, or a broken one."""
    names = set(_open_zip(source, max_members).namelist())
    kind = next((kind for name, kind in OFFICE.items() if name in names), "zip")
    if kind not in ("docx", "zip"):
        raise CorpusError(f"{shown(source.name)} is {kind}.")
    return kind


def zip_members(source: Input, max_members: int) -> Iterator[tuple[str, Input | str]]:
    """The files in a zip, each with its shown name, or with the reason why it is left out."""
    archive = _open_zip(source, max_members)
    infos = [info for info in archive.infolist() if not info.filename.endswith("/")]
    if len(infos) > max_members:
        raise _too_many(source.name, f"{len(infos):,} files", max_members)
    for info in infos:
        name, parts = f"{source.name}/{info.filename}", re.split(r"[/\\]", info.filename)
        if not info.filename:
            yield name, "it has no name"
        elif ".." in parts or not parts[0] or parts[0].endswith(":"):
            yield name, "its name leads out of the archive"
        elif "__MACOSX" in parts or any(part.startswith(".") for part in parts):
            continue
        elif stat.S_ISLNK(info.external_attr >> 16):
            yield name, "it is a symbolic link"
        elif info.flag_bits & 1:
            yield name, "it is locked with a password"
        else:
            try:
                stream = archive.open(info)
                yield name, Input(name, stream, source.budget, lambda info=info: max(1, info.compress_size))
            except (*BROKEN, CorpusError) as error:
                if disk_failed(error):
                    raise broken(name, "file", error.__cause__ or error) from error
                if source.budget.spent:
                    raise
                yield name, f"it is broken ({error})"


def _too_many(name: str, what: str, max_members: int) -> CorpusError:
    return CorpusError(f"{shown(name)} holds {what}; {max_members:,} are the most that are read. Split it.")


def _open_zip(source: Input, max_members: int) -> zipfile.ZipFile:
    most = max(2 * CHUNK, max_members * BYTES_OF_AN_ENTRY)
    file = _ReadByPieces(source.file(), most, lambda: _too_many(source.name, "too many files", max_members))
    try:
        return zipfile.ZipFile(file)
    except BROKEN as error:
        raise broken(source.name, "zip file", error) from error


def pdf_pages(source: Input) -> Iterator[str | None]:
    """The text of each page of a PDF, words that a line's end divides joined; None of a page that is broken."""
    import pypdf  # here: it takes a while, and few corpora hold PDFs

    file = source.file()
    packed, expanded = max(1, file.seek(0, io.SEEK_END)), 0
    # On a file that is broken on purpose pypdf may raise anything.
    try:
        reader = pypdf.PdfReader(file)
        locked = reader.is_encrypted and not reader.decrypt("")
        count = 0 if locked else len(reader.pages)
    except pypdf.errors.DependencyError:
        locked = True
    except Exception as error:
        raise broken(source.name, "PDF", error) from error
    if locked:
        raise CorpusError(f"{shown(source.name)} {LOCKED}.")
    for number in range(count):
        # What a page draws is counted before it is gone through: pages can share one that is long and says nothing.
        try:
            page = reader.pages[number]
            drawn = page.get_contents()
            drawn = len(drawn.get_data()) if drawn is not None else 0
        except Exception as error:
            page, drawn = None, 0
            if disk_failed(error):
                raise broken(source.name, "PDF", error) from error
        expanded += drawn
        source.budget.take(drawn, source.name)
        source.budget.check_ratio(expanded, packed, source.name)
        try:
            text = page.extract_text() if page is not None else None
        except Exception:
            text = None
        source.budget.take(len(text or ""), source.name)
        yield text and re.sub(r"(?<=[^\W\d_])[-\xad\u2010][ \t]*\n[ \t]*(?=[^\W\d_A-Z])", "", text)


def inner_suffix(name: str) -> str:
    """The extension of a file, or of what a .gz file holds, in lower case."""
    path = PurePosixPath(name.replace("\\", "/"))
    return (PurePosixPath(path.stem) if path.suffix.lower() == ".gz" else path).suffix.lower()
