"""People at the public page for minutes: what they wait, what they are told, what the server keeps of them.

`people.py` has what they do: most fill masks and score, one in ten uploads a corpus, starts runs, watches and stops
them, so that one goes on beside the rest.
"""

# isort: off
from locust.env import Environment  # first: it makes waiting in what comes after it let others go on

# isort: on
import argparse
import http.client
import os
import re
import signal
import statistics
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, NamedTuple

from front_end import ERRORS, LIMITS, REFUSED
from locust.exception import RescheduleTask
from pairs import ROOT, tell
from people import Adapter, Person
from ports import free_port

from mlm_demo.runs.store import RunStore
from mlm_demo.system.locks import is_held

SECONDS_BETWEEN_SAMPLES = 5
SECONDS_OF_FIRST_RUN = 90  # then it is stopped
SECONDS_TO_COME = 30  # until all people are there
SECONDS_TO_LEAVE = 60  # for what they have begun
SECONDS_TO_END = 600  # for runs that were stopped
SECONDS_TO_SETTLE = 40  # idle threads and closed connections go
WARM_UP = 120  # seconds after which memory is to be flat
AIMS = {  # at most
    "fill-mask's p95, ms": 1500,
    "growth, MB a minute": 10,
    "children left": 0,
    "files left that age does not take": 0,
}
TAKEN_BY_AGE = ("data/drafts", "data/uploads")
LOGGED = re.compile(r"[\w.]*(?:Error|Exception)\b.*")  # a traceback's last line


class Sample(NamedTuple):
    """What a process holds: megabytes in memory, open files, threads, child processes."""

    at: float
    megabytes: float
    files: int
    threads: int
    children: int


@contextmanager
def served(folder: Path) -> Iterator[tuple[str, int]]:
    """The page as a Space has it, with nothing kept but in this folder: its address and its process."""
    port = free_port()
    environment = {**os.environ, "MLM_DEMO_PORT": str(port), "MLM_DEMO_DEVICE": "cpu"}
    environment["MLM_DEMO_PUBLIC"] = "1"
    environment["MLM_DEMO_DATA"] = str(folder / "data")
    with (folder / "said").open("wb") as said:
        process = subprocess.Popen(
            [sys.executable, "app.py"], cwd=ROOT, env=environment, stdout=said, stderr=said
        )
    try:
        yield f"http://127.0.0.1:{port}", process.pid
    finally:
        process.kill()
        process.wait()
        for run in RunStore(folder / "data" / "runs").all():
            if run.worker and is_held(run.lock):
                os.kill(run.worker["pid"], signal.SIGKILL)


def sample(pid: int, since: float) -> Sample:
    """What a process holds now."""
    proc = Path(f"/proc/{pid}")
    status = dict(line.split(":", 1) for line in (proc / "status").read_text().splitlines())
    children = []
    for path in proc.glob("task/*/children"):
        with suppress(OSError):  # a thread that has just ended
            children += path.read_text().split()
    files = len(list((proc / "fd").iterdir()))
    return Sample(
        time.monotonic() - since,
        int(status["VmRSS"].split()[0]) / 1024,
        files,
        int(status["Threads"]),
        len(children),
    )


def until(done: Callable[[], bool], seconds: float) -> bool:
    """Look once a second until it is done; whether it was within so many seconds."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if done():
            return True
        time.sleep(1)
    return False


def warm_up(environment: Environment, pid: int) -> None:
    """The first question to each model, the first score, the first run: what is loaded once is loaded."""
    first = Adapter(environment)
    first.on_start()
    for _ in range(12):
        with suppress(RescheduleTask):
            first.fill()
    for act in (first.pause, first.err, first.score, first.program, first.read_corpus, first.begin):
        with suppress(RescheduleTask):
            act()
    with suppress(RescheduleTask):
        until(lambda: not any(first.goes_on(run) for run in first.runs), SECONDS_OF_FIRST_RUN)
    first.on_stop()
    until(lambda: not sample(pid, 0).children, SECONDS_TO_END)


def kept_in(folder: Path) -> set[Path]:
    """Files and empty folders, by their paths in it; what is in the folder of a run is the run's to keep."""
    found = [
        path.relative_to(folder) for path in folder.rglob("*") if path.is_file() or not any(path.iterdir())
    ]
    return {path for path in found if path.parts[:2] != ("data", "runs") or len(path.parts) < 4}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--people", type=int, default=100)
    parser.add_argument("--minutes", type=float, default=10)
    parser.add_argument("--json", action="store_true", help="print the figures as JSON")
    asked = parser.parse_args()
    Adapter.fixed_count = max(2, asked.people // 10)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # so that the page goes when this does
    with tempfile.TemporaryDirectory() as name, served(Path(name)) as (Person.host, pid):
        folder = Path(name)
        environment = Environment(
            user_classes=[Person, Adapter], host=Person.host, stop_timeout=SECONDS_TO_LEAVE
        )
        until(lambda: is_served(Person.host), 60)
        warm_up(environment, pid)
        time.sleep(SECONDS_TO_SETTLE)
        start, kept = time.monotonic(), kept_in(folder)
        before = sample(pid, start)
        runner = environment.create_local_runner()
        environment.events.user_error.add_listener(
            lambda exception, **_: ERRORS.update([f"the benchmark itself: {exception!r}"])
        )
        runner.start(asked.people, spawn_rate=asked.people / SECONDS_TO_COME)
        samples = []
        while time.monotonic() - start < 60 * asked.minutes:
            time.sleep(SECONDS_BETWEEN_SAMPLES)
            samples.append(sample(pid, start))
        runner.quit()
        seconds = time.monotonic() - start
        until(lambda: not sample(pid, start).children, SECONDS_TO_END)
        time.sleep(SECONDS_TO_SETTLE)
        after = sample(pid, start)
        left = Counter("/".join(path.parts[:2]) for path in kept_in(folder) - kept)
        logged = [line for line in (folder / "said").read_text().splitlines() if LOGGED.match(line)]
        ERRORS.update(f"the server's log: {line[:300]}" for line in logged)
    rows, reached = figures(environment, samples, seconds, before, after)
    reached["files left that age does not take"] = sum(
        left[place] for place in left if place not in TAKEN_BY_AGE
    )
    missed = {what: value for what, value in reached.items() if value > AIMS[what]}
    rows += [(f"MISSED: {what}, at most {AIMS[what]:,}", value) for what, value in missed.items()]
    rows += [("errors", ERRORS.total()), *((f"error: {text}", count) for text, count in ERRORS.most_common())]
    rows += [
        ("refused by limits", LIMITS.total()),
        *((f"limit: {t}", count) for t, count in LIMITS.most_common()),
    ]
    rows += [
        ("files left", left.total()),
        *((f"files left in {place}", count) for place, count in left.items()),
    ]
    tell(f"{asked.people} people for {asked.minutes:g} minutes", ("", "value"), rows, {}, asked.json)
    sys.exit(1 if ERRORS or missed else 0)


def is_served(address: str) -> bool:
    """Whether the page answers."""
    line = http.client.HTTPConnection(address.removeprefix("http://"), timeout=10)
    try:
        line.request("GET", "/config")
        return line.getresponse().status == 200
    except OSError:
        return False
    finally:
        line.close()


def figures(
    environment: Environment, samples: list[Sample], seconds: float, before: Sample, after: Sample
) -> tuple[list[tuple[str, Any]], dict[str, float]]:
    """The rows of the table that are measured, and what there are aims for."""
    reached: dict[str, float] = {"children left": after.children}
    rows: list[tuple[str, Any]] = [("requests a second", environment.stats.total.num_requests / seconds)]
    asked = {entry.name: entry for entry in environment.stats.entries.values()}
    if "fill-mask" in asked:
        reached["fill-mask's p95, ms"] = asked["fill-mask"].get_response_time_percentile(0.95)
    names = ["fill-mask", *sorted(asked.keys() - {"fill-mask", REFUSED})]
    for name in names:
        if entry := asked.get(name):
            quick = [entry.get_response_time_percentile(share) for share in (0.5, 0.95, 0.99)]
            rows.append((f"{name}: p50, p95, p99, ms", ", ".join(f"{ms:,}" for ms in quick)))
    rows.append(("a run goes on, % of the time", 100 * statistics.mean(s.children > 0 for s in samples)))
    flat = [s for s in samples if s.at >= WARM_UP]
    early = min(samples, key=lambda s: abs(s.at - WARM_UP))
    rows.append(
        (
            "memory before, at 2 minutes, at the end, after, MB",
            ", ".join(f"{s.megabytes:,.0f}" for s in (before, early, samples[-1], after)),
        )
    )
    if len(flat) > 2:
        slope = statistics.linear_regression([s.at / 60 for s in flat], [s.megabytes for s in flat]).slope
        rows.append(("memory after 2 minutes, MB a minute", slope))
        reached["growth, MB a minute"] = slope
    for what in ("files", "threads", "children"):
        most = max(getattr(s, what) for s in samples)
        rows.append(
            (f"{what} before, most, after", f"{getattr(before, what)}, {most}, {getattr(after, what)}")
        )
    return rows, reached


if __name__ == "__main__":
    main()
