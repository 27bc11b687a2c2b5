"""Workers as jobs of a system elsewhere: what every such launcher does, whatever the system.

The job's name is chosen and noted in the run's folder before the job is submitted, and no name is used twice. So a
server that is killed in between, or two servers that submit at once, leave one job. A lost job is tried again here: the
next attempt continues from the last checkpoint. What the run's folder says goes before what the system says.
"""

import os
import secrets
import shlex
import signal
import time
from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from enum import Enum
from typing import ClassVar

from mlm_demo.errors import RunError, UnreachableError
from mlm_demo.runs.handle import HANDLE, Handle, Heard
from mlm_demo.runs.launchers.local import KILLED
from mlm_demo.runs.run import WORKED_ON, Run
from mlm_demo.runs.tasks.task import PAUSED
from mlm_demo.settings import ROOT
from mlm_demo.system.files import last_change
from mlm_demo.training.result import RESULT

MOST_ATTEMPTS = 3
SECONDS_TO_STOP = 600  # after which a worker that was asked to stop is made to
SECONDS_PLACES_KEPT = 10
LOCAL = "Or unset MLM_DEMO_LAUNCHER to train on the machine of this page."
SAFE = "Everything up to the last checkpoint is safe; Resume continues from there."


class JobState(Enum):
    """How far a job is, as far as its system knows."""

    WAITING = "waiting"
    RUNNING = "running"
    ENDED = "ended"


@dataclass(frozen=True)
class Job:
    """A submitted job.

    where: `node 10.0.0.7`, empty before it has a place; status: in the words of its system; exit_code: of the worker,
    negative for a signal, None if it is not known; lost: whether its node was lost; stopped: whether somebody ended it.
    """

    state: JobState
    where: str = ""
    status: str = ""
    exit_code: int | None = None
    lost: bool = False
    stopped: bool = False


class JobLauncher(ABC):
    """Starts workers as jobs. name: as `MLM_DEMO_LAUNCHER` has it; system: what messages call it."""

    name: ClassVar[str]
    system: ClassVar[str]

    def __init__(self) -> None:
        self._places: tuple[float, int] = (0.0, 0)

    @abstractmethod
    def _check(self) -> None:
        """Raise RunError, with the reason and the fix, if no run could be started now."""

    @abstractmethod
    def _count_places(self) -> int:
        """Return how many runs can be worked on at once; raises RunError if that cannot be asked now."""

    @abstractmethod
    def _job(self, name: str) -> Job | None:
        """Return a job, None if the system knows none of this name; raises UnreachableError."""

    @abstractmethod
    def _submit(self, name: str, run: Run, environment: Mapping[str, str]) -> None:
        """Submit a job; do nothing if one of this name is there already.

        Raises UnreachableError if the system cannot be asked now, and RunError if it refuses.
        """

    @abstractmethod
    def _end_job(self, name: str) -> None:
        """Ask the system to end a job."""

    def _log_of(self, name: str) -> str:
        """Return what the system kept of a job's output and the run's own log lacks."""
        return ""

    def check(self) -> None:
        """Raise RunError if no run could be started now, with the reason and the fix."""
        try:
            self._check()
        except RunError as error:
            raise type(error)(f"{error} {LOCAL}") from error

    def price(self) -> str:
        """Return what a run costs the owner of the page, as a sentence; empty if nothing."""
        return ""

    def places(self) -> int | None:
        """Return how many runs can be worked on at once; None if that cannot be asked now."""
        until, places = self._places
        if time.monotonic() > until:
            try:
                places = self._count_places()
            except RunError:
                return None
            self._places = time.monotonic() + SECONDS_PLACES_KEPT, places
        return places

    def start(self, run: Run, environment: Mapping[str, str]) -> None:
        """Note a job and submit it; if the system does not answer, `follow` submits it later."""
        handle = Handle(self.name, f"{run.id}-{secrets.token_hex(4)}-1").note_first(run.folder)
        self._send(run, handle, environment)

    def follow(self, runs: Sequence[Run], environment: Mapping[str, str]) -> None:
        """Note in the folders what became of the jobs, start the next attempt of lost ones, and end stopped ones."""
        for run in runs:
            job = run.handle
            if job and job.launcher == self.name and run.state in WORKED_ON:
                try:
                    self._follow(run, job, environment)
                except UnreachableError as error:
                    replace(Heard.of(run.folder, job), alive=None, about=str(error)).note(run.folder)
                except RunError as error:
                    run.finish("failed", str(error))

    def _follow(self, run: Run, handle: Handle, environment: Mapping[str, str]) -> None:
        try:
            job = self._job(handle.name)
        except RunError as error:  # a question that is refused is no reason to give up a run
            raise UnreachableError(str(error)) from error
        if job is None:
            if Heard.of(run.folder, handle).known:
                self._try_again(run, handle, environment, f"{_capital(self.system)} no longer knows its job.")
            elif run.asked_to_stop:
                run.finish("stopped", f"Stopped {run.stopped_before('it started.')}")
            else:
                self._send(run, handle, environment)
        elif job.state is JobState.ENDED:
            self._end(run, handle, job, environment)
        else:
            about = f"{job.where} of {self.system}" if job.where else f"waiting for a place in {self.system}"
            Heard(handle.name, True, True, about).note(run.folder)
            if run.asked_to_stop:
                self._stop(run, handle, job)

    def _send(self, run: Run, handle: Handle, environment: Mapping[str, str]) -> None:
        try:
            self._submit(handle.name, run, environment)
        except UnreachableError as error:
            replace(Heard.of(run.folder, handle), alive=None, about=str(error)).note(run.folder)
        else:
            Heard(handle.name, True, True, f"waiting for a place in {self.system}").note(run.folder)

    def _stop(self, run: Run, handle: Handle, job: Job) -> None:
        """Stop a job that the stop file does not reach: it has not begun, or it does not end."""
        asked = time.time() - last_change([run.folder / "stop"])
        if job.state is JobState.WAITING:
            run.finish("stopped", f"Stopped {run.stopped_before('it started.')}")
            self._end_job(handle.name)  # should it begin meanwhile, the end that is noted makes it exit
        elif asked > SECONDS_TO_STOP:
            self._end_job(handle.name)

    def _end(self, run: Run, handle: Handle, job: Job, environment: Mapping[str, str]) -> None:
        """Decide what the end of a job means that is not noted in the run's folder."""
        os.listdir(run.folder)  # a network file system then looks again for files that were not there
        if run.has_ended:
            return
        code = job.exit_code or 0
        # The result is believed, and a worker will note the end; but not the result of a stop before this job.
        if last_change([run.output / RESULT]) > last_change([run.folder / HANDLE]) and not run.asked_to_stop:
            self._try_again(run, handle, environment, "Its result was written, but not its end.")
        elif job.stopped or run.asked_to_stop:
            run.finish("stopped", f"Stopped in {self.system}. {SAFE}")
        elif code < 0 and -code in KILLED:
            Heard(handle.name, False, True, f"its process was killed on {job.where}").note(run.folder)
        elif code == PAUSED:
            self._try_again(run, handle, environment, "Its job was paused.")
        elif code:
            self._keep_log(run, handle)
            how = f"exit code {code}" if code > 0 else signal.Signals(-code).name
            run.finish(
                "failed",
                f"The run's process ended on {job.where} without a message ({how}); its folder's worker.log has "
                "details. Resume tries again.",
            )
        else:
            lost = (
                f"{_capital(job.where)} was lost."
                if job.lost and job.where
                else f"Its job ended ({job.status})."
            )
            self._try_again(run, handle, environment, lost)

    def _try_again(self, run: Run, handle: Handle, environment: Mapping[str, str], why: str) -> None:
        """Submit the next attempt, or fail the run after the last one."""
        if handle.attempt >= MOST_ATTEMPTS:
            return run.finish("failed", f"{why} That was attempt {handle.attempt} of {MOST_ATTEMPTS}. {SAFE}")
        attempt = handle.attempt + 1
        following = Handle(self.name, f"{handle.name.rpartition('-')[0]}-{attempt}", attempt)
        following.note(run.folder)
        resumes = f"Attempt {attempt} of {MOST_ATTEMPTS} continues from the last checkpoint, if there is one."
        run.log({"note": f"{why} {resumes}"})
        self._send(run, following, environment)

    def _keep_log(self, run: Run, handle: Handle) -> None:
        """Append what the system kept of the output to the run's log; it has what the command could not write there."""
        with suppress(OSError), (run.folder / "worker.log").open("a", encoding="utf-8") as log:
            log.write(self._log_of(handle.name))


def shell_line(words: Sequence[str], run: Run) -> str:
    """Return the line of a shell that runs a command in the project's folder and adds what it prints to a run's log."""
    log = shlex.quote(str(run.folder / "worker.log"))
    return f"cd {shlex.quote(str(ROOT))} && exec {shlex.join(words)} >> {log} 2>&1"


def exit_code(said: int) -> int:
    """Return the exit code of a command, negative for the signal that ended it, from what a shell says of it."""
    number = said - 128
    return -number if number > 0 and number in signal.valid_signals() else said


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]
