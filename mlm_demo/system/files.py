"""Files that survive a crash, a full disk, a read-only folder and a clock that is set back."""

import errno
import json
import os
import shutil
import threading
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from mlm_demo.errors import RunError

FULL = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}
NOT_WRITABLE = {errno.EROFS, errno.EACCES, errno.EPERM, errno.ENOTDIR, errno.EIO}


@contextmanager
def atomic(path: Path, *, keep_existing: bool = False) -> Iterator[Path]:
    """Yield a temporary path to write to; it becomes `path` at the end of the context.

    Readers see the old file or the whole new one, even after a power failure. If the context raises, `path` stays as it
    was. keep_existing: if `path` exists by then, keep it and drop the new file; of several processes the first wins.
    """
    # The thread id makes the name unique among threads and processes.
    part = path.with_name(f"{path.name}.{threading.get_native_id()}.part")
    try:
        yield part
        with part.open("rb") as file:
            os.fsync(file.fileno())
        if keep_existing:
            with suppress(FileExistsError):
                os.link(part, path)
        else:
            os.replace(part, path)
    finally:
        with suppress(OSError):
            part.unlink(missing_ok=True)


def write(path: Path, value: dict) -> None:
    """Write JSON atomically."""
    with atomic(path) as part:
        part.write_text(json.dumps(value, ensure_ascii=False, indent=1), encoding="utf-8")


def read(path: Path) -> dict:
    """Read JSON; return {} if there is no file."""
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return {}


@contextmanager
def writing(folder: Path) -> Iterator[None]:
    """Within this context a full disk, or a folder that cannot be written, raises RunError."""
    try:
        yield
    except OSError as error:
        if error.errno not in FULL | NOT_WRITABLE:
            raise
        full = error.errno in FULL
        fix = "make room there" if full else "make it writable, or set MLM_DEMO_DATA to another"
        raise RunError(f"The folder {folder} cannot be written ({error.strerror}); {fix}.") from error


def last_change(paths: Iterable[Path]) -> float:
    """Return when the newest of some files or folders changed, in seconds since 1970; 0 if none exists."""
    newest = 0.0
    for path in paths:
        with suppress(FileNotFoundError):  # deleted or renamed in the meantime
            newest = max(newest, path.stat().st_mtime)
    return newest


def seconds_since(paths: Iterable[Path]) -> float:
    """Return the age of the newest of some files or folders; negative if the clock was set back since.

    Returns 0 if none exists.
    """
    newest = last_change(paths)
    return time.time() - newest if newest else 0.0


def folder_bytes(folder: Path) -> int:
    """Return the size of all files under a folder; other processes may delete some in the meantime."""
    total = 0
    for parent, _, names in os.walk(folder):
        for name in names:
            with suppress(FileNotFoundError):
                total += os.lstat(os.path.join(parent, name)).st_size
    return total


def free_bytes(folder: Path) -> int:
    """Return the free space of the disk that holds a folder, which need not exist yet."""
    return shutil.disk_usage(next(path for path in (folder, *folder.parents) if path.exists())).free


def stamp(path: Path) -> str:
    """Return a text that changes when a file does: its name, size and time of change. Raises OSError."""
    status = path.stat()
    return f"{path.name}:{status.st_size}:{status.st_mtime_ns}"
