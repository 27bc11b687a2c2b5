"""File locks that the kernel releases when their last holder is gone, even after a crash.

They are flock(2) locks, so they belong to an open file and not to a process: a child that inherits the descriptor
holds the lock too, and keeps it when its parent dies. A zombie holds nothing, and no lock outlives a reboot.
"""

import fcntl
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

PROBE_SECONDS, BETWEEN_TRIES = 2.0, 0.005


@contextmanager
def exclusive(path: Path, *, wait: bool = True) -> Iterator[None]:
    """Within this context hold the lock on a folder, or on a file, which is created if it is missing.

    Raises BlockingIOError if the lock is taken and `wait` is false.
    """
    lock = os.open(path, os.O_RDONLY) if path.is_dir() else _open(path)
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | (0 if wait else fcntl.LOCK_NB))
        yield
    finally:
        os.close(lock)


def take(path: Path) -> int | None:
    """Return a descriptor that holds the lock on a file, or None if the lock is taken.

    Tries for PROBE_SECONDS, because a probe (`is_held`) blocks the lock for a moment.
    """
    lock, end = _open(path), time.monotonic() + PROBE_SECONDS
    while True:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            return lock
        except BlockingIOError:
            if time.monotonic() > end:
                os.close(lock)
                return None
        except BaseException:
            os.close(lock)
            raise
        time.sleep(BETWEEN_TRIES)


def is_held(path: Path) -> bool:
    """Return whether the lock on a file is taken; probes share it, so they do not mistake each other for a holder."""
    try:
        lock = os.open(path, os.O_RDONLY)
    except FileNotFoundError:
        return False
    try:
        fcntl.flock(lock, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    finally:
        os.close(lock)
    return False


def adopt(lock: int, path: Path) -> bool:
    """Keep an inherited descriptor from programs that this process starts; return whether it is a descriptor of `path`.

    A forked child that runs no other program still shares the lock until it ends. So a run counts as running as long as
    any process is left that may write to it.
    """
    try:
        same = os.path.samestat(os.fstat(lock), path.stat())
        os.set_inheritable(lock, False)
    except OSError:
        return False
    return same


def _open(path: Path) -> int:
    return os.open(path, os.O_RDWR | os.O_CREAT, 0o666)
