import json
import os
from pathlib import Path

import pytest

from mlm_demo.errors import RunError
from mlm_demo.runs import older_runs
from mlm_demo.runs.run import Run
from mlm_demo.runs.tasks.adapt import AdaptRequest
from mlm_demo.training.config import AdaptConfig
from mlm_demo.training.options import to_argv

ARGV = [
    *("-m", "mlm_demo", "adapt", "/gone/runs/x/input/0/bees.txt", "/gone/runs/x/input/1/ants.txt"),
    *(
        "--model",
        "general",
        "--column",
        "a text",
        "--minutes",
        "5",
        "--whole-word",
        "--learning-rate",
        "5e-05",
    ),
    *("--batch-size", "4", "--output", "/gone/runs/x/output", "--run", "x"),
]
ASKED = {"id": "x", "title": "bees", "owner": "", "fingerprint": "", "created": 1.0}


@pytest.fixture
def run(tmp_path):
    """A waiting run of version 0.1.0, in a data folder that was moved since."""
    for number, name in enumerate(("bees.txt", "ants.txt")):
        (tmp_path / "x" / "input" / str(number)).mkdir(parents=True)
        (tmp_path / "x" / "input" / str(number) / name).touch()
    (tmp_path / "x" / "run.json").write_text(json.dumps({**ASKED, "command": ARGV}))
    return Run(tmp_path / "x")


def test_a_command_line_becomes_a_request(run):
    asked = run.request
    assert (asked.task, asked.files) == ("adapt", ["0/bees.txt", "1/ants.txt"])
    config = AdaptConfig(minutes=5, whole_word=True, learning_rate=5e-5, batch_size=4, **BEFORE)
    assert AdaptRequest.from_json(asked.request) == AdaptRequest(config, "general", "a text")


BEFORE = {"mlm_probability": 0.15, "schedule": "linear"}  # the defaults of that version


@pytest.mark.parametrize(
    "config",
    [
        AdaptConfig(max_steps=1234567 % 100_000, seed=1_234_567, **BEFORE),
        AdaptConfig(epochs=0.5, replay=0.1, line_by_line=True, **BEFORE),
        AdaptConfig(minutes=1.5, block_size=64, **{**BEFORE, "mlm_probability": 0.2}),
    ],
)
def test_any_command_line_of_a_request_becomes_that_request(config):
    argv = [
        *older_runs.WORKER,
        "a.txt",
        *("--model", "biomedical", *to_argv(config, AdaptConfig(max_steps=1, **BEFORE))),
        "--output",
        "o",
        "--run",
        "x",
    ]
    upgraded = older_runs.upgraded({"command": argv}, ["0/a.txt"])
    assert AdaptRequest.from_json(upgraded["request"]) == AdaptRequest(config, "biomedical")


def test_a_run_without_a_command_is_as_it_was():
    assert older_runs.upgraded(ASKED, []) == ASKED
    assert older_runs.upgraded({**ASKED, "command": []}, []) == ASKED


def test_a_command_that_is_no_adaptation_is_refused(run):
    (run.folder / "run.json").write_text(json.dumps({**ASKED, "command": ["-c", "print()"]}))
    with pytest.raises(RunError, match=r"run\.json of the run x cannot be read \(its command is"):
        assert run.request


@pytest.fixture
def me():
    """This process in the form in which version 0.1.0 recorded a worker."""
    if not Path("/proc/self/stat").exists():
        pytest.skip("only Linux has /proc")
    started = Path("/proc/self/stat").read_text().rpartition(")")[2].split()[19]
    return {
        "pid": os.getpid(),
        "started": started,
        "boot": Path("/proc/sys/kernel/random/boot_id").read_text().strip(),
    }


def test_an_older_worker_that_outlives_the_upgrade_is_running(run, me):
    """It holds no lock."""
    (run.folder / "worker.json").write_text(json.dumps(me))
    assert run.state == "running"


@pytest.mark.parametrize(
    "other", [{"started": "1"}, {"boot": "another start of the machine"}, {"pid": 2**22 + 1}]
)
def test_an_older_worker_that_is_gone_is_interrupted(run, me, other):
    (run.folder / "worker.json").write_text(json.dumps({**me, **other}))
    assert run.state == "interrupted"
    run.requeue()
    assert run.state == "waiting"


def test_an_older_worker_is_interrupted_where_there_is_no_proc(run, me, monkeypatch):
    monkeypatch.setattr(older_runs, "Path", lambda path: Path("/nowhere") / path[1:])
    (run.folder / "worker.json").write_text(json.dumps(me))
    assert run.state == "interrupted"
