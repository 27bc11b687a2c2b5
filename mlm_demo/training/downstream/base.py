"""The model that fine-tuning starts from: one that fills masks, or one that was taught a task before.

A model that was taught the same task goes on with its head, so that few examples, such as verdicts, can improve it. One
that was taught another task brings what it learned there, without its head. The built-in models, and those adapted from
them, start with what the built-in `extract` learned: a hundred examples teach a random head far less.
"""

from collections.abc import Callable
from dataclasses import replace

from mlm_demo.models.carried import carried_over
from mlm_demo.models.catalogue import BASE, BIOMEDICAL, BUILT_IN_FOLDER, Catalogue, ModelRef
from mlm_demo.models.extractor import BUILT_IN
from mlm_demo.models.masked_lm import MaskedLM
from mlm_demo.models.task_loader import load_task_model
from mlm_demo.models.task_model import TaskModel
from mlm_demo.models.tasks import TASKS
from mlm_demo.models.taught import find_taught
from mlm_demo.settings import Settings
from mlm_demo.training.lineage import lineage_of
from mlm_demo.training.prepare import load_model


def load_base(
    name: str, task: str, settings: Settings, catalogue: Catalogue, on_progress: Callable[[str], None]
) -> tuple[MaskedLM | TaskModel, dict]:
    """Return the model of a name, and its lineage for the card; see `lineage_of`. Raises ModelError.

    name: of a model that fills masks, as for `load_model`, or of one that was taught a task, as for `find_taught`. Of a
    folder that holds a model for each task, the one for this task is taken.
    """
    ref = find_taught(name, catalogue)
    if ref is None:
        model = load_model(name, settings, catalogue, on_progress)
        return _with_what_extract_learned(model, catalogue.find_or_base(name), task, on_progress)
    part = next((ref.path / kind for kind in (task, *TASKS) if (ref.path / kind).is_dir()), ref.path)
    on_progress(f"Loading {ref.name}")
    model = load_task_model(
        part, ref.name, source=ref.name, device=settings.device, allow_pickle=settings.allow_pickle
    )
    return model, lineage_of(replace(ref, path=part))


def _with_what_extract_learned(
    model: MaskedLM, ref: ModelRef, task: str, on_progress: Callable[[str], None]
) -> tuple[MaskedLM | TaskModel, dict]:
    """Return a model and its lineage, with the task carried over if it began as a built-in one."""
    lineage = lineage_of(ref)
    built_in = {BASE.name, BIOMEDICAL.name}
    if built_in.isdisjoint([ref.name, *(ancestor["name"] for ancestor in lineage["ancestors"])]):
        return model, lineage
    folder = BUILT_IN_FOLDER / BUILT_IN / task
    if not folder.is_dir():
        return model, lineage
    on_progress(f"Adding what {BUILT_IN} learned of {task}")
    taught = load_task_model(folder, BUILT_IN, task=task, device="cpu")
    ancestors = [*lineage["ancestors"], {"name": BUILT_IN, "revision": taught.revision}]
    return carried_over(taught, model), {**lineage, "ancestors": ancestors}
