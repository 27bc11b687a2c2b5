"""Probe the nodes of a cluster before their first run: each has to see the data folder and this very program.

The server writes a question into the data folder; a job on each node reads it and writes its answer beside it.
"""

import platform
import secrets
import shlex
import shutil
import sys
import time

from mlm_demo import __version__
from mlm_demo.errors import RunError, UnreachableError, shown
from mlm_demo.runs.launchers.ray_cluster import Job, Node, RayCluster
from mlm_demo.settings import ROOT, Settings
from mlm_demo.system.files import read, write, writing

SECONDS_TO_ANSWER, SECONDS_BETWEEN_LOOKS = 90, 0.2
NO_FOLDER, NO_PROGRAM = 43, 44  # exit codes of a probe's command
RAYS_OWN_LINE = "Running entrypoint for job"  # in the log of a job, often after the first lines of its output
QUESTION = "question.json"


def probe(cluster: RayCluster, nodes: list[Node], settings: Settings, python: str = sys.executable) -> None:
    """Raise RunError with the reason if one of the nodes could not work on a run.

    python: the interpreter, which has to be on each node under the same path.
    """
    nonce = secrets.token_hex(8)
    folder = settings.data_folder / "probes" / nonce
    with writing(settings.data_folder):
        folder.mkdir(parents=True)
        write(folder / QUESTION, {"nonce": nonce})
    try:
        names = [f"mlm_demo-probe-{nonce}-{number}" for number in range(len(nodes))]
        for node, name in zip(nodes, names, strict=True):
            words = [python, "-m", "mlm_demo", "probe", nonce, node.id]
            cluster.submit(
                name,
                f"test -f {shlex.quote(str(folder / QUESTION))} || exit {NO_FOLDER}; "
                f"cd {shlex.quote(str(ROOT))} && test -x {shlex.quote(python)} || exit {NO_PROGRAM}; "
                f"exec {shlex.join(words)}",
                settings.to_environment(),
                entrypoint_label_selector={"ray.io/node-id": node.id},
            )
        end = time.monotonic() + SECONDS_TO_ANSWER
        for node, name in zip(nodes, names, strict=True):
            job = cluster.job(name)
            while job is None or not job.has_ended:
                if time.monotonic() > end:
                    cluster.stop(name)
                    raise UnreachableError(
                        f"Node {node.ip} of the Ray cluster did not answer within {SECONDS_TO_ANSWER} seconds; look at "
                        "it with `ray status`."
                    )
                time.sleep(SECONDS_BETWEEN_LOOKS)
                job = cluster.job(name)
            _judge(node, job, read(folder / f"{node.id}.json"), settings, python)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def answer(nonce: str, node: str, settings: Settings) -> None:
    """Answer a probe on a node: prove that its folder is the server's, and can be written."""
    folder = settings.data_folder / "probes" / nonce
    if not (nonce.isalnum() and node.isalnum()) or read(folder / QUESTION) != {"nonce": nonce}:
        raise RunError(f"There is no question in {folder}.")
    with writing(folder):
        write(folder / f"{node}.json", own_versions())


def own_versions() -> dict[str, str]:
    """Return the versions that have to be the same on the server and on a node."""
    return {"Python": platform.python_version(), "mlm_demo": __version__}


def _judge(node: Node, job: Job, found: dict, settings: Settings, python: str) -> None:
    if job.exit_code == NO_FOLDER or (not found and job.exit_code == 0):
        raise RunError(
            f"Node {node.ip} of the Ray cluster does not see the data folder {settings.data_folder}; set MLM_DEMO_DATA "
            "to a folder on a path that all nodes share."
        )
    if job.exit_code == NO_PROGRAM:
        raise RunError(
            f"Node {node.ip} of the Ray cluster does not have this program in {ROOT} with {python}; install it there "
            "under the same paths, or share them."
        )
    if not found:
        said = [
            line for line in job.message.splitlines() if line.strip() and not line.startswith(RAYS_OWN_LINE)
        ]
        last = said[-1] if said else job.status
        raise RunError(f"Node {node.ip} of the Ray cluster cannot run this program: {shown(last, 300)}.")
    for name, version in own_versions().items():
        if found.get(name) != version:
            raise RunError(
                f"Node {node.ip} of the Ray cluster has {name} {shown(found.get(name))}, and this page has {version}; "
                "install the same on both."
            )
