"""Load test of the public page: response times, errors, and what the server keeps afterwards.

`people.py` simulates the visitors: most fill masks and score; one in ten uploads a corpus, starts runs, watches and
stops them, so that training runs beside the other requests.
"""

# isort: off
from locust.env import (
    Environment,
)  # first, because it patches the modules imported after it for cooperative waiting

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
from pairs import ROOT, print_table
from people import Adapter, Person
from ports import free_port

from mlm_demo.runs.store import RunStore
from mlm_demo.system.locks import is_held

SECONDS_BETWEEN_SAMPLES = 5
SECONDS_OF_FIRST_RUN = 90  # then it is stopped
SECONDS_TO_ARRIVE = 30  # until all visitors are there
SECONDS_TO_LEAVE = 60  # to finish their tasks
SECONDS_TO_END = 600  # for stopped runs to end
SECONDS_TO_SETTLE = 40  # for idle threads and closed connections to go
WARM_UP = 120  # seconds after which memory should not grow
TARGETS = {  # upper limits
    "fill-mask's p95, ms": 1500,
    "growth, MB per minute": 10,
    "children left": 0,
    "files left that do not expire": 0,
}
EXPIRING = ("data/drafts", "data/uploads")
LOGGED = re.compile(r"[\w.]*(?:Error|Exception)\b.*")  # a traceback's last line


class Sample(NamedTuple):
    """The resources of a process: megabytes in memory, open files, threads, child processes."""

    at: float
    megabytes: float
    files: int
    threads: int
    children: int


@contextmanager
def served(folder: Path) -> Iterator[tuple[str, int]]:
    """Serve the page as a Space does, with all data in a folder; yield its address and process id."""
    port = free_port()
    environment = {**os.environ, "MLM_DEMO_PORT": str(port), "MLM_DEMO_DEVICE": "cpu"}
    environment["MLM_DEMO_PUBLIC"] = "1"
    environment["MLM_DEMO_DATA"] = str(folder / "data")
    with (folder / "server.log").open("wb") as log:
        process = subprocess.Popen(
            [sys.executable, "app.py"], cwd=ROOT, env=environment, stdout=log, stderr=log
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
    """Measure a process."""
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
    """Wait until done() is true, for at most `seconds`; return whether it became true."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if done():
            return True
        time.sleep(1)
    return False


def warm_up(environment: Environment, pid: int) -> None:
    """Ask each model, score and run once, so that everything that is loaded once is loaded."""
    first = Adapter(environment)
    first.on_start()
    for _ in range(12):
        with suppress(RescheduleTask):
            first.fill()
    for act in (first.pause, first.err, first.score, first.program, first.read_corpus, first.begin):
        with suppress(RescheduleTask):
            act()
    with suppress(RescheduleTask):
        until(lambda: not any(first.is_active(run) for run in first.runs), SECONDS_OF_FIRST_RUN)
    first.on_stop()
    until(lambda: not sample(pid, 0).children, SECONDS_TO_END)


def kept_in(folder: Path) -> set[Path]:
    """Return the files and empty folders in a folder, except those of runs."""
    paths = [
        path.relative_to(folder) for path in folder.rglob("*") if path.is_file() or not any(path.iterdir())
    ]
    return {path for path in paths if path.parts[:2] != ("data", "runs") or len(path.parts) < 4}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--people", type=int, default=100)
    parser.add_argument("--minutes", type=float, default=10)
    parser.add_argument("--json", action="store_true", help="print the results as JSON")
    options = parser.parse_args()
    Adapter.fixed_count = max(2, options.people // 10)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # so that the page ends with this script
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
        runner.start(options.people, spawn_rate=options.people / SECONDS_TO_ARRIVE)
        samples = []
        while time.monotonic() - start < 60 * options.minutes:
            time.sleep(SECONDS_BETWEEN_SAMPLES)
            samples.append(sample(pid, start))
        runner.quit()
        seconds = time.monotonic() - start
        until(lambda: not sample(pid, start).children, SECONDS_TO_END)
        time.sleep(SECONDS_TO_SETTLE)
        after = sample(pid, start)
        left = Counter("/".join(path.parts[:2]) for path in kept_in(folder) - kept)
        logged = [line for line in (folder / "server.log").read_text().splitlines() if LOGGED.match(line)]
        ERRORS.update(f"the server's log: {line[:300]}" for line in logged)
    rows, reached = figures(environment, samples, seconds, before, after)
    reached["files left that do not expire"] = sum(
        count for path, count in left.items() if path not in EXPIRING
    )
    missed = {name: value for name, value in reached.items() if value > TARGETS[name]}
    rows += [(f"MISSED: {name}, at most {TARGETS[name]:,}", value) for name, value in missed.items()]
    rows += [("errors", ERRORS.total()), *((f"error: {text}", count) for text, count in ERRORS.most_common())]
    rows += [
        ("refused by limits", LIMITS.total()),
        *((f"limit: {t}", count) for t, count in LIMITS.most_common()),
    ]
    rows += [
        ("files left", left.total()),
        *((f"files left in {path}", count) for path, count in left.items()),
    ]
    print_table(
        f"{options.people} people for {options.minutes:g} minutes", ("", "value"), rows, {}, options.json
    )
    sys.exit(1 if ERRORS or missed else 0)


def is_served(address: str) -> bool:
    """Return whether the page answers."""
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
    """Return the measured rows of the table, and the values that have targets."""
    reached: dict[str, float] = {"children left": after.children}
    rows: list[tuple[str, Any]] = [("requests per second", environment.stats.total.num_requests / seconds)]
    requests = {entry.name: entry for entry in environment.stats.entries.values()}
    if "fill-mask" in requests:
        reached["fill-mask's p95, ms"] = requests["fill-mask"].get_response_time_percentile(0.95)
    names = ["fill-mask", *sorted(requests.keys() - {"fill-mask", REFUSED})]
    for name in names:
        if entry := requests.get(name):
            quick = [entry.get_response_time_percentile(share) for share in (0.5, 0.95, 0.99)]
            rows.append((f"{name}: p50, p95, p99, ms", ", ".join(f"{ms:,}" for ms in quick)))
    rows.append(("a run is training, % of the time", 100 * statistics.mean(s.children > 0 for s in samples)))
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
        rows.append(("memory after 2 minutes, MB per minute", slope))
        reached["growth, MB per minute"] = slope
    for name in ("files", "threads", "children"):
        peak = max(getattr(s, name) for s in samples)
        rows.append(
            (f"{name} before, peak, after", f"{getattr(before, name)}, {peak}, {getattr(after, name)}")
        )
    return rows, reached


if __name__ == "__main__":
    main()
