"""The bytes of a file, counted while they are read.

Files come from strangers: `Budget` limits the expanded size of a file, and nothing is written under a name of theirs.
"""

import bz2
import errno
import gzip
import io
import lzma
import tempfile
import zipfile
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cached_property
from pathlib import Path, PurePosixPath
from typing import BinaryIO

from mlm_demo.corpus.encoding import HEAD, detect
from mlm_demo.errors import CorpusError, ReadingError, printable, shown

CHUNK = 1024 * 1024
START = 4096  # bytes in which a text format shows itself
RATIO_FROM = 10_000_000  # expanded bytes; fewer do no harm, however small the file was
MAX_XZ_MEMORY = 100_000_000  # bytes; xz -9 needs 65 MB
# What gzip, bz2, lzma and zipfile raise. gzip and bz2 report a corrupt file by an OSError without a number.
BROKEN = (OSError, EOFError, zlib.error, lzma.LZMAError, zipfile.BadZipFile, NotImplementedError, ValueError)


class Budget:
    """How much one file may expand to, all its members together; `spent` once it was too much."""

    def __init__(self, max_bytes: int, max_ratio: float, max_members: int):
        self.max_bytes, self.max_ratio, self.max_members = max_bytes, max_ratio, max_members
        self.used, self.spent = 0, False

    def take(self, count: int, name: str) -> None:
        """Count bytes or characters; raise ReadingError when the total exceeds the limit."""
        self.used += count
        if self.used > self.max_bytes:
            self.spent = True
            raise ReadingError(
                f"{shown(name)} holds more than {self.max_bytes:,} bytes when unpacked, which is the limit; split it."
            )

    def check_ratio(self, expanded: int, compressed: int, name: str) -> None:
        """Raise ReadingError when much comes out of little, as from a file made to fill a disk."""
        if expanded > RATIO_FROM and expanded > self.max_ratio * compressed:
            self.spent = True
            raise ReadingError(
                f"{shown(name)} expands to more than {self.max_ratio:g} times its size, which text does not; unpack "
                "it yourself if you trust it."
            )


class Input:
    """The bytes of a file or of a member of an archive; `head` is their beginning.

    compressed: returns how many bytes of the archive have been read so far; None if the file is not compressed.
    seekable: whether `stream` can go back to its beginning.
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
        # Strangers choose the names of members too, and notes that quote them end up in a terminal.
        self.name = printable(name)
        self.budget = budget
        self._stream, self._compressed, self._seekable = stream, compressed, seekable
        self._pending, self._expanded = b"", 0
        head = b""
        while len(head) < HEAD and (more := self.read(HEAD - len(head))):
            head += more
        self.head = self._pending = head

    @cached_property
    def encoding(self) -> tuple[str, int]:
        """The codec of the head, and the length of its byte order mark."""
        return detect(self.head)

    @cached_property
    def start(self) -> str:
        """The first characters in lower case, without leading white space: text formats are recognized by them."""
        codec, bom = self.encoding
        return self.head[bom:START].decode(codec, "ignore").lstrip().lower()

    def read(self, size: int = -1) -> bytes:
        """Read at most `size` bytes; raise CorpusError when they are corrupt or too many."""
        if self._pending:
            size = len(self._pending) if size < 0 else size
            data, self._pending = self._pending[:size], self._pending[size:]
            return data
        try:
            data = self._stream.read(size if size >= 0 else CHUNK)
        except BROKEN as error:
            raise broken_file(self.name, "compressed file" if self._compressed else "file", error) from error
        self._expanded += len(data)
        self.budget.take(len(data), self.name)
        if self._compressed:
            self.budget.check_ratio(self._expanded, self._compressed(), self.name)
        return data

    def chunks(self) -> Iterator[bytes]:
        """Read everything, the head first and then a megabyte at a time."""
        while chunk := self.read(len(self._pending) or CHUNK):
            yield chunk

    def read_all(self, limit: int) -> bytes:
        """Read everything at once; raise CorpusError when it is more than `limit` bytes."""
        data = io.BytesIO()
        for chunk in self.chunks():
            if data.write(chunk) and data.tell() > limit:
                raise CorpusError(
                    f"{shown(self.name)} is larger than {limit:,} bytes, which is the limit for its format; split it "
                    "or save it as .jsonl."
                )
        return data.getvalue()

    def file(self) -> BinaryIO:
        """Return a seekable file with the same bytes: the stream itself, or a temporary copy without a name."""
        if self._seekable:
            self._stream.seek(0)
            return self._stream
        copy = tempfile.TemporaryFile()  # noqa: SIM115 - closed with the last object that reads it
        for chunk in self.chunks():
            copy.write(chunk)
        copy.seek(0)
        self._stream, self._seekable = copy, True
        return copy

    def file_to_read_twice(self) -> BinaryIO:
        """Return a file as `file` does, for a reader that goes through it more than once; its bytes count once."""
        file = self.file()
        size = file.seek(0, io.SEEK_END)
        self.budget.take(max(0, size - self._expanded), self.name)
        self._expanded = max(size, self._expanded)
        file.seek(0)
        return file


class _XzFile:
    """The content of an .xz file; its dictionary, which the file chooses, must fit into MAX_XZ_MEMORY."""

    def __init__(self, file: BinaryIO):
        self._file, self._decompressor = file, None

    def read(self, size: int) -> bytes:
        while True:
            if self._decompressor is None or self._decompressor.eof:
                rest = (self._decompressor.unused_data if self._decompressor else b"").lstrip(b"\0")
                if not rest and not (rest := self._file.read(CHUNK).lstrip(b"\0")):
                    return b""
                self._decompressor = lzma.LZMADecompressor(memlimit=MAX_XZ_MEMORY)
            elif self._decompressor.needs_input:
                if not (rest := self._file.read(CHUNK)):
                    raise EOFError("the file ended before its content")
            else:
                rest = b""
            if data := self._decompressor.decompress(rest, size):
                return data


# What one file can be compressed with: its first bytes, the ending that it adds to a name, and how it is read.
COMPRESSIONS: tuple[tuple[bytes, str, Callable[[BinaryIO], BinaryIO]], ...] = (
    (b"\x1f\x8b", ".gz", lambda file: gzip.GzipFile(fileobj=file)),
    (b"BZh", ".bz2", bz2.BZ2File),
    (b"\xfd7zXZ\0", ".xz", _XzFile),
)
BZIP2_BLOCKS = (b"1AY&SY", b"\x17rE8P\x90")  # text may begin with the letters BZh


def compression(source: Input) -> str | None:
    """Return the ending of the compression that a file begins with, such as ".gz"; None if it has none."""
    for magic, suffix, _ in COMPRESSIONS:
        if source.head.startswith(magic) and (suffix != ".bz2" or source.head[4:10] in BZIP2_BLOCKS):
            return suffix
    return None


def decompressed(source: Input) -> Input:
    """Return the input that a .gz, .bz2 or .xz file compresses."""
    file, suffix = source.file(), compression(source)
    opened = next(open_it for _, known, open_it in COMPRESSIONS if known == suffix)
    return Input(source.name, opened(file), source.budget, lambda: max(1, file.tell()))


def named_compression(name: str) -> str | None:
    """Return the compression that a name ends with, such as ".gz" of "a.csv.gz"; None if it has none."""
    suffix = PurePosixPath(name.replace("\\", "/")).suffix.lower()
    return suffix if suffix in (known for _, known, _ in COMPRESSIONS) else None


def ending(name: str) -> str:
    """Return the ending of a file name in lower case, such as ".csv" of "a.CSV" and of "a.csv.gz"."""
    path = PurePosixPath(name.replace("\\", "/"))
    return (PurePosixPath(path.stem) if named_compression(name) else path).suffix.lower()


@contextmanager
def opened(path: Path, name: str) -> Iterator[BinaryIO]:
    """Open a file to read; within this context a file that is missing, or cannot be read, raises ReadingError.

    name: how errors call it.
    """
    try:
        with path.open("rb") as file:
            yield file
    except FileNotFoundError:
        raise ReadingError(f"There is no file {shown(name)}; check its name.") from None
    except OSError as error:
        raise ReadingError(
            f"{shown(name)} cannot be opened ({error.strerror}); check its permissions."
        ) from error


def broken_file(name: str, kind: str, error: BaseException) -> CorpusError:
    """Return the error for a file that its library gave up on, or that the disk failed to deliver."""
    if is_disk_error(error):
        return ReadingError(
            f"{shown(name)} could not be read because of a disk error ({error.strerror}); try again."
        )
    message = getattr(error, "msg", None) or str(error)  # the text of an XMLSyntaxError repeats the line
    why = printable((message.strip() or type(error).__name__).splitlines()[0])[:120]
    return CorpusError(f"{shown(name)} is a corrupt {kind} ({why}); download it or save it again.")


def is_disk_error(error: BaseException) -> bool:
    """Return whether the disk failed, or `error` reports that it did."""
    cause = error.__cause__ if isinstance(error, CorpusError) else error
    # Errors about corrupt files have no number, or EINVAL where the file points before its own beginning.
    return isinstance(cause, OSError) and cause.errno not in (None, errno.EINVAL)
