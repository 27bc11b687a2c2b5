"""Read the files in a zip, and open the zips that other formats are."""

import re
import stat
import zipfile
from collections.abc import Callable, Iterator
from typing import BinaryIO

from mlm_demo.corpus.documents import Document, Dropped, Format, Reading, why_left_out
from mlm_demo.corpus.input import BROKEN, CHUNK, Budget, Input, broken_file, is_disk_error
from mlm_demo.corpus.text import CONTROL
from mlm_demo.errors import CorpusError, shown

MAGIC = (b"PK\3\4", b"PK\5\6")  # the second begins an empty zip
BYTES_PER_ENTRY = 500  # in the list of members: 46, the name, and extra fields of operating systems
WINDOWS_FILES = {"thumbs.db", "desktop.ini"}  # that Windows adds to a folder


class _BoundedReads:
    """A file that refuses long reads.

    zipfile reads the whole list of members at once and makes an object of each, maybe millions, before it returns.
    """

    def __init__(self, file: BinaryIO, limit: int, refuse: Callable[[], CorpusError]):
        self._file, self._limit, self._refuse = file, limit, refuse

    def __getattr__(self, name: str):
        return getattr(self._file, name)

    def read(self, size: int = -1) -> bytes:
        if size > self._limit:
            raise self._refuse()
        return self._file.read(size)


def is_zip(source: Input) -> bool:
    """Return whether a file begins as a zip."""
    return source.head.startswith(MAGIC)


def names_in_zip(source: Input) -> set[str]:
    """Return the names of the members of a zip, none for another file; raise CorpusError if the zip is corrupt."""
    return set(open_zip(source).namelist()) if is_zip(source) else set()


def open_zip(source: Input) -> zipfile.ZipFile:
    """Open a zip; raise CorpusError if it is corrupt or lists far too many members."""
    limit = max(2 * CHUNK, source.budget.max_members * BYTES_PER_ENTRY)
    file = _BoundedReads(source.file(), limit, lambda: _too_many(source, "too many files"))
    try:
        return zipfile.ZipFile(file)
    except BROKEN as error:
        raise broken_file(source.name, "zip file", error) from error


def open_member(source: Input, archive: zipfile.ZipFile, info: zipfile.ZipInfo, name: str) -> Input:
    """Open a member of a zip, counted against the budget of the zip."""
    return Input(name, archive.open(info), source.budget, lambda: max(1, info.compress_size))


def read_zip(source: Input, reading: Reading) -> Iterator[Document | Dropped]:
    """Read the files in a zip; drop those that cannot be read, and raise CorpusError if none can."""
    yield from read_members(_members(source), source, source.budget, reading)


def read_members(
    members: Iterator[tuple[str, Input | str]], source: Input, budget: Budget, reading: Reading
) -> Iterator[Document | Dropped]:
    """Read the members of an archive, given by name with an input or the reason to skip it.

    budget: of the members. Raises CorpusError if none can be read, or if they are too much.
    """
    documents, why = 0, "it is empty"
    for name, member in members:
        if isinstance(member, str):
            why = f"{shown(name)} was skipped: {member}"
            yield Dropped(name, member)
            continue
        before = documents
        try:
            for item in reading.read_member(member, reading):
                documents += isinstance(item, Document)
                why = item.reason if isinstance(item, Dropped) else why
                yield item
        except CorpusError as error:
            if budget.spent or is_disk_error(error):
                raise
            why = why_left_out(documents - before, error)
            yield Dropped(name, why, _first_line(member.head))
    if not documents:
        raise CorpusError(
            f"{shown(source.name)} holds no file that can be read ({why.rstrip('.')}); check it."
        )


def _members(source: Input) -> Iterator[tuple[str, Input | str]]:
    """Yield the name of each file in a zip, with its input or the reason to skip it."""
    archive = open_zip(source)
    infos = [info for info in archive.infolist() if not info.filename.endswith("/")]
    if len(infos) > source.budget.max_members:
        raise _too_many(source, f"{len(infos):,} files")
    for info in infos:
        name = f"{source.name}/{info.filename}"
        if is_hidden(info.filename):
            continue
        if why := why_no_name(info.filename):
            yield name, why
        elif stat.S_ISLNK(info.external_attr >> 16):
            yield name, "it is a symbolic link"
        elif info.flag_bits & 1:
            yield name, "it is protected by a password"
        else:
            try:
                yield name, open_member(source, archive, info, name)
            except (*BROKEN, CorpusError) as error:
                if is_disk_error(error):
                    raise broken_file(name, "file", error.__cause__ or error) from error
                if source.budget.spent:
                    raise
                yield name, f"it is corrupt ({error})"


def is_hidden(name: str) -> bool:
    """Return whether a member is a hidden file, or one that macOS, Windows or Office adds."""
    parts = re.split(r"[/\\]", name)
    return (
        "__MACOSX" in parts
        or any(part.startswith(".") and part not in (".", "..") for part in parts)
        or parts[-1].lower() in WINDOWS_FILES
        or parts[-1].startswith("~$")  # the owner of a file that is open in Office
    )


def why_no_name(name: str) -> str | None:
    """Return why the name of a member is not used, or None if it is fine."""
    parts = re.split(r"[/\\]", name)
    if not name:
        return "it has no name"
    return (
        "its name leads out of the archive"
        if ".." in parts or not parts[0] or parts[0].endswith(":")
        else None
    )


def _too_many(source: Input, count: str) -> CorpusError:
    limit = source.budget.max_members
    return CorpusError(f"{shown(source.name)} holds {count}; the limit is {limit:,}. Split it.")


def _first_line(head: bytes) -> str:
    start = head[:400].decode("utf-8", "ignore").strip()
    return "" if CONTROL.search(start) else start.partition("\n")[0].rstrip()[:80]


FORMAT = Format("zip", "a zip file", (".zip",), is_zip, read_zip, binary=True)
