"""The output folder of a run: its checkpoints, its lock, and the clean-up after errors."""

import json
import re
import shutil
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from safetensors import SafetensorError

from mlm_demo.errors import TrainingError
from mlm_demo.system import locks
from mlm_demo.training.result import AdaptationResult, read_result

CHECKPOINTS = "checkpoints"
SEEDS = "seeds"  # of a run with several: the scores of each finished seed, and the best model so far


def last_checkpoint(output: Path) -> Path | None:
    """Return the newest complete checkpoint in an output folder."""
    complete = [p for p in (output / CHECKPOINTS).glob("checkpoint-*") if _is_complete(p)]
    return max(complete, key=step_of, default=None)


def _is_complete(checkpoint: Path) -> bool:
    """Return whether a checkpoint has its last file, and no file that a power cut left empty."""
    try:
        json.loads((checkpoint / "trainer_state.json").read_text(encoding="utf-8"))
    except (FileNotFoundError, ValueError):
        return False
    return all(path.stat().st_size for path in checkpoint.iterdir())


def step_of(checkpoint: Path) -> int:
    """Return the step after which a checkpoint was saved."""
    return int(checkpoint.name.rsplit("-", 1)[1])


def checkpoint_to_resume(output: Path) -> Path:
    """Return the checkpoint to continue from; raise TrainingError if there is none."""
    checkpoint = last_checkpoint(output)
    if checkpoint is None:
        raise TrainingError(f"There is no checkpoint under {output} to resume from; start without --resume.")
    return checkpoint


def has_progress(output: Path) -> bool:
    """Return whether an output folder holds anything that a resume continues from."""
    return last_checkpoint(output) is not None or any((output / SEEDS).glob("*.json"))


def check_output(output: Path, resume: bool) -> None:
    """Raise TrainingError for a folder that holds other files or another run, or has nothing to resume."""
    if output.exists() and not output.is_dir():
        raise TrainingError(f"{output} is a file; give a folder to write the model to.")
    if output.is_dir():
        with locked(output):
            pass
    if resume:
        if not has_progress(output):
            checkpoint_to_resume(output)
        return
    names = {p.name for p in output.iterdir()} if output.is_dir() else set()
    unfinished = last_checkpoint(output)
    if unfinished and names <= {CHECKPOINTS, SEEDS}:
        raise TrainingError(
            f"The folder {output} holds a run that got to step {step_of(unfinished)}; continue it with --resume, or "
            "give another folder."
        )
    if names - {CHECKPOINTS} or has_progress(output):
        raise TrainingError(f"The folder {output} is not empty; give another one, or continue with --resume.")


def finished_result(output: Path) -> AdaptationResult | None:
    """Return the result of a run that was not stopped, None if there is none; finish its clean-up if it was killed."""
    result = read_result(output)
    if result is None or result.training.stopped:
        return None
    for name in (".part", CHECKPOINTS):
        shutil.rmtree(output / name, ignore_errors=True)
    return result


@contextmanager
def claimed(output: Path, resume: bool) -> Iterator[None]:
    """Within this context this run owns the folder; after an error only complete checkpoints stay.

    Raise TrainingError as check_output does, and in place of the errors of a disk that is full or not writable.
    """
    check_output(output, resume)
    created = [p for p in (output, *output.parents) if not p.exists()]
    with disk_errors_explained(output):
        output.mkdir(parents=True, exist_ok=True)
    with locked(output):
        _remove_incomplete(output)  # from a run that was killed
        try:
            yield
        except BaseException:
            _remove_incomplete(output)
            for folder in created:
                if not any(folder.iterdir()):
                    folder.rmdir()
            raise


def _remove_incomplete(output: Path) -> None:
    """Remove incomplete checkpoints, and their folder if no complete one is left."""
    if last_checkpoint(output) is None:
        shutil.rmtree(output / CHECKPOINTS, ignore_errors=True)
    for path in (output / CHECKPOINTS).glob("checkpoint-*"):
        if not _is_complete(path):
            shutil.rmtree(path, ignore_errors=True)


@contextmanager
def disk_errors_explained(output: Path) -> Iterator[None]:
    """Within this context the libraries' errors about writing become a TrainingError."""
    try:
        yield
    except (OSError, SafetensorError, RuntimeError) as error:
        # torch.save and safetensors have errors of their own for a full disk.
        if isinstance(error, RuntimeError) and not re.search(
            "PytorchStreamWriter|inline_container", str(error)
        ):
            raise
        reason = getattr(error, "strerror", None) or str(error).splitlines()[0]
        if "inline_container" in reason and "No space" not in reason:  # it names an unexpected position
            reason = "the disk accepted only a part"
        fix = "resume it (in the shell with --resume)" if last_checkpoint(output) else "start it again"
        raise TrainingError(f"{output} cannot be written ({reason}); make room, then {fix}.") from error


@contextmanager
def locked(output: Path) -> Iterator[None]:
    """Hold a lock on a folder; raise TrainingError if another process does."""
    with ExitStack() as stack:
        try:
            stack.enter_context(locks.exclusive(output, wait=False))
        except BlockingIOError:
            raise TrainingError(
                f"Another run is writing to {output}; wait until it ends, stop it, or give another folder."
            ) from None
        yield
