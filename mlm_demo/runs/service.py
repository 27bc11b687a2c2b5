"""The runs as the page and the HTTP endpoints use them: report on files, start a run, return its status, clean up.

Uploaded files wait as a draft until a run starts with them.
"""

import hashlib
import json
import os
import secrets
import sys
import threading
import time
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path

from mlm_demo.errors import CorpusError, RunError
from mlm_demo.models.catalogue import ADAPTED, FINETUNED, check_allowed
from mlm_demo.models.hub import DownloadPolicy
from mlm_demo.models.tasks import TASKS as DOWNSTREAM
from mlm_demo.runs.adapted_models import catalogue_of
from mlm_demo.runs.child_process import Launch
from mlm_demo.runs.launchers.hub_jobs import HubJobsLauncher
from mlm_demo.runs.launchers.launcher import Launcher
from mlm_demo.runs.launchers.local import LocalLauncher
from mlm_demo.runs.launchers.ray import RayLauncher
from mlm_demo.runs.launchers.ray_cluster import RayCluster, ray_token
from mlm_demo.runs.launchers.slurm import SlurmLauncher
from mlm_demo.runs.names import checked_name, default_name, distinct
from mlm_demo.runs.queue import RunQueue
from mlm_demo.runs.reader import Reader
from mlm_demo.runs.run import ACTIVE, ENDED, WORKED_ON, Run, owner_hash, step_reached
from mlm_demo.runs.staging import Staging
from mlm_demo.runs.store import RunStore, models_of
from mlm_demo.runs.tasks.adapt import Adaptation, AdaptRequest
from mlm_demo.runs.tasks.finetune import FinetuneRequest, Finetuning
from mlm_demo.runs.tasks.pretrain import Pretraining
from mlm_demo.runs.tasks.registry import TASKS
from mlm_demo.runs.tasks.task import RunRequest, short_title
from mlm_demo.settings import ROOT, Settings, on_zero_gpu
from mlm_demo.system.files import seconds_since
from mlm_demo.training.downstream.result import FinetuneResult, read_finetune_result
from mlm_demo.training.pretraining.result import PretrainResult, read_pretrain_result
from mlm_demo.training.result import AdaptationResult, read_result

SAMPLE = ROOT / "assets" / "corpora" / "beekeeping.txt"
SAMPLE_EXAMPLES = {task: ROOT / "assets" / "examples" / f"sample-{task}.csv" for task in DOWNSTREAM}
PACKED_SECONDS_KEPT = 86_400
FROM_SCRATCH = "from scratch"  # in place of a base model


@dataclass(frozen=True)
class Deleted:
    """How much of one person's was deleted; going: runs that are deleted as soon as they have stopped."""

    runs: int
    going: int
    drafts: int


class RunService:
    """The drafts, the runs and the queue of one data folder. Safe to share between threads.

    launch: starts workers on this machine, and readers; None means `launcher.launch`.
    """

    def __init__(self, settings: Settings, launch: Launch | None = None):
        self.settings = settings
        self.runs = RunStore(settings.runs)
        self.catalogue = catalogue_of(settings)
        self.queue = RunQueue(
            self.runs,
            _launcher_of(settings, launch),
            max_waiting=settings.max_waiting,
            max_per_owner=settings.max_runs_a_person,
            max_per_address=settings.max_runs_an_address,
            environment=settings.to_environment(),
            starts=not on_zero_gpu(),
        )
        self._starting = threading.Lock()
        self.staging = Staging(
            settings.data_folder / "drafts",
            max_megabytes=settings.max_upload_megabytes,
            max_files=settings.max_files,
        )
        self.reader = Reader(self.staging, settings, self.catalogue, launch)

    @property
    def trains_here(self) -> bool:
        """Whether runs are worked on by this machine."""
        return self.queue.launcher.name == LocalLauncher.name

    def report(
        self, draft: str, request: AdaptRequest, on_progress: Callable[[str], None] = lambda stage: None
    ) -> dict:
        """Return the report on a draft's files, as JSON; raises CorpusError, ModelError."""
        return self.reader.report(draft, request, self.queue.environment_of_reader(), on_progress)

    def examples(
        self, draft: str, request: FinetuneRequest, on_progress: Callable[[str], None] = lambda stage: None
    ) -> dict:
        """Return what the examples in a draft's files are, as JSON; raises CorpusError."""
        return self.reader.examples(draft, request, self.queue.environment_of_reader(), on_progress)

    def papers(
        self,
        files: Sequence[Path],
        on_progress: Callable[[str], None] = lambda stage: None,
        *,
        column: str = "",
    ) -> tuple[list[list], list[str]]:
        """Read uploaded files into papers, as `engine.extract` takes them; return them and notes.

        column: of tables, empty to guess it. Raises CorpusError.
        """
        draft = self.staging.add(files)  # a copy, because a client may ask the same upload again
        try:
            return self.reader.papers(draft, column, self.queue.environment_of_reader(), on_progress)
        finally:
            self.staging.forget(draft)

    def papers_of(
        self, id: str, owner: str, on_progress: Callable[[str], None] = lambda stage: None
    ) -> tuple[list[list], list[str]]:
        """Read the files of a run of this person into papers, as `papers` does.

        Raises RunError for another person, CorpusError if the files are gone.
        """
        run = self.require_owner(id, owner)
        if not run.files:
            raise CorpusError("The files of this run are no longer here.")
        return self.papers(run.files, on_progress, column=run.request.request.get("column") or "")

    def delete_files(self, id: str, owner: str) -> Sequence[str]:
        """Delete the files of a run that is done, for its owner; return their names. Raises RunError."""
        run = self.require_owner(id, owner)
        if run.state != "done":
            raise RunError(
                f"The run {run.id} is {run.state}; its files are needed to resume it. Delete the run."
            )
        names = [path.name for path in run.files]
        run.delete_files()
        return names

    def start(self, draft: str, request: RunRequest, owner: str, address: str = "") -> Run:
        """Put a run with a draft's files into the queue; raises RunError, CorpusError, ModelError, TrainingError.

        owner: the owner's secret; address: a hash of the address that the request came from.
        """
        files, task = self.staging.files(draft), TASKS[request.verb]
        base = task.base(request, self.catalogue)
        if base:
            check_allowed(base, DownloadPolicy.of(self.settings))
            request = replace(request, model=base.name)
        task.check(request, self.settings)
        self.queue.launcher.check()
        fingerprint = _fingerprint(files, request)
        start, model = FROM_SCRATCH, FROM_SCRATCH
        if base:
            start, model = short_title(base), base.title if base.kind in (ADAPTED, FINETUNED) else base.name
        name = default_name(start, request.made, [path.name for path in files])
        about = {
            "model": model,
            "base": base.name if base else "",
            "files": [path.name for path in files],
            "budget": request.budget,
            "words": request.to_argv(),
        }
        with self._starting:  # one at a time, so that two equal requests do not both pass the checks
            self.queue.check_limits(owner_hash(owner), fingerprint, address)
            self.make_room()
            run = self.runs.create(
                lambda run: self.staging.copy_to(draft, run.input),
                title=distinct(name, self._names(owner)),
                task=task.name,
                request=request.to_json(),
                owner=owner,
                fingerprint=fingerprint,
                about=about,
                address=address,
            )
        self.staging.forget(draft)  # only now, so that a person can try again if no run could be created
        self.queue.tick()
        return run

    def delete_all(self, owner: str) -> Deleted:
        """Delete all runs and drafts of one person; runs that are running, as soon as they have stopped."""
        runs, going = 0, 0
        for run in self.runs.owned_by(owner):
            if run.state in WORKED_ON:
                run.ask_to_delete()
                going += 1
            else:
                run.delete()
                runs += 1
        drafts = self.staging.owned_by(owner)
        for draft in drafts:
            self.staging.forget(draft)
        return Deleted(runs, going, len(drafts))

    def require_owner(self, id: str, owner: str) -> Run:
        """Return a run for its owner to change; raises RunError for anybody else."""
        run = self.runs.find(id)
        if not self.is_owner(run, owner):
            raise RunError(f"The run {run.id} was started in another browser; change it there.")
        return run

    def rename(self, id: str, owner: str, name: str) -> str:
        """Give a run another name, and return it without the spaces around; raises RunError."""
        run = self.require_owner(id, owner)
        with self._starting:  # a run that starts now looks at the names too
            name = checked_name(name, self._names(owner, except_of=id))
            run.rename(name)
        return name

    def _names(self, owner: str, except_of: str = "") -> list[str]:
        return [run.name for run in self.runs.owned_by(owner) if run.id != except_of]

    def reweigh(self, id: str, owner: str, share: float) -> None:
        """Give a run's model another share of what it learned; raises RunError, TrainingError."""
        run = self.require_owner(id, owner)
        if run.state in ACTIVE:
            raise RunError(f"The run {run.id} is {run.state}; its model can be changed when it has ended.")
        result = result_of(run)
        if result is None:
            raise RunError(f"The run {run.id} has no model to change; resume it, or start another one.")
        if result.share == share:
            return
        from mlm_demo.training.reweigh import reweigh  # here, because it imports torch

        reweigh(run.output, share)

    def is_owner(self, run: Run, owner: str) -> bool:
        """Return whether this is the secret of the run's owner."""
        return bool(owner) and secrets.compare_digest(run.request.owner, owner_hash(owner))

    def status(self, run: Run) -> dict:
        """Return a run's status as JSON: state, queue position, the last log line of each kind, the metrics."""
        lines = list(run.lines())
        steps = next((line for line in reversed(lines) if "loss" in line), {})
        held_out = next((line for line in reversed(lines) if "eval_loss" in line), {})
        reached = step_reached(lines) if steps else {}
        kept = ("loss", "tokens_per_second", "peak_megabytes", "seconds")
        task = TASKS.get(run.request.task)
        return {
            "run": run.id,
            "name": run.name,
            "state": run.state,
            "message": run.message,
            "place": self.queue.position(run),
            "where": run.whereabouts,
            "stage": next((line["stage"] for line in reversed(lines) if "stage" in line), ""),
            "step": reached.get("step"),
            "of": reached.get("of"),
            **{name: steps.get(name) for name in kept},
            "eval_loss": held_out.get("eval_loss"),
            "report": next((line["report"] for line in lines if "report" in line), None),
            "figures": task.figures(run) if task else None,
        }

    def make_room(self) -> None:
        """Delete ended runs, the oldest first, until the rest fits the disk limit; raises RunError if it cannot."""
        sizes, left = self.runs.sizes(), {run.id: run for run in self.runs.all()}
        states = {id: run.state for id, run in left.items()}
        needs = {id: models_of(run) for id, run in left.items() if states[id] != "done"}

        def needed_by(ids: Iterable[str]) -> set[str]:
            return set().union(*(needs.get(id, ()) for id in ids))

        kept = {id for id in left if states[id] not in ENDED}
        while more := needed_by(kept) - kept:
            kept |= more  # a stopped run whose model an active one needs keeps its own base
        limit, total = self.settings.max_disk_gigabytes * 1e9, sum(sizes.get(id, 0) for id in left)
        if (size := sum(sizes.get(id, 0) for id in kept)) > limit:
            raise RunError(
                f"The active runs use {size / 1e9:.1f} GB, which exceeds the disk limit for runs; try again later."
            )
        while total > limit:
            ended = [left[id] for id in left.keys() - kept - needed_by(left)]
            oldest = min(ended, key=lambda run: run.touched)
            oldest.delete()
            del left[oldest.id]
            total -= sizes.get(oldest.id, 0)

    def sweep(self) -> None:
        """Delete drafts older than a day, and runs that have expired or exceed the disk limit."""
        self.staging.sweep()
        self.runs.sweep(self.settings.keep_days)
        for run in self.runs.all():
            if seconds_since([run.archive]) > PACKED_SECONDS_KEPT:
                run.archive.unlink(missing_ok=True)
        with suppress(RunError):  # active runs alone may exceed the limit
            self.make_room()

    def run_queue(self, is_serving: Callable[[], bool]) -> None:
        """Start runs from the queue and sweep every hour, while is_serving() is true.

        An error does not end the queue; it is printed once, until a different one occurs.
        """
        swept, printed = -3600.0, ""
        while is_serving():
            problem = ""
            try:
                self.queue.tick()
                if time.monotonic() - swept > 3600:
                    swept = time.monotonic()
                    self.sweep()
            except Exception as error:  # any error: without this thread no run would start
                problem = str(error) or type(error).__name__
            if problem and problem != printed:
                print(f"mlm_demo: the queue has stopped: {problem}", file=sys.stderr, flush=True)
            printed = problem
            time.sleep(1)


def _launcher_of(settings: Settings, launch: Launch | None) -> Launcher:
    if settings.launcher == RayLauncher.name:
        return RayLauncher(settings, RayCluster(settings.ray_address, ray_token(os.environ)))
    if settings.launcher == SlurmLauncher.name:
        return SlurmLauncher(settings)
    if settings.launcher == HubJobsLauncher.name:
        return HubJobsLauncher(settings)
    return LocalLauncher(launch, settings.run_processes)


def result_of(run: Run) -> AdaptationResult | None:
    """Return the result of an adaptation, or None while there is none; None for runs of another task."""
    return read_result(run.output) if run.request.task == Adaptation.name else None


def finetune_result_of(run: Run) -> FinetuneResult | None:
    """Return the result of a fine-tuning, or None while there is none; None for runs of another task."""
    return read_finetune_result(run.output) if run.request.task == Finetuning.name else None


def pretrain_result_of(run: Run) -> PretrainResult | None:
    """Return the result of a training from scratch, or None while there is none; None for runs of another task."""
    return read_pretrain_result(run.output) if run.request.task == Pretraining.name else None


def _fingerprint(files: Sequence[Path], request: RunRequest) -> str:
    """Return a hash of the files and settings of a request."""
    digest = hashlib.sha256(json.dumps([request.verb, request.to_json()]).encode())
    for path in files:
        with path.open("rb") as file:
            digest.update(hashlib.file_digest(file, "sha256").digest())
    return digest.hexdigest()
