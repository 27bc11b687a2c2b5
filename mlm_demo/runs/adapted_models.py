"""The models that runs have produced, as entries of the model picker."""

from mlm_demo.errors import ModelError
from mlm_demo.models.catalogue import ADAPTED, Catalogue, ModelRef
from mlm_demo.runs.run import Run
from mlm_demo.runs.store import RunStore
from mlm_demo.runs.tasks.registry import TASKS
from mlm_demo.runs.tasks.task import plain_name
from mlm_demo.settings import Settings
from mlm_demo.training.result import RESULT


def model_of(run: Run) -> ModelRef | None:
    """Return the model of a run, or None while it has none or if it kept its base model."""
    task = TASKS.get(run.request.task)
    return next(iter(task.models(run)), None) if task else None


def adapted_model(run: Run) -> ModelRef | None:
    """Return the model of a run if it fills masks."""
    model = model_of(run)
    return model if model and model.kind == ADAPTED else None


def archive_name(run: Run) -> str:
    """Return the name of the zip file of a run's model and of the folder in it."""
    model = model_of(run)
    return model.archive if model else plain_name(run.name)


def catalogue_of(settings: Settings) -> Catalogue:
    """Return the catalogue that also finds the models of the runs in the data folder."""
    runs = RunStore(settings.runs)

    def adapted(name: str) -> ModelRef | None:
        if not runs.has(name):
            return None
        run = runs.find(name)
        if model := model_of(run):
            return model
        if (run.output / RESULT).exists():
            raise ModelError(
                f"The run {name} kept its base model; move the slider on the run's page to use what it learned."
            )
        raise ModelError(
            f"The run {name} has no model yet; wait until it ends, or stop it to keep its progress."
        )

    return Catalogue(adapted, folders=settings.folders)
