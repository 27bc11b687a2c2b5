"""Workers as jobs of a Ray cluster: each is the command line of a local worker on a node with the resource `mlm_demo`.

The job's id is chosen and noted in the run's folder before the job is submitted, and a submitted id cannot be used
again. So a server that is killed in between, or two servers that submit at once, leave one job. Ray tries nothing
again: after a lost node the next attempt continues from the last checkpoint here. What the run's folder says goes
before what Ray says.
"""

import os
import secrets
import shlex
import signal
import sys
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import replace

from mlm_demo.errors import RunError, UnreachableError, shown
from mlm_demo.runs.handle import Handle, Heard
from mlm_demo.runs.local_launcher import KILLED
from mlm_demo.runs.probe import probe
from mlm_demo.runs.ray_cluster import LABEL, WAITING, Job, RayCluster
from mlm_demo.runs.run import WORKED_ON, Run
from mlm_demo.settings import ROOT, Settings
from mlm_demo.system.files import last_change
from mlm_demo.training.result import RESULT

RAY = "2.60"  # the release that is tested, as in requirements-ray.txt
MOST_ATTEMPTS = 3
SECONDS_TO_STOP = 600  # after which a worker that was asked to stop is made to
SECONDS_FROM_TERM_TO_KILL = 60  # Ray's own 3 are too few to save a checkpoint
SECONDS_PLACES_KEPT = 10
LOCAL = "Or unset MLM_DEMO_LAUNCHER to train on the machine of this page."
SAFE = "Everything up to the last checkpoint is safe; Resume continues from there."


class RayLauncher:
    """Starts workers in a Ray cluster. python: the interpreter, under the same path on every node."""

    name = "ray"

    def __init__(self, settings: Settings, cluster: RayCluster, python: str = sys.executable):
        self.settings, self.cluster, self.python = settings, cluster, python
        self.gpus = 0 if settings.device == "cpu" else 1
        self._proven: set[str] = set()
        self._places: tuple[float, int] = (0.0, 0)

    def check(self) -> None:
        """Raise RunError if the cluster cannot work on runs; probe the nodes that are new."""
        try:
            self._check()
        except RunError as error:
            raise type(error)(f"{error} {LOCAL}") from error

    def _check(self) -> None:
        address = self.settings.ray_address
        if not address:
            raise RunError(
                "MLM_DEMO_LAUNCHER is 'ray', but RAY_ADDRESS is not set; set it to the address of the cluster's "
                "dashboard, such as http://HEAD:8265."
            )
        if not self.cluster.address.startswith(("http://", "https://")):
            raise RunError(
                f"RAY_ADDRESS is {shown(address)}; set it to the address of the cluster's dashboard, such as "
                "http://HEAD:8265."
            )
        version = self.cluster.version()
        if version.split(".")[:2] != RAY.split("."):
            raise RunError(
                f"The Ray cluster at {address} has Ray {shown(version)}, and this program was tested with {RAY}; "
                "install requirements-ray.txt on its nodes."
            )
        if self.cluster.is_open():
            raise RunError(
                f"The Ray cluster at {address} answers without a token, so anyone who reaches it can run code there; "
                "start it with RAY_AUTH_MODE=token."
            )
        nodes = [node for node in self.cluster.nodes() if node.places(self.gpus)]
        if not nodes:
            with_gpu = " and a GPU" if self.gpus else ""
            without = ", or set MLM_DEMO_DEVICE=cpu to train without GPUs" if self.gpus else ""
            raise RunError(
                f"No node of the Ray cluster at {address} has the resource {LABEL}{with_gpu}; start one with "
                f"--resources='{{\"{LABEL}\": 1}}'{without}."
            )
        if new := [node for node in nodes if node.id not in self._proven]:
            probe(self.cluster, new, self.settings, self.python)
            self._proven |= {node.id for node in new}

    def places(self) -> int | None:
        """Return how many runs the living nodes can work on at once; None if that cannot be asked now."""
        until, places = self._places
        if time.monotonic() > until:
            try:
                places = sum(node.places(self.gpus) for node in self.cluster.nodes())
            except RunError:
                return None
            self._places = time.monotonic() + SECONDS_PLACES_KEPT, places
        return places

    def start(self, run: Run, environment: Mapping[str, str]) -> None:
        """Note a job and submit it; if the cluster does not answer, `follow` submits it later."""
        handle = Handle(self.name, f"{run.id}-{secrets.token_hex(4)}-1").note_first(run.folder)
        self._submit(run, handle, environment)

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
        job = self.cluster.job(handle.name)
        if job is None:
            if Heard.of(run.folder, handle).known:
                self._try_again(run, handle, environment, "The Ray cluster no longer knows its job.")
            elif run.asked_to_stop:
                run.finish("stopped", "Stopped before it started.")
            else:
                self._submit(run, handle, environment)
        elif job.has_ended:
            self._end(run, handle, job, environment)
        else:
            about = (
                f"node {job.ip} of the Ray cluster" if job.ip else "waiting for a place in the Ray cluster"
            )
            Heard(handle.name, True, True, about).note(run.folder)
            if run.asked_to_stop:
                self._stop(run, handle, job)

    def _submit(self, run: Run, handle: Handle, environment: Mapping[str, str]) -> None:
        words = [self.python, "-m", "mlm_demo", "work", run.id, "--handle", handle.name]
        # Ray sets one thread for jobs that name no CPUs.
        threads = "" if "OMP_NUM_THREADS" in environment else "env -u OMP_NUM_THREADS "
        log = shlex.quote(str(run.folder / "worker.log"))
        wanted = {"entrypoint_resources": {LABEL: 1}}
        if self.gpus:
            wanted["entrypoint_num_gpus"] = self.gpus
        try:
            self.cluster.submit(
                handle.name,
                f"cd {shlex.quote(str(ROOT))} && exec {threads}{shlex.join(words)} >> {log} 2>&1",
                {**environment, "RAY_JOB_STOP_WAIT_TIME_S": str(SECONDS_FROM_TERM_TO_KILL)},
                metadata={"run": run.id},
                **wanted,
            )
        except UnreachableError as error:
            replace(Heard.of(run.folder, handle), alive=None, about=str(error)).note(run.folder)
        else:
            Heard(handle.name, True, True, "waiting for a place in the Ray cluster").note(run.folder)

    def _stop(self, run: Run, handle: Handle, job: Job) -> None:
        """Stop a job that the stop file does not reach: it has not begun, or it does not end."""
        asked = time.time() - last_change([run.folder / "stop"])
        if job.status == WAITING:
            run.finish("stopped", "Stopped before it started.")
            self.cluster.stop(handle.name)  # should it begin meanwhile, the end that is noted makes it exit
        elif asked > SECONDS_TO_STOP:
            self.cluster.stop(handle.name)

    def _end(self, run: Run, handle: Handle, job: Job, environment: Mapping[str, str]) -> None:
        """Decide what the end of a job means that is not noted in the run's folder."""
        os.listdir(run.folder)  # a network file system then looks again for files that were not there
        if run.has_ended:
            return
        code = job.exit_code or 0
        if (run.output / RESULT).exists() and not run.asked_to_stop:  # believed: a worker will note the end
            self._try_again(run, handle, environment, "Its result was written, but not its end.")
        elif job.status == "STOPPED" or run.asked_to_stop:
            run.finish("stopped", f"Stopped in the Ray cluster. {SAFE}")
        elif code < 0 and -code in KILLED:
            Heard(handle.name, False, True, f"its process was killed on node {job.ip}").note(run.folder)
        elif code:
            self._keep_log(run, handle)
            how = f"exit code {code}" if code > 0 else signal.Signals(-code).name
            run.finish(
                "failed",
                f"The run's process ended on node {job.ip} without a message ({how}); its folder's worker.log has "
                "details. Resume tries again.",
            )
        else:
            lost = (
                f"Node {job.ip} was lost."
                if job.ip and job.status == "FAILED"
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
        self._submit(run, following, environment)

    def _keep_log(self, run: Run, handle: Handle) -> None:
        """Append what Ray kept of the output to the run's log; it has what the command could not write there."""
        with suppress(OSError), (run.folder / "worker.log").open("a", encoding="utf-8") as log:
            log.write(self.cluster.log(handle.name))
