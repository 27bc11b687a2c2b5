"""What the launcher makes of the answers of Slurm's commands; `tests/cluster` asks a real Slurm."""

import signal
from dataclasses import replace

import pytest

from mlm_demo.errors import RunError, UnreachableError
from mlm_demo.runs.launchers import slurm
from mlm_demo.runs.launchers.jobs import LOCAL, Job, JobState
from mlm_demo.runs.launchers.slurm import SlurmLauncher
from mlm_demo.settings import Settings

SAYS = """#!/bin/sh
echo "$(basename $0) $*" >> {folder}/asked
[ ! -f {folder}/refuses ] || {{ cat {folder}/refuses >&2; exit 1; }}
cat {folder}/$(basename $0).says 2>/dev/null
true
"""


class Commands:
    """Commands of Slurm that say what a test has written."""

    def __init__(self, folder):
        self.folder = folder
        for name in ("sbatch", "scancel", "scontrol", "sinfo", "squeue"):
            (folder / name).write_text(SAYS.format(folder=folder))
            (folder / name).chmod(0o755)

    def say(self, **answers):
        for name, text in answers.items():
            (self.folder / f"{name}.says").write_text(text)

    def refuse(self, text):
        (self.folder / "refuses").write_text(text)

    @property
    def asked(self):
        return (self.folder / "asked").read_text().splitlines()


@pytest.fixture
def commands(tmp_path, monkeypatch):
    (tmp_path / "bin").mkdir()
    monkeypatch.setenv("PATH", f"{tmp_path / 'bin'}:/usr/bin:/bin")
    monkeypatch.setattr(slurm, "find_spec", lambda name: name == "submitit" or None)
    return Commands(tmp_path / "bin")


@pytest.fixture
def launcher(tmp_path):
    return SlurmLauncher(Settings(data=str(tmp_path), device="cpu", launcher="slurm"))


@pytest.mark.parametrize(
    ("line", "facts", "job"),
    [
        ("", "", None),
        ("7|PENDING|", "", Job(JobState.WAITING, status="PENDING")),
        ("7|RUNNING|gpu3", "", Job(JobState.RUNNING, where="node gpu3", status="RUNNING")),
        ("7|FAILED|gpu3", "ExitCode=2:0", Job(JobState.ENDED, "node gpu3", "FAILED", 2)),
        ("7|FAILED|gpu3", "ExitCode=0:11", Job(JobState.ENDED, "node gpu3", "FAILED", -signal.SIGSEGV)),
        ("7|FAILED|gpu3", "ExitCode=255:0", Job(JobState.ENDED, "node gpu3", "FAILED", 255)),
        ("7|FAILED|gpu3", "ExitCode=137:0", Job(JobState.ENDED, "node gpu3", "FAILED", -signal.SIGKILL)),
        ("7|NODE_FAIL|gpu3", "ExitCode=0:0", Job(JobState.ENDED, "node gpu3", "NODE_FAIL", 0, lost=True)),
        ("7|CANCELLED|", "", Job(JobState.ENDED, status="CANCELLED", stopped=True)),
        ("3|FAILED|gpu1\n7|RUNNING|gpu3", "", Job(JobState.RUNNING, where="node gpu3", status="RUNNING")),
    ],
)
def test_a_job_as_slurm_shows_it(commands, launcher, line, facts, job):
    commands.say(squeue=line, scontrol=f"JobId=7 JobState=X {facts} Restarts=0")
    assert launcher._job("name-1") == job
    assert commands.asked[0] == "squeue --noheader --name name-1 --states all --format %A|%T|%N"


def test_a_node_is_a_place_if_it_has_what_a_run_needs(commands, launcher):
    commands.say(sinfo="gpu1|gpu:a100:4(S:0)\ngpu2|gpu:a100:4\nplain|(null)\n")
    assert launcher.places() == 3
    assert SlurmLauncher(replace(launcher.settings, device="auto", slurm_partition="all")).places() == 2
    assert commands.asked[-1].endswith("--partition all --format %N|%G")


def refusal(launcher, kind=RunError):
    with pytest.raises(kind) as caught:
        launcher.check()
    assert str(caught.value).endswith(f" {LOCAL}")
    return str(caught.value)


def test_each_fault_is_said_in_a_sentence(commands, launcher, monkeypatch):
    commands.say(sinfo="plain|(null)\n")
    launcher.check()
    with_gpu = SlurmLauncher(replace(launcher.settings, device="auto"))
    assert "No node of Slurm has a GPU there; set MLM_DEMO_SLURM_PARTITION" in refusal(with_gpu)
    commands.say(sinfo="")
    elsewhere = SlurmLauncher(replace(launcher.settings, slurm_partition="night"))
    assert "Slurm has no node in the partition 'night'; set MLM_DEMO_SLURM_PARTITION" in refusal(elsewhere)
    commands.refuse("slurm_load_partitions: Unable to contact slurm controller (connect failure)\n")
    assert "Slurm does not answer ('slurm_load_partitions" in refusal(launcher, UnreachableError)
    assert launcher.places() is None
    for text, kind in (
        ("sbatch: error: invalid partition", RunError),
        ("Socket timed out", UnreachableError),
    ):
        assert type(slurm._refusal(text)) is kind
    monkeypatch.setattr(slurm, "find_spec", lambda _name: None)
    assert "submitit is not installed; run `.venv/bin/pip install -r requirements-slurm.txt`" in refusal(
        launcher
    )
    monkeypatch.setenv("PATH", "/nowhere")
    assert "this machine has no command sbatch; start the page on a machine from which" in refusal(launcher)


def test_stopping_a_job_names_it(commands, launcher):
    launcher._end_job("name-1")
    assert commands.asked == ["scancel --name name-1"]
