"""Files that a crash, a full disk, a folder that is not ours and a clock that was set back do no harm to."""

import errno
import json
import os
import shutil
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from mlm_demo.errors import RunError

FULL = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}
NOT_OURS = {errno.EROFS, errno.EACCES, errno.EPERM, errno.ENOTDIR, errno.EIO}


def write(path: Path, value: dict) -> None:
    """Write JSON so that a reader sees all of it or none, whenever the power goes."""
    part = path.with_name(f"{path.name}.{os.getpid()}.part")
    try:
        with part.open("w", encoding="utf-8") as file:
            json.dump(value, file, ensure_ascii=False, indent=1)
            file.flush()
            os.fsync(file.fileno())
        os.replace(part, path)
    except OSError:
        part.unlink(missing_ok=True)
        raise


def read(path: Path) -> dict:
    """JSON from a file, {} where there is none."""
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return {}


@contextmanager
def writing(folder: Path) -> Iterator[None]:
    """Within this context a disk that is full, or a folder that is not ours to write, is a RunError."""
    try:
        yield
    except OSError as error:
        if error.errno not in FULL | NOT_OURS:
            raise
        full = error.errno in FULL
        fix = "make room there" if full else "make it writable, or set MLM_DEMO_DATA to another"
        raise RunError(f"The folder {folder} cannot be written ({error.strerror}); {fix}.") from error


def seconds_since(paths: Iterable[Path]) -> float:
    """How long ago the newest of some files or folders changed; below 0 where the clock has been set back since."""
    newest = 0.0
    for path in paths:
        with suppress(FileNotFoundError):  # deleted between the two looks
            newest = max(newest, path.stat().st_mtime)
    return time.time() - newest if newest else 0.0


def folder_bytes(folder: Path) -> int:
    """The bytes of all files under a folder, in which others may be deleting some."""
    total = 0
    for place, _, names in os.walk(folder):
        for name in names:
            with suppress(FileNotFoundError):
                total += os.lstat(os.path.join(place, name)).st_size
    return total


def free_bytes(folder: Path) -> int:
    """How much room is left where a folder is, or would be made."""
    return shutil.disk_usage(next(path for path in (folder, *folder.parents) if path.exists())).free
