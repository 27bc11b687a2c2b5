"""The model that fine-tuning starts from: one that fills masks, or one that was taught a task before.

A model that was taught the same task goes on with its head, so that few examples, such as verdicts, can improve it. One
that was taught another task brings what it learned there, without its head.
"""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from mlm_demo.models.catalogue import FINETUNED, Catalogue, ModelRef
from mlm_demo.models.extractor import BUILT_IN, find_extractor
from mlm_demo.models.masked_lm import MaskedLM
from mlm_demo.models.task_loader import is_task_model, load_task_model
from mlm_demo.models.task_model import TaskModel
from mlm_demo.models.tasks import TASKS
from mlm_demo.settings import Settings
from mlm_demo.training.lineage import lineage_of
from mlm_demo.training.prepare import load_model


def load_base(
    name: str, task: str, settings: Settings, catalogue: Catalogue, on_progress: Callable[[str], None]
) -> tuple[MaskedLM | TaskModel, dict]:
    """Return the model of a name, and its lineage for the card; see `lineage_of`. Raises ModelError.

    name: of a model that fills masks, as for `load_model`; `extract`, the built-in extraction model; the id of a run
    that taught a task; or a folder with a fine-tuned model. Of a folder that holds a model for each task, the one for
    this task is taken.
    """
    ref = _taught(name.strip(), settings, catalogue)
    if ref is None:
        model = load_model(name, settings, catalogue, on_progress)
        return model, lineage_of(catalogue.find_or_base(name))
    part = next((ref.path / kind for kind in (task, *TASKS) if (ref.path / kind).is_dir()), ref.path)
    on_progress(f"Loading {ref.name}")
    model = load_task_model(
        part, ref.name, source=ref.name, device=settings.device, allow_pickle=settings.allow_pickle
    )
    return model, lineage_of(replace(ref, path=part))


def _taught(name: str, settings: Settings, catalogue: Catalogue) -> ModelRef | None:
    """Return the model of a name if it was taught a task, with its folder as the path."""
    if name == BUILT_IN:
        return ModelRef(name, FINETUNED, name, path=find_extractor(name, folders=False))
    made_here = catalogue.adapted(name) if name else None
    if made_here:
        return made_here if made_here.kind == FINETUNED else None
    folder = Path(name).expanduser() if name and settings.folders and "\0" not in name else None
    if folder and folder.is_dir() and any(map(is_task_model, (folder, *(folder / task for task in TASKS)))):
        return ModelRef(name, FINETUNED, folder.resolve().name, path=folder)
    return None
