"""Find a model that was taught a task: the built-in one, that of a run, or a folder. Imports nothing heavy."""

import json
from pathlib import Path

from mlm_demo.errors import ModelError, shown
from mlm_demo.models.catalogue import FINETUNED, KNOWN_MODELS, Catalogue, ModelRef, check_run_id, folder_of
from mlm_demo.models.extractor import BUILT_IN, find_extractor
from mlm_demo.models.tasks import TASKS

HEADS = ("ForSequenceClassification", "ForQuestionAnswering")  # how the architectures of both tasks end


def find_taught(name: str, catalogue: Catalogue) -> ModelRef | None:
    """Return the model of a name if it was taught a task, with its folder as the path; None for any other name.

    name: `extract`, the id of a run that taught a task, or a folder with a fine-tuned model, or with one for each task,
    if the catalogue looks up folders. Raises ModelError for a run without a model.
    """
    name = name.strip()
    if name == BUILT_IN:
        return ModelRef(name, FINETUNED, name, path=find_extractor(name, folders=False))
    if not name:
        return None
    if made_here := catalogue.adapted(name):
        return made_here if made_here.kind == FINETUNED else None
    folder = folder_of(name) if catalogue.folders else None
    if folder and any(map(_has_head, (folder, *(folder / task for task in TASKS)))):
        return ModelRef(name, FINETUNED, folder.resolve().name, path=folder)
    return None


def require_taught(name: str, catalogue: Catalogue) -> ModelRef:
    """Return the model of a name that was taught a task, empty for the built-in one; raises ModelError for any other.

    The name is as for `find_taught`.
    """
    name = name.strip() or BUILT_IN
    if found := find_taught(name, catalogue):
        return found
    made_here = catalogue.adapted(name)
    title = made_here.title if made_here else name
    if not made_here and title not in (known.name for known in KNOWN_MODELS):
        check_run_id(name)
        find_extractor(name, folders=catalogue.folders)  # says what is wrong with a folder
    raise ModelError(f"{shown(title)} was taught no task; teach it one, or pick another model.")


def _has_head(folder: Path) -> bool:
    """Return whether the config in a folder, if there is one, is that of a model for a task."""
    try:
        config = json.loads((folder / "config.json").read_text(encoding="utf-8"))
        return any(name.endswith(HEADS) for name in config.get("architectures") or [])
    except (OSError, ValueError, AttributeError):
        return False
