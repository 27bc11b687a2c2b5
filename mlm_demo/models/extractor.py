"""The models that extraction needs: one that finds the evidence, one that finds the answers, or only one of them."""

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from mlm_demo.errors import ModelError, shown
from mlm_demo.models.catalogue import BUILT_IN_FOLDER, folder_of
from mlm_demo.models.tasks import TASKS
from mlm_demo.system.files import stamp

if TYPE_CHECKING:
    from mlm_demo.models.task_model import TaskModel

BUILT_IN = "extract"  # the name of the built-in one, and of its folder among the models


@dataclass(frozen=True)
class Extractor:
    """The models of an extraction; at least one of them is there.

    Without answers, the best sentence is the answer. Without evidence, the best spans tell which sentences are.
    """

    name: str
    evidence: "TaskModel | None" = None
    answers: "TaskModel | None" = None

    @property
    def models(self) -> "tuple[TaskModel, ...]":
        """The models that are there."""
        return tuple(model for model in (self.evidence, self.answers) if model)

    @property
    def threshold(self) -> float:
        """The least score of an answer that the model which gives the answers was calibrated to."""
        return self.models[-1].threshold

    def describe(self) -> dict:
        """Return what JSON answers report about it."""
        return {
            "name": self.name,
            "revision": "+".join(model.revision for model in self.models),
            "evidence": self.evidence and self.evidence.describe(),
            "answers": self.answers and self.answers.describe(),
        }


def find_extractor(name: str, *, folders: bool) -> Path:
    """Return the folder of an extractor; raise ModelError if there is none.

    name: empty or BUILT_IN for the built-in one, else a folder. folders: whether a name may be a folder.
    """
    name = name.strip()
    if name in ("", BUILT_IN):
        folder = BUILT_IN_FOLDER / BUILT_IN
        if not folder.is_dir():
            raise ModelError(
                "There is no built-in model for extraction in this copy of the program (assets/models/extract); "
                "fine-tune one, and give its folder as the model."
            )
        return folder
    if not folders:
        raise ModelError(
            f"This page does not load folders of its server, so not {shown(name)}; use '{BUILT_IN}'."
        )
    folder = folder_of(name)
    if not folder:
        raise ModelError(
            f"There is no folder {shown(name)}; give '{BUILT_IN}', or the folder of a model that was fine-tuned."
        )
    return folder


def load_extractor(
    folder: Path, name: str, *, device: str = "auto", allow_pickle: bool = False, mapped: bool = False
) -> Extractor:
    """Load a fine-tuned folder, or one with the folders `evidence` and `answers` or one of them; optimized for the CPU.

    mapped: see `native_bert.model.mapped_embeddings`. Raises ModelError.
    """
    from mlm_demo.models.cpu.optimize import optimize_task_for_cpu
    from mlm_demo.models.native_bert.loader import load_native_task

    parts = {task: folder / task for task in TASKS if (folder / task).is_dir()}
    if (folder / "config.json").is_file():
        parts = {None: folder}
    if not parts:
        raise ModelError(
            f"{shown(name)} has no fine-tuned model, and no folder 'evidence' or 'answers' with one; give the folder "
            "of a model that was fine-tuned."
        )
    found = {}
    for task, part in parts.items():
        label = name if task is None else f"{name}/{task}"
        model = load_native_task(part, label, device=device, mapped=mapped)
        if model is None or task not in (None, model.task):
            from mlm_demo.models.task_loader import load_task_model  # imports transformers

            model = load_task_model(part, label, task=task, device=device, allow_pickle=allow_pickle)
        optimize_task_for_cpu(model)
        found[model.task] = model
    return Extractor(name, **found)


def version_of(folder: Path) -> str:
    """Return a text that changes when the files of an extractor do."""
    return " ".join(map(stamp, sorted(path for path in folder.rglob("*") if path.is_file())))
