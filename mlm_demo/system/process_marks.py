"""Processes as files can name them: by a mark that no other process has, now or after a restart of the machine."""

import os
from pathlib import Path


def process_mark(pid: int) -> dict:
    """A process as one that comes after it under the same number, or after a restart, is not."""
    return {"pid": pid, "started": _started(pid), "boot": _boot()}


def is_alive(mark: dict) -> bool:
    """Whether the process of a mark is still there and no zombie."""
    started = _started(mark["pid"])
    return started != "" and (started, _boot()) == (mark["started"], mark["boot"])


def is_me(mark: dict) -> bool:
    """Whether a mark is that of this process."""
    return mark == process_mark(os.getpid())


def _started(pid: int) -> str:
    """When a process started, in ticks since the machine did; empty if it is gone or a zombie (proc(5))."""
    try:
        stat = Path(f"/proc/{pid}/stat").read_text()
    except OSError:
        return ""
    state, *rest = stat.rpartition(")")[2].split()
    return "" if state == "Z" else rest[18]


def _boot() -> str:
    try:
        return Path("/proc/sys/kernel/random/boot_id").read_text().strip()
    except OSError:
        return ""
