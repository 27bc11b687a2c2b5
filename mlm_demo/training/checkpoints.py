"""The folder of a run: what may be in it, who has it, what is left in it when something goes wrong."""

import json
import re
import shutil
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from safetensors import SafetensorError

from mlm_demo.errors import TrainingError
from mlm_demo.system import locks

CHECKPOINTS = "checkpoints"
RESULT = "result.json"  # in the output folder; written last, so a folder that holds it is complete


def last_checkpoint(output: Path) -> Path | None:
    """The newest checkpoint under a run's folder that is whole."""
    found = [p for p in (output / CHECKPOINTS).glob("checkpoint-*") if _whole(p)]
    return max(found, key=step_of, default=None)


def _whole(checkpoint: Path) -> bool:
    """Whether a checkpoint has its last file to its end, and none that a machine switched off left empty."""
    try:
        json.loads((checkpoint / "trainer_state.json").read_text(encoding="utf-8"))
    except (FileNotFoundError, ValueError):
        return False
    return all(path.stat().st_size for path in checkpoint.iterdir())


def step_of(checkpoint: Path) -> int:
    """The step a checkpoint was saved after."""
    return int(checkpoint.name.rsplit("-", 1)[1])


def checkpoint_to_resume(output: Path) -> Path:
    """The checkpoint to go on from; raises TrainingError if there is none."""
    checkpoint = last_checkpoint(output)
    if checkpoint is None:
        raise TrainingError(f"There is no checkpoint under {output} to go on from; start without --resume.")
    return checkpoint


def check_output(output: Path, resume: bool) -> None:
    """Refuse a folder that holds something else, another run's work, or nothing to resume; raises TrainingError."""
    if output.exists() and not output.is_dir():
        raise TrainingError(f"{output} is a file; give a folder to write the model to.")
    if output.is_dir():
        with _locked(output):
            pass
    if resume:
        checkpoint_to_resume(output)
        return
    inside = {p.name for p in output.iterdir()} if output.is_dir() else set()
    unfinished = last_checkpoint(output)
    if unfinished and inside == {CHECKPOINTS}:
        raise TrainingError(
            f"The folder {output} holds a run that got to step {step_of(unfinished)}; go on with --resume, or give "
            "another folder."
        )
    if inside - {CHECKPOINTS}:
        raise TrainingError(f"The folder {output} is not empty; give another one, or go on with --resume.")


def completed(output: Path) -> dict | None:
    """What result.json holds if the run got to its end, None if it did not; tidies up if it was killed after it."""
    try:
        result = json.loads((output / RESULT).read_text(encoding="utf-8"))
    except FileNotFoundError:
        return None
    if result["training"]["stopped"]:
        return None
    for name in (".part", CHECKPOINTS):
        shutil.rmtree(output / name, ignore_errors=True)
    return result


@contextmanager
def claimed(output: Path, resume: bool) -> Iterator[None]:
    """Within this context the folder is this run's alone; after an error nothing stays but what can be resumed.

    Raises TrainingError as check_output does, and in place of the errors of a disk that is full or not writable.
    """
    check_output(output, resume)
    made = [p for p in (output, *output.parents) if not p.exists()]
    with written(output):
        output.mkdir(parents=True, exist_ok=True)
    with _locked(output):
        _clear(output)  # what a killed run half wrote
        try:
            yield
        except BaseException:
            _clear(output)
            for folder in made:
                if not any(folder.iterdir()):
                    folder.rmdir()
            raise


def _clear(output: Path) -> None:
    """Remove what was half written, and all of it if no checkpoint is whole."""
    if last_checkpoint(output) is None:
        shutil.rmtree(output / CHECKPOINTS, ignore_errors=True)
    for path in (output / CHECKPOINTS).glob("checkpoint-*"):
        if not _whole(path):
            shutil.rmtree(path, ignore_errors=True)


@contextmanager
def written(output: Path) -> Iterator[None]:
    """Within this context what the libraries raise when they cannot write becomes a TrainingError."""
    try:
        yield
    except (OSError, SafetensorError, RuntimeError) as error:
        # torch.save and safetensors have errors of their own for a full disk.
        if isinstance(error, RuntimeError) and not re.search(
            "PytorchStreamWriter|inline_container", str(error)
        ):
            raise
        reason = getattr(error, "strerror", None) or str(error).splitlines()[0]
        if (
            "inline_container" in reason and "No space" not in reason
        ):  # a number of bytes that it had not expected
            reason = "the disk took only a part"
        way_on = "resume it (in the shell with --resume)" if last_checkpoint(output) else "start it anew"
        raise TrainingError(f"{output} cannot be written ({reason}); make room, then {way_on}.") from error


@contextmanager
def _locked(output: Path) -> Iterator[None]:
    """Hold a lock on a folder; raise TrainingError if another process does."""
    with ExitStack() as stack:
        try:
            stack.enter_context(locks.exclusive(output, wait=False))
        except BlockingIOError:
            raise TrainingError(
                f"Another run is writing to {output}; wait for its end, stop it, or give another folder."
            ) from None
        yield
