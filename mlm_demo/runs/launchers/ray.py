"""Workers as jobs of a Ray cluster: each is a local worker's command line on a node with the resource `mlm_demo`."""

import os
import sys
from collections.abc import Mapping

from mlm_demo.errors import RunError, shown
from mlm_demo.runs.launchers.jobs import Job, JobLauncher, JobState, shell_line
from mlm_demo.runs.launchers.probe import probe
from mlm_demo.runs.launchers.ray_cluster import LABEL, RUNNING, WAITING, RayCluster
from mlm_demo.runs.launchers.ray_together import SHARE
from mlm_demo.runs.run import Run
from mlm_demo.settings import ROOT, Settings

RAY = "2.60"  # the release that is tested, as in requirements-ray.txt
SECONDS_FROM_TERM_TO_KILL = 60  # Ray's own 3 are too few to save a checkpoint
STATES = {WAITING: JobState.WAITING, RUNNING: JobState.RUNNING}  # any other is an end


class RayLauncher(JobLauncher):
    """Starts workers in a Ray cluster. python: the interpreter, under the same path on every node."""

    name, system = "ray", "the Ray cluster"

    def __init__(self, settings: Settings, cluster: RayCluster, python: str = sys.executable):
        super().__init__()
        self.settings, self.cluster, self.python = settings, cluster, python
        self.gpus = 0 if settings.device == "cpu" else 1
        self._proven: set[str] = set()

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

    def _count_places(self) -> int:
        nodes = self.cluster.nodes()
        if (processes := self.settings.run_processes) == 1:
            return sum(node.places(self.gpus) for node in nodes)
        device = "GPU" if self.gpus else "CPU"
        return int(
            sum(node.resources.get(device, 0) for node in nodes if LABEL in node.resources) // processes
        )

    def _job(self, name: str) -> Job | None:
        job = self.cluster.job(name)
        return job and Job(
            STATES.get(job.status, JobState.ENDED),
            where=f"node {job.ip}" if job.ip else "",
            status=job.status,
            exit_code=job.exit_code,
            lost=job.status == "FAILED",
            stopped=job.status == "STOPPED",
        )

    def _submit(self, name: str, run: Run, environment: Mapping[str, str]) -> None:
        processes = self.settings.run_processes
        # Ray sets one thread for jobs that name no CPUs.
        threads = () if "OMP_NUM_THREADS" in environment else ("env", "-u", "OMP_NUM_THREADS")
        words = [*threads, self.python, "-m", "mlm_demo", "work", run.id, "--handle", name]
        wanted = {"entrypoint_resources": {LABEL: 1}}
        if processes > 1:  # the devices are for those that this job starts
            words += ["--processes", str(processes)]
            wanted = {"entrypoint_resources": {LABEL: 1 - SHARE * processes}}
            paths = [str(ROOT), *filter(None, [environment.get("PYTHONPATH")])]
            environment = {**environment, "PYTHONPATH": os.pathsep.join(paths)}
        elif self.gpus:
            wanted["entrypoint_num_gpus"] = self.gpus
        self.cluster.submit(
            name,
            shell_line(words, run),
            {**environment, "RAY_JOB_STOP_WAIT_TIME_S": str(SECONDS_FROM_TERM_TO_KILL)},
            metadata={"run": run.id},
            **wanted,
        )

    def _end_job(self, name: str) -> None:
        self.cluster.stop(name)

    def _log_of(self, name: str) -> str:
        return self.cluster.log(name)
