"""Support for runs of version 0.1.0: convert their run.json, and check whether their worker is alive.

That version stored a command line in run.json, and found out from /proc (Linux only) whether a worker was alive. A
worker outlives its server, so one of that version may still be running after an upgrade of the server.
"""

from pathlib import Path

WORKER = ["-m", "mlm_demo", "adapt"]


def upgraded(values: dict, files: list[str]) -> dict:
    """Return the content of run.json with `task`, `request` and `files` in place of `command`; raises ValueError.

    files: the names of the run's files, relative to its input folder.
    """
    command = values.get("command")
    if command is None:
        return values
    kept = {name: value for name, value in values.items() if name != "command"}
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
    """Return whether the process that version 0.1.0 recorded in worker.json is alive and not a zombie (proc(5))."""
    if "started" not in worker:
        return False
    try:
        stat = Path(f"/proc/{worker['pid']}/stat").read_text()
        boot = Path("/proc/sys/kernel/random/boot_id").read_text().strip()
    except OSError:
        return False
    state, *rest = stat.rpartition(")")[2].split()
    return state != "Z" and (rest[18], boot) == (worker["started"], worker["boot"])
