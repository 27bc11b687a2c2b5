import errno

import pytest
from safetensors import SafetensorError

from mlm_demo.errors import TrainingError
from mlm_demo.training.checkpoints import (
    CHECKPOINTS,
    check_output,
    checkpoint_to_resume,
    claimed,
    disk_errors_explained,
    last_checkpoint,
)


def checkpoint(output, step, *, whole=True):
    folder = output / CHECKPOINTS / f"checkpoint-{step}"
    folder.mkdir(parents=True)
    (folder / "model.safetensors").write_bytes(b"weights")
    if whole:
        (folder / "trainer_state.json").write_text("{}")
    return folder


def test_the_newest_complete_checkpoint_counts(tmp_path):
    checkpoint(tmp_path, 9)
    newest = checkpoint(tmp_path, 10)
    checkpoint(tmp_path, 11, whole=False)
    assert last_checkpoint(tmp_path) == checkpoint_to_resume(tmp_path) == newest


def test_a_checkpoint_with_an_empty_file_is_incomplete(tmp_path):
    good, torn = checkpoint(tmp_path, 9), checkpoint(tmp_path, 10)
    (torn / "model.safetensors").write_bytes(b"")
    assert last_checkpoint(tmp_path) == good


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
    ],
)
def test_a_full_disk_is_explained_whichever_library_reports_it(tmp_path, error):
    with (
        pytest.raises(
            TrainingError, match=r"cannot be written \(.*No space left .*make room, then start it again"
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
