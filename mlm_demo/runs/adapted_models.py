"""The models that runs have made, as entries of the model picker."""

import re

from mlm_demo.errors import ModelError
from mlm_demo.models.catalogue import Catalogue, ModelRef
from mlm_demo.runs.run import Run
from mlm_demo.runs.store import RunStore
from mlm_demo.settings import Settings
from mlm_demo.training.result import RESULT


def adapted_model(run: Run) -> ModelRef | None:
    """Return the model of a run, or None while it has made none."""
    try:
        version = str((run.output / RESULT).stat().st_mtime_ns)  # a resumed run writes its model anew
    except FileNotFoundError:
        return None
    about = run.request.about
    base = str(about.get("model", "a model")).rstrip("/").rsplit("/", 1)[-1]
    title = f"{base} adapted to {run.request.title}"
    return ModelRef(
        run.id, "adapted", title, "adapted", path=run.output, archive=_plain_name(title), version=version
    )


def archive_name(run: Run) -> str:
    """Return a plain name for the folder and the archive of an adapted model."""
    model = adapted_model(run)
    return model.archive if model else _plain_name(run.request.title)


def catalogue_of(settings: Settings) -> Catalogue:
    """Return the catalogue that also finds the models of the runs in the data folder."""
    runs = RunStore(settings.runs)

    def adapted(name: str) -> ModelRef | None:
        if not runs.has(name):
            return None
        if model := adapted_model(runs.find(name)):
            return model
        raise ModelError(
            f"The run {name} has no model yet; wait for its end, or stop it to keep what it has learned."
        )

    return Catalogue(adapted, folders=settings.folders)


def _plain_name(title: str) -> str:
    return "-".join(re.findall(r"[A-Za-z0-9]+", title))[:60].strip("-") or "adapted"
