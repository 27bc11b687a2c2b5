"""Runs that version 0.1.0 left in a data folder: their request as JSON of today, and whether their worker lives.

That version kept a command line in run.json. It found out whether a worker was alive from /proc, which only Linux has.
A worker outlives its server, so one of that version may still be at work after the server was upgraded.
"""

from pathlib import Path

WORKER = ["-m", "mlm_demo", "adapt"]


def upgraded(asked: dict, files: list[str]) -> dict:
    """The content of a run.json with `task`, `request` and `files` in place of `command`; raises ValueError.

    files: the names of the run's files, relative to its input folder.
    """
    command = asked.get("command")
    if command is None:
        return asked
    kept = {name: value for name, value in asked.items() if name != "command"}
    if not command:
        return kept
    if command[:3] != WORKER:
        raise ValueError(f"its command is {command[:3]}")
    return {**kept, "task": "adapt", "request": _request(command[3:]), "files": files}


def _request(argv: list[str]) -> dict:
    options: dict[str, str | bool] = {}
    for word, after in zip(argv, [*argv[1:], "--"], strict=True):
        if word.startswith("--"):
            options[word[2:].replace("-", "_")] = True if after.startswith("--") else after
    own = {name: options.pop(name, "") for name in ("model", "column")}
    for name in ("output", "run"):
        options.pop(name, None)
    return {**own, "config": {name: _number(value) for name, value in options.items()}}


def _number(value: str | bool) -> float | int | bool:
    if value is True:
        return True
    return int(value) if value.isdecimal() else float(value)


def worker_is_alive(worker: dict) -> bool:
    """Whether a worker that version 0.1.0 noted in worker.json is still there and no zombie (proc(5))."""
    if "started" not in worker:
        return False
    try:
        stat = Path(f"/proc/{worker['pid']}/stat").read_text()
        boot = Path("/proc/sys/kernel/random/boot_id").read_text().strip()
    except OSError:
        return False
    state, *rest = stat.rpartition(")")[2].split()
    return state != "Z" and (rest[18], boot) == (worker["started"], worker["boot"])
