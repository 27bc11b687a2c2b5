"""Give a finished run another share of what it learned, without training: weights, card and result.

The output folder holds the weights at one share and their change from base to adapted. The weights' file says at which
share it is, and it is replaced as a whole, so a reader or a crash between two files finds one truth.
"""

from pathlib import Path

from safetensors import safe_open
from safetensors.torch import save_file

from mlm_demo.errors import TrainingError
from mlm_demo.system.files import atomic, write
from mlm_demo.training.checkpoints import disk_errors_explained, locked
from mlm_demo.training.model_card import model_card
from mlm_demo.training.result import CHANGE, RESULT, SHARE, WEIGHTS, AdaptationResult, read_result


def reweigh(output: Path, share: float) -> AdaptationResult:
    """Rewrite the model in a run's output folder at one of the shares that were measured, and return its result.

    Raise TrainingError for a share that was not measured, a run without a result, one that is training again, or a disk
    that cannot be written.
    """
    with locked(output), disk_errors_explained(output):
        before = read_result(output)
        if before is None:
            raise TrainingError(f"The run in {output} has no result yet; wait until it ends.")
        after = before.at(share)
        with safe_open(output / WEIGHTS, "pt") as weights, safe_open(output / CHANGE, "pt") as change:
            step = share - before.share
            names = set(weights.keys())
            moved = {name: weights.get_tensor(name) + step * change.get_tensor(name) for name in names}
        with atomic(output / WEIGHTS) as part:
            save_file(moved, part, {"format": "pt", SHARE: repr(share)})
        with atomic(output / "README.md") as part:
            part.write_text(model_card(after, after.base["mask_token"]), encoding="utf-8")
        write(output / RESULT, after.to_json())
        return after
