"""Adaptations as runs: a person's files and choices into a run in the queue, and what is told of it.

What the page and the HTTP endpoints share; plain values in, JSON out. Files wait as a draft until a run is started
with them; what is in them is read by a child process, which a file made to harm cannot outlive.
"""

import hashlib
import json
import secrets
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path

from mlm_demo.errors import CorpusError, RunError
from mlm_demo.models.catalogue import check_allowed
from mlm_demo.models.hub import DownloadPolicy
from mlm_demo.runs.adapted_models import catalogue_of
from mlm_demo.runs.queue import RunQueue
from mlm_demo.runs.run import AT_REST, Run, owner_hash
from mlm_demo.runs.staging import Staging
from mlm_demo.runs.step_times import Trials
from mlm_demo.runs.store import RunStore
from mlm_demo.runs.tasks.adapt import AdaptRequest, check_size
from mlm_demo.settings import READING_SECONDS, ROOT, Settings, on_zero_gpu
from mlm_demo.system.files import seconds_since
from mlm_demo.system.priority import lower_priority
from mlm_demo.training.result import AdaptationResult, read_result

SAMPLE = ROOT / "assets" / "corpora" / "beekeeping.txt"
PACKED_SECONDS_KEPT = 86_400


class RunService:
    """The drafts, the runs and the queue under one data folder. Safe to share between threads."""

    def __init__(self, settings: Settings):
        self.settings = settings
        self.runs = RunStore(settings.runs)
        self.catalogue = catalogue_of(settings)
        self.queue = RunQueue(
            self.runs,
            most_waiting=settings.max_waiting,
            most_of_one=settings.max_runs_a_person,
            most_of_an_address=settings.max_runs_an_address,
            environment=settings.to_environment(),
            starts=not on_zero_gpu(),
        )
        self._starting, self._trials = threading.Lock(), Trials()
        self.staging = Staging(
            settings.data_folder / "drafts",
            max_megabytes=settings.max_upload_megabytes,
            max_files=settings.max_files,
        )

    def report(
        self, draft: str, choices: AdaptRequest, on_progress: Callable[[str], None] = lambda what: None
    ) -> dict:
        """What is in a draft's files, by the verb adapt --report; raises CorpusError with its sentence."""
        words = [str(path) for path in self.staging.files(draft)]
        command = [sys.executable, "-m", "mlm_demo", "adapt", *words, *choices.to_argv()]
        command += ["--output", str(self.staging.folder / draft / "output"), "--report", "--json"]
        command += self._trials.words(choices)
        with (
            tempfile.TemporaryFile("w+") as answer,
            subprocess.Popen(
                command,
                cwd=ROOT,
                env=self.queue.environment_of_worker(),
                stdin=subprocess.DEVNULL,
                stdout=answer,
                stderr=subprocess.PIPE,
                text=True,
            ) as child,
        ):
            lower_priority(child.pid, awaited=True)
            limit = threading.Timer(READING_SECONDS, child.kill)
            limit.start()
            last = ""
            try:
                for line in child.stderr:
                    last = line.strip() or last
                    on_progress(last)
                child.wait()
            finally:
                limit.cancel()
                child.kill()
            if child.returncode == 0:
                answer.seek(0)
                found = json.load(answer)
                self._trials.keep(choices, found)
                return found
        if last.startswith("mlm_demo: "):
            raise CorpusError(last.removeprefix("mlm_demo: "))
        raise CorpusError(
            f"The files could not be read (the reading ended with {child.returncode}): it took longer than "
            f"{READING_SECONDS // 60} minutes or more memory than there is. Try them one by one."
        )

    def start(self, draft: str, choices: AdaptRequest, owner: str, address: str = "") -> Run:
        """Put a run with a draft's files into the queue; raises RunError, CorpusError, ModelError and says why not.

        owner: the secret of whose it will be; address: a hash of where it comes from.
        """
        files, policy = self.staging.files(draft), DownloadPolicy.of(self.settings)
        base = self.catalogue.find_or_default(choices.model)
        check_allowed(base, policy)
        check_size(choices.config, self.settings)
        fingerprint = _fingerprint(files, choices)
        title = files[0].name + (f" and {len(files) - 1} more" if len(files) > 1 else "")

        def command(run: Run) -> list[str]:
            words = [str(path) for path in self.staging.copy_to(draft, run.input)]
            given = ["--output", str(run.output), "--run", run.id]
            return ["-m", "mlm_demo", "adapt", *words, *choices.to_argv(), *given]

        about = {
            "model": base.title if base.kind == "adapted" else base.name,
            "base": base.name,
            "files": [path.name for path in files],
            "budget": choices.budget,
            "words": choices.to_argv(),
        }
        with self._starting:  # of two who start at once, the second finds the first under way
            self.queue.check_room(owner_hash(owner), fingerprint, address)
            self.make_room()
            run = self.runs.create(
                command, title=title, owner=owner, fingerprint=fingerprint, about=about, address=address
            )
        # Not before: where no run can be made, the files are still there to try again.
        self.staging.forget(draft)
        self.queue.tick()
        return run

    def require_owner(self, id: str, owner: str) -> Run:
        """A run that its owner may stop, resume or delete; raises RunError for anybody else."""
        run = self.runs.find(id)
        if not self.is_owner(run, owner):
            raise RunError(f"The run {run.id} was started in another browser; only there it can be changed.")
        return run

    def is_owner(self, run: Run, owner: str) -> bool:
        """Whether a run was started by the person of this secret."""
        return bool(owner) and secrets.compare_digest(run.request.owner, owner_hash(owner))

    def status(self, run: Run) -> dict:
        """How a run stands, as JSON: state, place in the queue, the last of each kind of log line, the figures."""
        lines = list(run.lines())
        steps = next((line for line in reversed(lines) if "loss" in line), {})
        held_out = next((line for line in reversed(lines) if "eval_loss" in line), {})
        kept = ("step", "of", "loss", "tokens_per_second", "peak_megabytes", "seconds")
        result = result_of(run)
        return {
            "run": run.id,
            "state": run.state,
            "message": run.message,
            "place": self.queue.position(run),
            "stage": next((line["stage"] for line in reversed(lines) if "stage" in line), ""),
            **{name: steps.get(name) for name in kept},
            "eval_loss": held_out.get("eval_loss"),
            "report": next((line["report"] for line in lines if "report" in line), None),
            "figures": result.to_json()["figures"] if result else None,
        }

    def make_room(self) -> None:
        """Delete the runs that ended first until all take no more disk than they may; raises RunError if they do."""
        sizes, runs = self.runs.sizes(), self.runs.all()
        most, total = self.settings.max_disk_gigabytes * 1e9, sum(sizes.get(run.id, 0) for run in runs)
        for run in sorted(runs, key=lambda run: run.touched):
            if total <= most:
                return
            if run.state in AT_REST:
                run.delete()
                total -= sizes.get(run.id, 0)
        if total > most:
            raise RunError(
                f"The runs under way take {total / 1e9:.1f} GB, all that runs may take here; try again later."
            )

    def sweep(self) -> None:
        """Delete drafts of a day ago, and runs that ended longer ago than they are kept, or take too much disk."""
        self.staging.sweep()
        self.runs.sweep(self.settings.keep_days)
        for run in self.runs.all():
            if seconds_since([run.packed]) > PACKED_SECONDS_KEPT:
                run.packed.unlink(missing_ok=True)
        with suppress(RunError):  # those under way may take what they take
            self.make_room()

    def keep_going(self, going: Callable[[], bool]) -> None:
        """Start what waits as its turn comes and sweep now and then, until going() is false.

        What stands in the way is told once, until it is something else: it must not end the queue.
        """
        swept, told = -3600.0, ""
        while going():
            trouble = ""
            try:
                self.queue.tick()
                if time.monotonic() - swept > 3600:
                    swept = time.monotonic()
                    self.sweep()
            except Exception as error:  # of whatever kind: nobody would start the next run
                trouble = str(error) or type(error).__name__
            if trouble and trouble != told:
                print(f"mlm_demo: the queue stands still: {trouble}", file=sys.stderr, flush=True)
            told = trouble
            time.sleep(1)


def result_of(run: Run) -> AdaptationResult | None:
    """Return the result of a run, None while there is none."""
    return read_result(run.output)


def _fingerprint(files: Sequence[Path], choices: AdaptRequest) -> str:
    digest = hashlib.sha256(json.dumps(choices.to_argv()).encode())
    for path in files:
        with path.open("rb") as file:
            digest.update(hashlib.file_digest(file, "sha256").digest())
    return digest.hexdigest()
