"""What is told of a file that cannot be read: that it is broken, or that the disk did not give what it holds."""

import errno
import lzma
import zipfile
import zlib

from mlm_demo.errors import CorpusError, printable, shown

# What the libraries of archives raise; gzip and bz2 tell of a broken file by an OSError, without a number.
BROKEN = (OSError, EOFError, zlib.error, lzma.LZMAError, zipfile.BadZipFile, NotImplementedError, ValueError)


def broken(name: str, what: str, error: BaseException) -> CorpusError:
    """The error for a file whose library gave up, or that the disk did not give."""
    if disk_failed(error):
        return CorpusError(
            f"{shown(name)} could not be read ({error.strerror}), which is not the file's fault; try again."
        )
    said = getattr(error, "msg", None) or str(error)  # an XMLSyntaxError says the line twice in its text
    why = printable((said.strip() or type(error).__name__).splitlines()[0])[:120]
    return CorpusError(f"{shown(name)} is a broken {what} ({why}); get or save it anew.")


def disk_failed(error: BaseException) -> bool:
    """Whether the disk did not give what a file holds, or this is what was told of that."""
    cause = error.__cause__ if isinstance(error, CorpusError) else error
    # Of a broken file these have no number, or EINVAL where it points before its own beginning.
    return isinstance(cause, OSError) and cause.errno not in (None, errno.EINVAL)
