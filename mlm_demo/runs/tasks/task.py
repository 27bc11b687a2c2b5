"""The interface between a worker and a task: what a task provides, and when its work has to stop."""

import os
import re
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import AbstractContextManager, ExitStack, contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, Protocol

from mlm_demo.errors import TrainingError
from mlm_demo.models.catalogue import ADAPTED, FINETUNED, Catalogue, ModelRef
from mlm_demo.runs.run import Run
from mlm_demo.settings import READING_SECONDS, Settings
from mlm_demo.training.config import steps_of_epochs
from mlm_demo.training.phase import Phase
from mlm_demo.training.result import RESULT

if TYPE_CHECKING:
    from mlm_demo.training.plan import BudgetConfig

SECONDS_BETWEEN_CHECKS = 0.5
PAUSED = 75  # exit code of a worker whose job goes on later; EX_TEMPFAIL of sysexits.h


class Shift:
    """A period of work on a run by one process, which ends when the run is done or has to stop.

    seconds: the time limit; limit: its name in messages; of_training: whether a run that trains is limited in the time
    of training alone, and not of the reading and judging around it; may_exit: whether this is a worker process, which
    may exit in the middle of a call into a library. signalled: somebody has ended this process; paused: its job is to
    go on later, so the run is neither ended nor judged.
    """

    def __init__(self, run: Run, *, seconds: float, limit: str, of_training: bool, may_exit: bool):
        self.run, self.seconds, self.limit, self.may_exit = run, seconds, limit, may_exit
        self.of_training, self.signalled, self.paused = of_training, False, False
        self.begun = self.counted_from = time.monotonic()
        self.halted_at: float | None = None  # while the time does not count

    def should_stop(self) -> bool:
        """Return whether the work has to stop after the current step."""
        too_long = (self.halted_at or time.monotonic()) - self.counted_from > self.seconds
        return self.signalled or self.paused or self.run.asked_to_stop or too_long

    def reason(self) -> str:
        """Return the reason to stop as the beginning of a sentence."""
        return "Stopped" if self.signalled or self.run.asked_to_stop else f"{self.limit} was reached"

    def interruptible(
        self, seconds: float = float("inf"), too_long: str = ""
    ) -> AbstractContextManager[None]:
        """Within this context the process exits as soon as it has to stop; the run's folder records why.

        For work that cannot check `should_stop`, such as a library that reads a file. After `seconds` of the shift the
        run fails with the message `too_long`.
        """

        def end() -> tuple[str, str] | None:
            if self.should_stop():
                where = self.run.stopped_before("training; Resume continues.")
                return "stopped", f"{self.reason()} {where}"
            return ("failed", too_long) if time.monotonic() - self.begun > seconds else None

        return self._exiting(end)

    def skippable(self) -> AbstractContextManager[None]:
        """Within this context, an evaluation, the process exits as soon as somebody asks to skip it."""

        def end() -> tuple[str, str] | None:
            message = f"{self.reason()} without an evaluation, so there is no new model; Resume continues."
            return ("stopped", message) if self.run.asked_to_skip else None

        return self._exiting(end)

    @contextmanager
    def _exiting(self, end: Callable[[], tuple[str, str] | None]) -> Iterator[None]:
        """Within this context the process exits as soon as `end` returns the state and the message to record."""
        done = threading.Event()

        def watch() -> None:
            while not done.wait(SECONDS_BETWEEN_CHECKS):
                ended = end()
                if (ended or self.paused) and not done.is_set():
                    if self.paused:
                        os._exit(PAUSED)
                    self.run.finish(*ended)
                    os._exit(0)

        if self.may_exit:
            threading.Thread(target=watch, name="watch for a stop", daemon=True).start()
        try:
            yield
        finally:
            done.set()

    def _count(self, *, counts: bool) -> None:
        """Count the time from here on against the limit, or no longer."""
        now = time.monotonic()
        if counts and self.halted_at is not None:
            self.counted_from += now - self.halted_at
            self.halted_at = None
        elif not counts and self.of_training and self.halted_at is None:
            self.halted_at = now

    @contextmanager
    def training(self) -> Iterator[Callable[[dict], None]]:
        """Yield a function that logs lines, which begin phases: before training `interruptible`, after it `skippable`.

        A run that has learned nothing has nothing to judge and save; a run that has trained has its last checkpoint.
        """
        phase = Phase.BEFORE
        self._count(counts=False)
        with ExitStack() as watched:
            watched.enter_context(self.interruptible())

            def log(line: dict) -> None:
                nonlocal phase
                if line.get("phase", phase) != phase:
                    phase = line["phase"]
                    self._count(counts=phase == Phase.TRAIN)
                    watched.close()
                    if phase == Phase.AFTER:
                        if self.paused and self.may_exit:
                            os._exit(PAUSED)  # before a result is written, which would look like an end
                        watched.enter_context(self.skippable())
                self.run.log(line)

            yield log

    @contextmanager
    def reading(self) -> Iterator[None]:
        """Within this context the files of the run are read: `interruptible`, and bounded in time of its own."""
        minutes = READING_SECONDS // 60
        message = f"Reading the files took more than {minutes} minutes; try fewer of them."
        self._count(counts=False)
        with self.interruptible(READING_SECONDS, message):
            yield
        self._count(counts=True)


def check_limits(wanted: Iterable[tuple[str, float | None, float]]) -> None:
    """Raise TrainingError for the first of some values that exceeds its limit; they come as (name, value, limit)."""
    for name, value, limit in wanted:
        if value and value > limit:
            raise TrainingError(f"{name} is {value:,g}; the limit is {limit:,}. Choose less.")


def check_epochs(items: int, config: "BudgetConfig", settings: Settings, seeds: int = 1) -> None:
    """Raise TrainingError if the epochs of a run are too many steps, which is known once its items are.

    items: blocks or examples to train on.
    """
    if config.epochs is not None:
        name = "The number of steps" + (" of all seeds" if seeds > 1 else "")
        steps = seeds * steps_of_epochs(config.epochs, items, config.batch_size)
        check_limits([(name, steps, settings.max_run_steps)])


def model_ref(run: Run, kind: str, version: str, domain: str = "other") -> ModelRef:
    """Return the entry of the model that a run made, which has the name of the run."""
    name = run.name
    return ModelRef(run.id, kind, name, domain, path=run.output, archive=plain_name(name), version=version)


def result_version(run: Run) -> str:
    """Return a text that changes when a resumed run replaces the model; empty while there is none."""
    with suppress(FileNotFoundError):
        return str((run.output / RESULT).stat().st_mtime_ns)
    return ""


def short_title(base: ModelRef) -> str:
    """Return what the name of a run calls its base model: `distilbert/distilroberta-base` → `distilroberta-base`."""
    return base.title if base.kind in (ADAPTED, FINETUNED) else base.name.rstrip("/").rsplit("/", 1)[-1]


def plain_name(title: str) -> str:
    """Return a title as a file name."""
    return "-".join(re.findall(r"[A-Za-z0-9]+", title))[:60].strip("-") or "adapted"


class RunRequest(Protocol):
    """The request of a run, with a field `model` if it has a base. verb: the name of its task; budget: as a phrase.

    made: how the model comes from its base, as a phrase that the name of the files follows; empty if none is made.
    """

    verb: ClassVar[str]

    @property
    def made(self) -> str: ...

    @property
    def budget(self) -> str: ...

    def to_json(self) -> dict:
        """Return the request as run.json holds it."""

    def to_argv(self) -> list[str]:
        """Return the request as options of the command line, after the files."""


class Task(Protocol):
    """One kind of run. Each task defines its own request, which run.json holds as JSON."""

    name: str
    keeps_files: bool  # of a run that is done, for a day, for other uses

    def base(self, request: Any, catalogue: Catalogue) -> ModelRef | None:
        """Return the model that a request names, None for one that starts from none; raises ModelError."""

    def check(self, request: Any, settings: Settings) -> None:
        """Raise MlmDemoError for a request that exceeds the limits of the settings."""

    def work(self, run: Run, settings: Settings, catalogue: Catalogue, shift: Shift) -> str:
        """Work on a run until it is done or the shift stops; return where it stopped, or "" if it is done."""

    def models(self, run: Run) -> list[ModelRef]:
        """Return the models that a run has produced; those that fill masks are of the kind ADAPTED."""

    def figures(self, run: Run) -> Any:
        """Return the metrics of a run as JSON, None while there are none."""

    def to_argv(self, request: dict) -> list[str]:
        """Return the request as options of the command line."""


class TrainingTask(Task, Protocol):
    """A task that trains: its files are reported on before it starts, and it makes a model."""

    def report(
        self,
        files: Sequence[Path],
        request: dict,
        settings: Settings,
        catalogue: Catalogue,
        prepared: Path,
        on_progress: Callable[[str], None],
    ) -> dict:
        """Return a report on the files as JSON; prepared: a folder for results that `work` can reuse."""
