"""Workers as jobs of Slurm, submitted by submitit: each is the command line of a local worker on a node of a partition.

submitit writes the batch script and puts a job back into Slurm's queue when it was preempted or its time is over
(`slurm_work.py`); Slurm does the same when a node is lost. The name of the job is ours, so it can be found whoever
submitted it. Its state is asked of Slurm's controller: `sacct`, which submitit asks, needs a database that small
clusters lack.
"""

import re
import shlex
import shutil
import subprocess
from collections.abc import Mapping
from importlib.util import find_spec

from mlm_demo.errors import RunError, UnreachableError, shown
from mlm_demo.runs.launchers.jobs import Job, JobLauncher, JobState, exit_code
from mlm_demo.runs.launchers.slurm_work import SlurmWork
from mlm_demo.runs.run import Run
from mlm_demo.settings import ROOT, Settings
from mlm_demo.system.files import writing

SECONDS_TO_ANSWER = 30
MOST_TIMEOUTS = 1000  # of a job; a run has a time limit of its own
NO_ANSWER = re.compile(
    r"unable to contact|not connected|connection (refused|timed out)|socket timed out|zero bytes",
    re.IGNORECASE,
)
WAITING = {
    "PENDING",
    "CONFIGURING",
    "REQUEUED",
    "REQUEUE_HOLD",
    "REQUEUE_FED",
    "SPECIAL_EXIT",
    "RESV_DEL_HOLD",
}
RUNNING = {"RUNNING", "COMPLETING", "SUSPENDED", "STOPPED", "SIGNALING", "STAGE_OUT", "RESIZING"}
LOST = {"NODE_FAIL", "BOOT_FAIL"}
KEPT_BACK = "MLM_DEMO_OWNER_PASSWORD"  # the page's own secret, which a job has no use for


class SlurmLauncher(JobLauncher):
    """Starts workers as Slurm jobs, a node for each run."""

    name, system = "slurm", "Slurm"

    def __init__(self, settings: Settings):
        super().__init__()
        self.settings = settings
        self.gpus = 0 if settings.device == "cpu" else 1

    def _check(self) -> None:
        if not shutil.which("sbatch"):
            raise RunError(
                "MLM_DEMO_LAUNCHER is 'slurm', but this machine has no command sbatch; start the page on a machine "
                "from which Slurm jobs are submitted."
            )
        if find_spec("submitit") is None:
            raise RunError(
                "MLM_DEMO_LAUNCHER is 'slurm', but submitit is not installed; run "
                "`.venv/bin/pip install -r requirements-slurm.txt`."
            )
        partition, found = self.settings.slurm_partition, self._nodes()
        if not found:
            which = f"the partition {shown(partition)}" if partition else "any partition"
            raise RunError(
                f"Slurm has no node in {which}; set MLM_DEMO_SLURM_PARTITION to one that `sinfo` lists."
            )
        if self.gpus and not any("gpu" in resources for resources in found.values()):
            raise RunError(
                "No node of Slurm has a GPU there; set MLM_DEMO_SLURM_PARTITION to a partition with GPUs, or "
                "MLM_DEMO_DEVICE=cpu to train without."
            )

    def _nodes(self) -> dict[str, str]:
        """Return the generic resources of each node that may train, by its name."""
        only = ["--partition", self.settings.slurm_partition] if self.settings.slurm_partition else []
        states = "idle,mixed,allocated,completing,planned"
        lines = _ask(
            "sinfo", "--noheader", "--Node", "--states", states, *only, "--format", "%N|%G"
        ).splitlines()
        return dict(line.strip().split("|", 1) for line in lines if "|" in line)

    def _count_places(self) -> int:
        return sum(not self.gpus or "gpu" in resources for resources in self._nodes().values())

    def _job(self, name: str) -> Job | None:
        lines = _ask(
            "squeue", "--noheader", "--name", name, "--states", "all", "--format", "%A|%T|%N"
        ).split()
        if not lines:
            return None
        number, status, node = lines[-1].split("|")
        where = f"node {node}" if node and node != "(null)" else ""
        if status in WAITING:
            return Job(JobState.WAITING, status=status)
        if status in RUNNING:
            return Job(JobState.RUNNING, where=where, status=status)
        return Job(
            JobState.ENDED,
            where=where,
            status=status,
            exit_code=self._exit_code(number),
            lost=status in LOST,
            stopped=status == "CANCELLED",
        )

    def _exit_code(self, number: str) -> int | None:
        """Return the exit code of an ended job, negative for a signal; None once Slurm has forgotten it."""
        try:
            facts = _ask("scontrol", "show", "job", number, "--oneliner")
        except RunError:
            return None
        found = re.search(r"\bExitCode=(\d+):(\d+)", facts)
        if found is None:
            return None
        code, signal = map(int, found.groups())
        return -signal if signal else exit_code(code)

    def _submit(self, name: str, run: Run, environment: Mapping[str, str]) -> None:
        if self._job(name) is not None:
            return
        import submitit

        folder = self.settings.data_folder / "slurm"
        with writing(folder):
            folder.mkdir(parents=True, exist_ok=True)
        executor = submitit.SlurmExecutor(folder=folder / "%j", max_num_timeout=MOST_TIMEOUTS)
        executor.update_parameters(
            job_name=name,
            time=self.settings.slurm_minutes,
            partition=self.settings.slurm_partition or None,
            gpus_per_node=self.gpus or None,
            setup=[
                f"cd {shlex.quote(str(ROOT))}",
                f"unset {KEPT_BACK}",
                *(f"export {key}={shlex.quote(value)}" for key, value in environment.items()),
            ],
            stderr_to_stdout=True,
            additional_parameters={"requeue": True, "chdir": str(ROOT)},
        )
        try:
            executor.submit(SlurmWork(run.id, name, run.folder / "worker.log"))
        except (subprocess.CalledProcessError, submitit.core.utils.FailedJobError) as error:
            raise _refusal(str(error)) from error

    def _end_job(self, name: str) -> None:
        _ask("scancel", "--name", name)


def _ask(*words: str) -> str:
    """Return what a command of Slurm prints; raises UnreachableError if it cannot say it now."""
    try:
        answer = subprocess.run(
            words,
            capture_output=True,
            text=True,
            timeout=SECONDS_TO_ANSWER,
            check=False,
        )
    except subprocess.TimeoutExpired as error:
        raise UnreachableError(
            f"Slurm does not answer ({words[0]} took over {SECONDS_TO_ANSWER} s)."
        ) from error
    except OSError as error:
        raise UnreachableError(f"Slurm cannot be asked: {words[0]}: {error.strerror}.") from error
    if answer.returncode:  # never a reason to give up a run
        raise UnreachableError(f"Slurm does not answer ({_last_line(answer.stderr)}); see `scontrol ping`.")
    return answer.stdout


def _refusal(text: str) -> RunError:
    """Return why a job was not taken: because nobody answered, or because it was refused."""
    if NO_ANSWER.search(text):
        return UnreachableError(f"Slurm does not answer ({_last_line(text)}); see `scontrol ping`.")
    return RunError(f"Slurm refuses the job ({_last_line(text)}).")


def _last_line(text: str) -> str:
    lines = [line for line in text.splitlines() if line.strip()]
    return shown(lines[-1] if lines else "no reason given", 200)
