"""The output folder of a run: its checkpoints, its lock, and the clean-up after errors."""

import json
import os
import re
import shutil
import zipfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from safetensors import SafetensorError, safe_open

from mlm_demo.errors import TrainingError, shown
from mlm_demo.system import locks
from mlm_demo.training.result import RESULT

CHECKPOINTS = "checkpoints"
LAST_FILE = "trainer_state.json"  # is written last
OF_A_RUN = re.compile(r"plan\.json.*|checkpoint-\d+|\..*")  # in that folder; a system may add hidden files
SEEDS = "seeds"  # of a run with several: the scores of each finished seed, and the best model so far


def last_checkpoint(output: Path) -> Path | None:
    """Return the newest complete checkpoint in an output folder."""
    complete = [p for p in (output / CHECKPOINTS).glob("checkpoint-*") if _is_complete(p)]
    return max(complete, key=step_of, default=None)


def _is_complete(checkpoint: Path) -> bool:
    """Return whether a checkpoint has its last file, and no file that a power cut left empty or cut off."""
    return (checkpoint / LAST_FILE).exists() and _damaged_file(checkpoint) is None


def _damaged_file(checkpoint: Path) -> Path | None:
    """Return the first file of a checkpoint that is not whole; only its structure is looked at, not its content."""
    return next(
        (path for path in sorted(checkpoint.iterdir()) if path.is_file() and not _is_whole(path)), None
    )


def _is_whole(path: Path) -> bool:
    try:
        if path.suffix == ".json":
            json.loads(path.read_text(encoding="utf-8"))
        elif path.suffix == ".safetensors":
            with safe_open(path, "numpy"):
                pass
        elif path.suffix in (".pt", ".pth", ".bin"):
            zipfile.ZipFile(path).close()  # its list of members is at the end
        return path.stat().st_size > 0
    except (OSError, ValueError, SafetensorError, zipfile.BadZipFile):
        return False


def step_of(checkpoint: Path) -> int:
    """Return the step after which a checkpoint was saved."""
    return int(checkpoint.name.rsplit("-", 1)[1])


def checkpoint_to_resume(output: Path) -> Path:
    """Return the checkpoint to continue from; raise TrainingError if there is none."""
    checkpoint = last_checkpoint(output)
    if checkpoint is None:
        damage = _damage_after(output, None)
        raise TrainingError(
            f"There is no whole checkpoint under {output} to resume from ({damage}); start without --resume."
            if damage
            else f"There is no checkpoint under {output} to resume from; start without --resume."
        )
    return checkpoint


def has_progress(output: Path) -> bool:
    """Return whether an output folder holds anything that a resume continues from."""
    return last_checkpoint(output) is not None or any((output / SEEDS).glob("*.json"))


def check_output(output: Path, resume: bool) -> None:
    """Raise TrainingError for a folder that holds other files or another run, or has nothing to resume."""
    try:
        _check_output(output, resume)
    except OSError as error:  # no permission to look, or a name that is too long
        raise TrainingError(f"{output} cannot be used ({error.strerror}); give another folder.") from error


def _check_output(output: Path, resume: bool) -> None:
    if output.exists() and not output.is_dir():
        raise TrainingError(f"{output} is a file; give a folder to write the model to.")
    if output.is_dir():
        with locked(output):
            pass
    checkpoints = output / CHECKPOINTS
    foreign = sorted(path.name for path in checkpoints.glob("*") if not OF_A_RUN.fullmatch(path.name))
    if foreign:
        raise TrainingError(
            f"The folder {checkpoints} holds {shown(foreign[0])}, which no run has written and this one would "
            "delete; give another folder."
        )
    if (output / RESULT).exists() and not has_progress(output):
        raise TrainingError(
            f"The folder {output} holds a finished run; give another folder. To train its model further, start there "
            f"with --model {output}."
        )
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


def remove_leftovers(output: Path) -> None:
    """Finish the clean-up of a run that has its result, if it was killed before it could."""
    for name in (".part", CHECKPOINTS, SEEDS):
        shutil.rmtree(output / name, ignore_errors=True)


def _damage_after(output: Path, checkpoint: Path | None) -> str:
    """Return a phrase that names a damaged file of the newest checkpoint after a whole one; empty if it has none."""
    damaged = [
        path
        for path in (output / CHECKPOINTS).glob("checkpoint-*")
        if (path / LAST_FILE).exists() and (checkpoint is None or step_of(path) > step_of(checkpoint))
    ]
    newest = max(damaged, key=step_of, default=None)
    return f"{_damaged_file(newest).name} of step {step_of(newest):,} is damaged" if newest else ""


@contextmanager
def claimed(output: Path, resume: bool) -> Iterator[str]:
    """Within this context this run owns the folder; after an error only complete checkpoints stay.

    Yield a sentence if newer checkpoints than the last complete one are damaged, else an empty text.
    Raise TrainingError as check_output does, and in place of the errors of a disk that is full or not writable.
    """
    check_output(output, resume)
    created = [p for p in (output, *output.parents) if not p.exists()]
    with disk_errors_explained(output):
        output.mkdir(parents=True, exist_ok=True)
    with locked(output):
        last = last_checkpoint(output)
        damage = _damage_after(output, last)
        _remove_incomplete(output)  # from a run that was killed
        place = f"step {step_of(last):,}, the last whole checkpoint" if last else "the beginning"
        try:
            yield f"{damage}; the run continues from {place}." if damage else ""
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
def published(output: Path) -> Iterator[Path]:
    """Yield a folder for the files of a model; they appear in output when the context ends, each whole, RESULT last.

    Raise TrainingError as disk_errors_explained does.
    """
    part = output / ".part"
    shutil.rmtree(part, ignore_errors=True)
    try:
        with disk_errors_explained(output):
            part.mkdir(parents=True)
            yield part
            for path in sorted(part.iterdir(), key=lambda p: p.name == RESULT):
                os.replace(path, output / path.name)
    finally:
        shutil.rmtree(part, ignore_errors=True)


@contextmanager
def disk_errors_explained(output: Path) -> Iterator[None]:
    """Within this context the libraries' errors about writing become a TrainingError."""
    try:
        yield
    except (OSError, SafetensorError, RuntimeError) as error:
        # torch.save and safetensors have errors of their own for a full disk; two of torch's do not say so.
        if isinstance(error, RuntimeError) and not re.search(
            "PytorchStreamWriter|inline_container|iostream error", str(error)
        ):
            raise
        reason = getattr(error, "strerror", None) or str(error).splitlines()[0]
        if re.search("inline_container|iostream error", reason) and "No space" not in reason:
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
