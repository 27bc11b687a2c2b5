import errno
import os

import numpy as np
import pytest
import torch
from safetensors import SafetensorError
from safetensors.numpy import save_file

from mlm_demo.errors import TrainingError
from mlm_demo.training.checkpoints import (
    CHECKPOINTS,
    check_output,
    checkpoint_to_resume,
    claimed,
    disk_errors_explained,
    last_checkpoint,
)
from mlm_demo.training.result import RESULT


def checkpoint(output, step, *, whole=True):
    folder = output / CHECKPOINTS / f"checkpoint-{step}"
    folder.mkdir(parents=True)
    save_file({"weight": np.zeros(300, np.float32)}, folder / "model.safetensors")
    for name in ("optimizer.pt", "scheduler.pt", "rng_state.pth", "training_args.bin"):
        torch.save({"state": torch.zeros(300)}, folder / name)
    (folder / "config.json").write_text('{"model_type": "bert"}')
    if whole:
        (folder / "trainer_state.json").write_text('{"global_step": 1}')
    return folder


def test_the_newest_complete_checkpoint_counts(tmp_path):
    checkpoint(tmp_path, 9)
    newest = checkpoint(tmp_path, 10)
    checkpoint(tmp_path, 11, whole=False)
    assert last_checkpoint(tmp_path) == checkpoint_to_resume(tmp_path) == newest


FILES = [
    "model.safetensors", "optimizer.pt", "scheduler.pt", "rng_state.pth", "training_args.bin", "config.json",
    "trainer_state.json",
]  # fmt: skip


@pytest.mark.parametrize("name", FILES)
@pytest.mark.parametrize("share", [0, 0.01, 0.5, 0.99])
def test_a_checkpoint_with_a_file_that_is_cut_off_is_incomplete(tmp_path, name, share):
    good, torn = checkpoint(tmp_path, 9), checkpoint(tmp_path, 10)
    os.truncate(torn / name, int(share * (torn / name).stat().st_size))
    assert last_checkpoint(tmp_path) == good


def test_a_resume_says_that_the_newest_checkpoint_is_damaged(tmp_path):
    checkpoint(tmp_path, 9)
    newest = checkpoint(tmp_path, 1_010)
    with claimed(tmp_path, resume=True) as damage:
        assert damage == ""
    os.truncate(newest / "optimizer.pt", 700)
    with claimed(tmp_path, resume=True) as damage:
        assert damage == (
            "optimizer.pt of step 1,010 is damaged; the run continues from step 9, the last whole checkpoint."
        )
        assert not newest.exists()


def test_without_a_whole_checkpoint_a_resume_is_refused_and_a_start_says_so(tmp_path):
    only = checkpoint(tmp_path, 9)
    os.truncate(only / "model.safetensors", 700)
    with pytest.raises(
        TrainingError, match=r"no whole checkpoint under .* \(model.safetensors of step 9 is damaged\)"
    ):
        check_output(tmp_path, resume=True)
    with claimed(tmp_path, resume=False) as damage:
        assert damage == "model.safetensors of step 9 is damaged; the run continues from the beginning."


def test_a_checkpoint_that_was_not_finished_is_no_damage(tmp_path):
    checkpoint(tmp_path, 9)
    checkpoint(tmp_path, 10, whole=False)
    with claimed(tmp_path, resume=True) as damage:
        assert damage == ""


def test_existing_files_are_never_overwritten(tmp_path):
    (tmp_path / "notes.txt").write_text("mine")
    with pytest.raises(TrainingError, match="is not empty; give another one, or continue with --resume"):
        check_output(tmp_path, resume=False)
    with pytest.raises(TrainingError, match="is a file; give a folder"):
        check_output(tmp_path / "notes.txt", resume=False)
    checkpoint(tmp_path / "run", 7)
    with pytest.raises(
        TrainingError, match="holds a run that got to step 7; continue it with --resume, or give another"
    ):
        check_output(tmp_path / "run", resume=False)
    check_output(tmp_path / "run", resume=True)
    check_output(tmp_path / "new", resume=False)
    with pytest.raises(TrainingError, match=r"There is no checkpoint under .*; start without --resume"):
        check_output(tmp_path / "new", resume=True)
    assert (tmp_path / "notes.txt").read_text() == "mine"


@pytest.mark.parametrize("resume", [False, True])
def test_a_finished_run_is_named_as_such(tmp_path, resume):
    (tmp_path / RESULT).write_text("{}")
    with pytest.raises(TrainingError, match=r"holds a finished run; give another folder.*with --model"):
        check_output(tmp_path, resume=resume)
    checkpoint(tmp_path, 7)
    check_output(tmp_path, resume=True)


@pytest.mark.parametrize("name", ["best.pt", "checkpoint-best", "run1"])
def test_a_folder_of_checkpoints_that_is_not_of_a_run_is_refused(tmp_path, name):
    (tmp_path / CHECKPOINTS).mkdir()
    (tmp_path / CHECKPOINTS / "plan.json").write_text("{}")
    (tmp_path / CHECKPOINTS / ".DS_Store").write_text("")
    check_output(tmp_path, resume=False)
    (tmp_path / CHECKPOINTS / name).mkdir()
    for resume in (False, True):
        with (
            pytest.raises(TrainingError, match=f"holds '{name}', which no run has written"),
            claimed(tmp_path, resume),
        ):
            pass
    assert (tmp_path / CHECKPOINTS / name).exists()


def test_a_folder_that_cannot_be_looked_at_is_refused_in_a_sentence(tmp_path, monkeypatch):
    with pytest.raises(TrainingError, match=r"cannot be used \(File name too long\); give another folder"):
        check_output(tmp_path / ("a" * 256), resume=False)

    def refuse(path):
        raise PermissionError(errno.EACCES, "Permission denied")

    monkeypatch.setattr("pathlib.Path.exists", refuse)
    with pytest.raises(TrainingError, match=r"cannot be used \(Permission denied\); give another folder"):
        check_output(tmp_path / "model", resume=False)


def test_two_runs_do_not_write_to_one_folder(tmp_path):
    output = tmp_path / "a" / "b"
    with claimed(output, resume=False):
        with pytest.raises(
            TrainingError, match=r"Another run is writing to .*; wait until it ends, stop it, or"
        ):
            check_output(output, resume=False)
        with pytest.raises(TrainingError, match="Another run is writing"), claimed(output, resume=False):
            pass
    check_output(output, resume=False)


@pytest.mark.parametrize("kept", [True, False])
def test_after_an_error_only_complete_checkpoints_stay(tmp_path, kept):
    def fail():
        if kept:
            checkpoint(tmp_path / "a" / "b", 5)
        checkpoint(tmp_path / "a" / "b", 6, whole=False)
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError), claimed(tmp_path / "a" / "b", resume=False):
        fail()
    left = [str(path.relative_to(tmp_path)) for path in tmp_path.rglob("checkpoint-*")]
    assert left == ([f"a/b/{CHECKPOINTS}/checkpoint-5"] if kept else [])
    assert (tmp_path / "a").exists() is kept


@pytest.mark.parametrize(
    "error",
    [
        OSError(errno.ENOSPC, "No space left on device"),
        SafetensorError("Error while serializing: I/O error: No space left on device (os error 28)"),
        RuntimeError("PytorchStreamWriter failed writing file data/1: No space left on device"),
        RuntimeError("[enforce fail at inline_container.cc:858] . unexpected pos 704 vs 598"),
        RuntimeError("basic_ios::clear: iostream error"),  # of the last bytes of a file
    ],
)
def test_a_full_disk_is_explained_whichever_library_reports_it(tmp_path, error):
    with (
        pytest.raises(
            TrainingError,
            match=r"cannot be written \((.*No space left .*|the disk accepted only a part)\); make room, then start it",
        ),
        disk_errors_explained(tmp_path),
    ):
        raise error
    checkpoint(tmp_path, 3)
    with pytest.raises(TrainingError, match="make room, then resume it"), disk_errors_explained(tmp_path):
        raise error


def test_other_errors_pass_through(tmp_path):
    with pytest.raises(RuntimeError, match="a bug"), disk_errors_explained(tmp_path):
        raise RuntimeError("a bug")
