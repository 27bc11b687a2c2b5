"""The models that the tab offers: the built-in one, and those that were fine-tuned here."""

from collections.abc import Sequence
from pathlib import Path

from mlm_demo.models.catalogue import BUILT_IN_FOLDER, FINETUNED, ModelRef
from mlm_demo.models.extractor import BUILT_IN
from mlm_demo.runs.adapted_models import model_of
from mlm_demo.runs.run import Run
from mlm_demo.runs.store import RunStore
from mlm_demo.settings import Settings
from mlm_demo.web.model_choices import told_apart


def fine_tuned(run: Run) -> ModelRef | None:
    """Return the model of a run that taught a task; None for an adaptation, and while there is none."""
    model = model_of(run)
    return model if model and model.kind == FINETUNED else None


def built_in_model(folder: Path = BUILT_IN_FOLDER) -> ModelRef | None:
    """Return the model that comes with the project, None in a copy without it; folder: of the built-in models."""
    found = (folder / BUILT_IN).is_dir()
    return ModelRef(BUILT_IN, "built in", "Evidence and answers") if found else None


def offered(runs: RunStore, owner: str, *named: str, built_in: Path = BUILT_IN_FOLDER) -> list[ModelRef]:
    """Return the models that a person can pick, the built-in one first.

    named: those in use; the model of somebody else's run is offered if a link named it.
    """
    here = [ref] if (ref := built_in_model(built_in)) else []
    own = [ref for run in runs.owned_by(owner) if (ref := fine_tuned(run))]
    others = {name for name in named if runs.has(name)} - {ref.name for ref in own}
    linked = [ref for name in sorted(others) if (ref := fine_tuned(runs.find(name)))]
    return [*here, *own, *linked]


def choices(models: Sequence[ModelRef]) -> list[tuple[str, str]]:
    """Return (label, name) of each model."""
    return told_apart([(f"{ref.title} · {ref.availability}", ref.name) for ref in models])


def first_name(models: Sequence[ModelRef]) -> str | None:
    """Return the name of the first model, None without one."""
    return models[0].name if models else None


def about_models(models: Sequence[ModelRef], settings: Settings) -> str:
    """Return what the picker says below its label."""
    if models:
        folder = ", or the folder of one" if settings.folders else ""
        return f"The built-in one, or one that was taught a task on the tab Adapt{folder}."
    return none_here(settings)


def none_here(settings: Settings) -> str:
    """Return what a person can do while there is no model to pick."""
    folder = "; or type the folder of one" if settings.folders else ""
    return (
        "There is no model for extraction yet: this copy has no built-in one (assets/models/extract), and none was "
        f"taught a task here. Teach one on the tab Adapt, and it appears in this list{folder}."
    )
