"""The task `adapt`: its request, limits, work and model."""

import shutil
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass
from functools import lru_cache
from pathlib import Path
from typing import ClassVar

from mlm_demo.models.catalogue import ADAPTED, BASE, Catalogue, ModelRef
from mlm_demo.runs.run import Run
from mlm_demo.runs.staging import PREPARED
from mlm_demo.runs.tasks.task import Shift, check_epochs, check_limits, model_ref
from mlm_demo.settings import Settings
from mlm_demo.system.memory import out_of_memory_as_error
from mlm_demo.training.checkpoints import last_checkpoint, remove_leftovers
from mlm_demo.training.config import AdaptConfig
from mlm_demo.training.options import budget_phrase, to_argv
from mlm_demo.training.phase import Phase
from mlm_demo.training.prepare import Preparation
from mlm_demo.training.prepare_cache import PrepareCache
from mlm_demo.training.result import RESULT, WEIGHTS, read_result

DEFAULTS_BEFORE = {
    "mlm_probability": 0.15,
    "schedule": "linear",
}  # of options that an older run.json leaves out


@dataclass(frozen=True)
class AdaptRequest:
    """A request for an adaptation. Empty values: the default model, and a guess of the column with the text."""

    config: AdaptConfig
    model: str = ""
    column: str = ""

    verb: ClassVar = "adapt"
    made: ClassVar = "on"

    @classmethod
    def from_json(cls, request: dict) -> "AdaptRequest":
        """Return the request that `to_json` wrote; raises TrainingError."""
        config = AdaptConfig(**{**DEFAULTS_BEFORE, **request["config"]})
        return cls(config, request["model"], request["column"])

    def to_json(self) -> dict:
        """Return the request as run.json holds it, with the name of the built-in general model if none is given."""
        return {**asdict(self), "model": self.model or BASE.name}

    def to_argv(self) -> list[str]:
        """Return the request as options of the command line."""
        argv = ["--model", self.model or BASE.name]
        argv += ["--column", self.column] if self.column else []
        return argv + to_argv(self.config, AdaptConfig(max_steps=1))

    @property
    def budget(self) -> str:
        """The budget as a phrase, such as `5 minutes`."""
        return budget_phrase(self.config)


class Adaptation:
    """Domain-adaptive pre-training of a masked language model."""

    name, keeps_files = AdaptRequest.verb, True

    def base(self, request: AdaptRequest, catalogue: Catalogue) -> ModelRef:
        """Return the model to adapt; raises ModelError."""
        return catalogue.find_or_base(request.model)

    def check(self, request: AdaptRequest, settings: Settings) -> None:
        """Raise TrainingError for a run that exceeds the limits of the settings."""
        config = request.config
        batch_tokens = config.batch_size * config.block_size
        check_limits(
            (
                ("The training time in minutes", config.minutes, settings.max_run_minutes),
                ("The number of steps", config.max_steps, settings.max_run_steps),
                ("Batch size times block size", batch_tokens, settings.max_batch_tokens),
            )
        )

    def report(
        self,
        files: Sequence[Path],
        request: dict,
        settings: Settings,
        catalogue: Catalogue,
        prepared: Path,
        on_progress: Callable[[str], None],
    ) -> dict:
        """Return the report on a corpus as JSON; raises CorpusError, ModelError, TrainingError."""
        adapt_request = AdaptRequest.from_json(request)
        with out_of_memory_as_error():
            preparation = preparation_of(
                files, adapt_request, settings, catalogue, prepared, report_only=True, on_progress=on_progress
            )
            return preparation.report.to_json()

    def work(self, run: Run, settings: Settings, catalogue: Catalogue, shift: Shift) -> str:
        """Adapt, or continue from the last checkpoint; log `stage`, `report` and the lines of `adapt.adapt`."""
        result = read_result(run.output)
        if result is not None and not result.training.stopped:
            remove_leftovers(run.output)
        else:
            with out_of_memory_as_error():
                preparation = _prepare(run, settings, catalogue, shift)
                with shift.training() as log:
                    result = preparation.adapt(
                        run.output,
                        resume=last_checkpoint(run.output) is not None,
                        on_progress=log,
                        should_stop=shift.should_stop,
                    )
        if not (where := result.training.stopped_where()):
            shutil.rmtree(run.input / PREPARED, ignore_errors=True)
        return where

    def models(self, run: Run) -> list[ModelRef]:
        """Return the adapted model, once there is one; none for a run at its base, where the model is the base."""
        version = _version(run.output)
        if not version or _share(run.output, version) == 0:
            return []
        return [model_ref(run, ADAPTED, version, domain="adapted")]

    def figures(self, run: Run) -> dict | None:
        """Return the metrics of a run as JSON, None while there are none."""
        result = read_result(run.output)
        return result.to_json()["figures"] if result else None

    def to_argv(self, request: dict) -> list[str]:
        """Return the request as options of the command `adapt`."""
        return AdaptRequest.from_json(request).to_argv()


def preparation_of(
    files: Sequence[Path],
    request: AdaptRequest,
    settings: Settings,
    catalogue: Catalogue,
    prepared: Path,
    *,
    report_only: bool = False,
    on_progress: Callable[[str], None] = lambda stage: None,
) -> Preparation:
    """Return the preparation of a request for files, with its cache in the folder `prepared`.

    The cache is limited to the size of an upload.
    """
    return Preparation(
        files,
        request.config,
        settings,
        catalogue,
        model=request.model,
        column=request.column,
        report_only=report_only,
        cache=PrepareCache(prepared, settings.max_upload_megabytes * 1e6),
        on_progress=on_progress,
    )


def _version(output: Path) -> str:
    """Return a text that changes when a resumed or reweighed run replaces the model; empty while there is none."""
    times = []
    for name in (RESULT, WEIGHTS):
        with suppress(FileNotFoundError):
            times.append((output / name).stat().st_mtime_ns)
    return "-".join(map(str, times)) if (output / RESULT).exists() else ""


@lru_cache(maxsize=1_024)
def _share(output: Path, version: str) -> float | None:
    """Return the share of what a run learned that its model has, None for a result of version 0.1.0.

    version: of the files, for the cache. The pickers ask for the models of all runs at each question.
    """
    result = read_result(output)
    return result.share if result else None


def _prepare(run: Run, settings: Settings, catalogue: Catalogue, shift: Shift) -> Preparation:
    """Read the files and prepare training; the process exits here if it has to stop."""
    run.log({"phase": Phase.READ, "stage": "reading the text"})
    preparation = preparation_of(
        [run.input / name for name in run.request.files],
        AdaptRequest.from_json(run.request.request),
        settings,
        catalogue,
        run.input / PREPARED,
        on_progress=lambda stage: run.log({"stage": stage}),
    )
    with shift.reading():
        _ = preparation.corpus
    with shift.interruptible():
        # Without the passages: the log outlives the files, and everybody with the run's link sees its report.
        run.log({"report": {**preparation.report.to_json(), "passages": []}})
        check_epochs(len(preparation.blocks), preparation.config, settings)
    return preparation
