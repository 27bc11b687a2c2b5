"""The models that the tab offers, the built-in one and those that were fine-tuned here, and those in memory."""

from collections.abc import Sequence
from pathlib import Path

from mlm_demo.errors import ModelError, shown
from mlm_demo.inference.engine import Progress
from mlm_demo.models.catalogue import BUILT_IN_FOLDER, ModelRef
from mlm_demo.models.extractor import BUILT_IN, Extractor, find_extractor, load_extractor, version_of
from mlm_demo.models.pool import ModelCache
from mlm_demo.runs.adapted_models import adapted_model
from mlm_demo.runs.run import Run
from mlm_demo.runs.store import RunStore
from mlm_demo.runs.tasks.adapt import Adaptation
from mlm_demo.settings import Settings

IN_MEMORY = 2
NONE_HERE = (
    "There is no model for extraction yet: this copy has no built-in one (assets/models/extract), and none was "
    "fine-tuned here. Fine-tune one, and it appears in the list of models"
)


def fine_tuned(run: Run) -> ModelRef | None:
    """Return the model of a run that taught a task; None for an adaptation, and while there is none."""
    return adapted_model(run) if run.request.task != Adaptation.name else None


def offered(runs: RunStore, owner: str, named: str = "", built_in: Path = BUILT_IN_FOLDER) -> list[ModelRef]:
    """Return the models that a person can pick, the built-in one first.

    named: one in use; the model of somebody else's run is offered if a link named it.
    """
    here = [ModelRef(BUILT_IN, "built in", "Evidence and answers")] if (built_in / BUILT_IN).is_dir() else []
    own = [ref for run in runs.owned_by(owner) if (ref := fine_tuned(run))]
    if named and named not in {ref.name for ref in own} and runs.has(named):
        own += [ref for ref in [fine_tuned(runs.find(named))] if ref]
    return [*here, *own]


def none_here(settings: Settings) -> str:
    """Return what a person can do while there is no model to pick."""
    return f"{NONE_HERE}{'; or type the folder of one' if settings.folders else ''}."


class Extractors:
    """The models in memory. Safe to share between threads."""

    def __init__(self, settings: Settings, runs: RunStore):
        self.settings, self.runs = settings, runs
        self._cache = ModelCache(IN_MEMORY)

    def get(self, name: str, on_progress: Progress) -> Extractor:
        """Return the model of a name: the built-in one, a run's id, or a folder; raises ModelError."""
        folder = self._folder(name.strip())
        label = name.strip() or BUILT_IN

        def load() -> Extractor:
            on_progress(0.0, "Loading the model")
            settings = self.settings
            return load_extractor(folder, label, device=settings.device, allow_pickle=settings.allow_pickle)

        return self._cache.get((label, version_of(folder)), load)

    def _folder(self, name: str) -> Path:
        if not name and not (BUILT_IN_FOLDER / BUILT_IN).is_dir():
            raise ModelError(none_here(self.settings))
        if name and self.runs.has(name):
            ref = fine_tuned(self.runs.find(name))
            if ref is None:
                raise ModelError(
                    f"The run {shown(name)} has no model for extraction; pick one that taught a task, once it is done."
                )
            return ref.path
        return find_extractor(name, folders=self.settings.folders)


def choices(models: Sequence[ModelRef]) -> list[tuple[str, str]]:
    """Return (label, name) of each model."""
    return [(f"{ref.title} · {ref.availability}", ref.name) for ref in models]
