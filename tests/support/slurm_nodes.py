"""Slurm with two nodes on this machine: Debian's packages slurm-wlm and munge, with a configuration of its own."""

import os
import shutil
import signal
import subprocess
from contextlib import suppress
from pathlib import Path

from tests.support.paths import free_port
from tests.support.runs import until

NODES = ("one", "two")
CONFIGURATION = """
ClusterName=test
SlurmctldHost={host}(127.0.0.1)
SlurmctldPort={port}
SlurmUser=root
AuthType=auth/munge
StateSaveLocation={folder}/state
SlurmdSpoolDir={folder}/spool-%n
SlurmctldPidFile={folder}/slurmctld.pid
SlurmdPidFile={folder}/slurmd-%n.pid
SlurmctldLogFile={folder}/slurmctld.log
SlurmdLogFile={folder}/slurmd-%n.log
ProctrackType=proctrack/pgid
TaskPlugin=task/none
SelectType=select/cons_tres
SelectTypeParameters=CR_CPU
ReturnToService=2
SlurmdTimeout=10
KillWait=5
OverTimeLimit=0
BatchStartTimeout=30
MinJobAge=300
"""


def can_start() -> bool:
    """Whether this machine has Slurm, and this person may start it."""
    return bool(shutil.which("slurmctld") and shutil.which("munged")) and os.geteuid() == 0


class SlurmNodes:
    """Its daemons. environment: with which its commands find it."""

    def __init__(self, folder: Path):
        self.folder = folder
        host = os.uname().nodename.partition(".")[0]
        lines = [CONFIGURATION.format(host=host, port=free_port(), folder=folder)]
        for name in NODES:
            (folder / f"spool-{name}").mkdir()
            port = free_port()
            lines.append(f"NodeName={name} NodeHostname={host} NodeAddr=127.0.0.1 Port={port} CPUs=1")
        lines.append(f"PartitionName=main Nodes={','.join(NODES)} Default=YES MaxTime=INFINITE State=UP")
        (folder / "state").mkdir()
        (folder / "slurm.conf").write_text("\n".join(lines) + "\n")
        self.environment = {"SLURM_CONF": str(folder / "slurm.conf")}
        if subprocess.run(["munge", "-n"], capture_output=True, check=False).returncode:
            Path("/run/munge").mkdir(exist_ok=True)
            shutil.chown("/run/munge", "munge", "munge")
            subprocess.run(["runuser", "-u", "munge", "--", "munged"], check=True)
        self.start("slurmctld")
        for name in NODES:
            self.start("slurmd", "-N", name)
        until(lambda: self.ask("sinfo", "-h", "-o", "%T %D") == "idle 2\n", 60, lambda: self.ask("sinfo"))

    def start(self, *words: str) -> None:
        """Start a daemon."""
        subprocess.run(words, env={**os.environ, **self.environment}, check=True)

    def ask(self, *words: str) -> str:
        """Return what a command prints."""
        return subprocess.run(
            words, env={**os.environ, **self.environment}, capture_output=True, text=True, check=False
        ).stdout

    def kill(self, name: str) -> None:
        """Kill a daemon without grace: `slurmctld`, or a node with all that runs on it."""
        own = f"slurmd-{name}" if name in NODES else name
        victims = [int((self.folder / f"{own}.pid").read_text())]
        if name in NODES:
            victims += self._processes_on(name)
        for pid in victims:
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)

    def _processes_on(self, node: str) -> list[int]:
        """Return the processes of jobs on a node: they, or children of theirs, have its name in their environment."""
        parents, found = {}, set()
        for folder in Path("/proc").glob("[0-9]*"):
            with suppress(OSError):
                pid, environment = int(folder.name), (folder / "environ").read_bytes().split(b"\0")
                parents[pid] = int((folder / "stat").read_text().rpartition(")")[2].split()[1])
                ours = f"SLURM_CONF={self.folder / 'slurm.conf'}".encode() in environment
                if ours and f"SLURMD_NODENAME={node}".encode() in environment:
                    found.add(pid)
        starters = {parents[pid] for pid in found} - {1, os.getpid()}
        return [
            *found,
            *(pid for pid in starters if "slurmstepd" in (Path("/proc") / str(pid) / "cmdline").read_text()),
        ]

    def close(self) -> None:
        """End the jobs and the daemons."""
        self.ask("scancel", "--partition", "main")
        for name in (*NODES, "slurmctld"):
            self.kill(name)
