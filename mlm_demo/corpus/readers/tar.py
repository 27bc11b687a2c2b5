"""Read the files in a tar archive, such as a package of PubMed Central, which is a .tar.gz.

Only what is needed of the format is read, header by header, so that no header can ask for much memory.
"""

import contextlib
from collections.abc import Iterator
from pathlib import PurePosixPath
from typing import BinaryIO

from mlm_demo.corpus.documents import Document, Dropped, Format, Reading
from mlm_demo.corpus.input import CHUNK, Budget, Input, is_disk_error
from mlm_demo.corpus.readers.zip import is_hidden, read_members, why_no_name
from mlm_demo.errors import CorpusError, shown

MAGIC, MAGIC_AT, BLOCK = b"ustar", 257, 512
FILE, LONG_NAME, EXTENDED = (b"0", b"\0", b"7"), b"L", b"x"
MAX_NAME = 64 * 1024  # bytes of a header that holds a long name


class _Member:
    """The content of a member, read from the archive."""

    def __init__(self, file: BinaryIO, size: int):
        self._file, self.left = file, size

    def read(self, size: int) -> bytes:
        data = self._file.read(min(size, self.left))
        if not data and self.left:
            raise EOFError("the archive is cut off")
        self.left -= len(data)
        return data


def is_tar(source: Input) -> bool:
    """Return whether a file begins as a tar archive."""
    return source.head[MAGIC_AT:].startswith(MAGIC)


def read_tar(source: Input, reading: Reading) -> Iterator[Document | Dropped]:
    """Read the files in a tar archive; drop those that cannot be read, and raise CorpusError if none can.

    A PDF is left out if the same article stands beside it as XML.
    """
    file = source.file_to_read_twice()
    articles, count = set(), 0
    with contextlib.suppress(ValueError, EOFError):  # the members tell where it is corrupt
        for count, (name, _) in enumerate(_headers(file), 1):
            if count > source.budget.max_members:
                limit = f"{source.budget.max_members:,}"
                raise CorpusError(
                    f"{shown(source.name)} holds too many files; the limit is {limit}. Split it."
                )
            if name.lower().endswith(".nxml"):
                articles.add(str(PurePosixPath(name).parent))
    # The archive has been counted; its members count anew, with what they expand to.
    budget = Budget(source.budget.max_bytes, source.budget.max_ratio, source.budget.max_members)
    file.seek(0)
    yield from read_members(_members(file, source, budget, articles), source, budget, reading)


def _members(
    file: BinaryIO, source: Input, budget: Budget, articles: set[str]
) -> Iterator[tuple[str, Input | str]]:
    """Yield the name of each file in a tar archive, with its input or the reason to skip it."""
    try:
        for inner, member in _headers(file):
            name = f"{source.name}/{inner}"
            if is_hidden(inner):
                continue
            if isinstance(member, str):
                yield name, member
            elif why := why_no_name(inner):
                yield name, why
            elif inner.lower().endswith(".pdf") and str(PurePosixPath(inner).parent) in articles:
                yield name, "its text is in the XML beside it"
            else:
                try:
                    yield name, Input(name, member, budget)
                except CorpusError as error:
                    if budget.spent or is_disk_error(error):
                        raise
                    yield name, f"it is corrupt ({error})"
    except (ValueError, EOFError) as error:
        yield f"{source.name}, the rest", f"it is corrupt ({error})"


def _headers(file: BinaryIO) -> Iterator[tuple[str, _Member | str]]:
    """Yield the name of each file with its content, or why it has none; go past what was not read of it.

    Raises ValueError or EOFError where the archive is corrupt.
    """
    long_name = None
    while header := file.read(BLOCK):
        if len(header) < BLOCK:
            raise EOFError("the archive is cut off")
        if not header.strip(b"\0"):
            return
        if not header[MAGIC_AT:].startswith(MAGIC):
            raise ValueError("a header is missing")
        size, kind = int(header[124:136].strip(b"\0 ") or b"0", 8), header[156:157]
        if size < 0:
            raise ValueError("a size is negative")
        member = _Member(file, size)
        if kind in (LONG_NAME, EXTENDED):
            if size > MAX_NAME:
                raise ValueError("a name is too long")
            data = _all_of(member)
            long_name = data.rstrip(b"\0") if kind == LONG_NAME else _path_in(data) or long_name
        elif kind in FILE or kind in b"12":
            prefix, name = header[345:500].rstrip(b"\0"), header[:100].partition(b"\0")[0]
            posix = header[MAGIC_AT:].startswith(b"ustar\0") and prefix
            raw = long_name or (prefix + b"/" + name if posix else name)
            yield raw.decode("utf-8", "replace"), "it is a link" if kind in b"12" else member
            long_name = None
        else:
            long_name = None
        _skip(member, file, -size % BLOCK)


def _path_in(data: bytes) -> bytes | None:
    """Return the path in an extended header, whose records are such as b"20 path=folder/a.t\\n"."""
    for record in data.split(b"\n"):
        if record.partition(b" ")[2].startswith(b"path="):
            return record.partition(b"=")[2]
    return None


def _all_of(member: _Member) -> bytes:
    parts = []
    while part := member.read(BLOCK):
        parts.append(part)
    return b"".join(parts)


def _skip(member: _Member, file: BinaryIO, padding: int) -> None:
    while member.read(CHUNK):
        pass
    file.read(padding)


FORMAT = Format("tar", "a tar archive", (".tar", ".tgz", ".tbz2", ".txz"), is_tar, read_tar, binary=True)
