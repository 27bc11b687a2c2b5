"""The interface between a worker and the kinds of runs: what a task provides, and when it has to stop."""

import os
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Protocol

from mlm_demo.models.catalogue import Catalogue, ModelRef
from mlm_demo.runs.run import Run
from mlm_demo.settings import Settings

SECONDS_BETWEEN_CHECKS = 0.5


class Shift:
    """A stretch of work on a run by one process, until the run is done or something ends the stretch.

    seconds: how long it may take, limit: what that limit is called; may_exit: whether the process is the run's own, so
    that it can be ended in the middle of a call into a library.
    """

    def __init__(self, run: Run, *, seconds: float, limit: str, may_exit: bool):
        self.run, self.seconds, self.limit, self.may_exit = run, seconds, limit, may_exit
        self.begun, self.signalled = time.monotonic(), False

    def should_stop(self) -> bool:
        """Whether the work has to stop, after the step that it is in."""
        return self.signalled or self.run.asked_to_stop or time.monotonic() - self.begun > self.seconds

    def reason(self) -> str:
        """Return why it stops, as the beginning of a sentence."""
        return "Stopped" if self.signalled or self.run.asked_to_stop else f"{self.limit} was over"

    @contextmanager
    def interruptible(self, seconds: float = float("inf"), too_long: str = "") -> Iterator[None]:
        """Within this context the process ends as soon as it has to stop, with a message in the run's folder.

        For work that asks nobody whether it should go on, as a library that reads a file. After `seconds` of the
        shift the run fails, with the message `too_long`.
        """
        done = threading.Event()

        def watch() -> None:
            while not done.wait(SECONDS_BETWEEN_CHECKS):
                late = time.monotonic() - self.begun > seconds
                if not (late or self.should_stop()) or done.is_set():
                    continue
                if self.should_stop():
                    self.run.finish("stopped", f"{self.reason()} before the training; Resume goes on.")
                else:
                    self.run.finish("failed", too_long)
                os._exit(0)

        if self.may_exit:
            threading.Thread(target=watch, name="watch for a stop", daemon=True).start()
        try:
            yield
        finally:
            done.set()


class Task(Protocol):
    """One kind of run. A request is what the task itself defines; in run.json it is JSON."""

    name: str

    def check(self, request: Any, settings: Settings) -> None:
        """Raise MlmDemoError for a request that is not allowed here."""

    def report(
        self,
        files: Sequence[Path],
        request: dict,
        settings: Settings,
        catalogue: Catalogue,
        prepared: Path,
        on_progress: Callable[[str], None],
    ) -> dict:
        """Return a report on the files, as JSON; prepared: a folder for results that `work` can use again."""

    def work(self, run: Run, settings: Settings, catalogue: Catalogue, shift: Shift) -> str:
        """Work on a run to its end, or until the shift stops; return where it stopped, empty if it is done."""

    def models(self, run: Run) -> list[ModelRef]:
        """Return the models that a run has made."""

    def to_argv(self, request: dict) -> list[str]:
        """Return the options that ask for the same in the shell."""
