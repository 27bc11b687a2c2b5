"""The task `adapt`: what a person asks for, its limits, the work, and the model it makes."""

import re
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from mlm_demo.errors import TrainingError
from mlm_demo.models.catalogue import Catalogue, ModelRef, default_model
from mlm_demo.runs.run import Run
from mlm_demo.runs.staging import PREPARED
from mlm_demo.runs.tasks.task import Shift
from mlm_demo.settings import READING_SECONDS, Settings
from mlm_demo.system.memory import out_of_memory_as_error
from mlm_demo.training.checkpoints import finished_result, last_checkpoint
from mlm_demo.training.config import AdaptConfig
from mlm_demo.training.prepare import Preparation
from mlm_demo.training.prepare_cache import PrepareCache
from mlm_demo.training.result import RESULT


@dataclass(frozen=True)
class AdaptRequest:
    """What a person asks for: the settings, the base model, the column of a table (empty: guessed)."""

    config: AdaptConfig
    model: str = ""
    column: str = ""

    @classmethod
    def from_json(cls, request: dict) -> "AdaptRequest":
        """Return the request that `to_json` wrote; raises TrainingError."""
        return cls(AdaptConfig(**request["config"]), request["model"], request["column"])

    def to_json(self) -> dict:
        """Return the request as run.json keeps it, with the name of the default model if none is given."""
        return {**asdict(self), "model": self.model or default_model().name}

    def to_argv(self) -> list[str]:
        """Return the request as options of the command line."""
        argv = ["--model", self.model or default_model().name]
        argv += ["--column", self.column] if self.column else []
        defaults = asdict(AdaptConfig(max_steps=1))
        for name, value in asdict(self.config).items():
            if value is None or (value == defaults[name] and name != "max_steps"):
                continue
            option = f"--{name.replace('_', '-')}"
            argv += [option] if value is True else [option, _plain_number(value)]
        return argv

    @property
    def budget(self) -> str:
        """The budget as a phrase."""
        if self.config.minutes is not None:
            return f"{self.config.minutes:g} minute{'s' * (self.config.minutes != 1)}"
        if self.config.max_steps is not None:
            return f"{self.config.max_steps:,} step{'s' * (self.config.max_steps != 1)}"
        return f"{self.config.epochs:g} epoch{'s' * (self.config.epochs != 1)}"


class Adaptation:
    """Domain-adaptive pre-training of a masked language model."""

    name = "adapt"

    def check(self, request: AdaptRequest, settings: Settings) -> None:
        """Raise TrainingError for a run that is longer or larger than the settings allow."""
        config = request.config
        for what, value, most in (
            ("the minutes of a run", config.minutes, settings.max_run_minutes),
            ("the steps of a run", config.max_steps, settings.max_run_steps),
            ("batch size times block size", config.batch_size * config.block_size, settings.max_batch_tokens),
        ):
            if value and value > most:
                raise TrainingError(
                    f"{what[:1].upper()}{what[1:]}: {value:,g}, more than {most:,} here; choose less."
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
        """Return the report of a corpus; raises CorpusError, ModelError, TrainingError."""
        asked = AdaptRequest.from_json(request)
        with out_of_memory_as_error():
            preparation = preparation_of(
                files, asked, settings, catalogue, prepared, report_only=True, on_progress=on_progress
            )
            return preparation.report.to_json()

    def work(self, run: Run, settings: Settings, catalogue: Catalogue, shift: Shift) -> str:
        """Adapt, or go on from the last checkpoint; log lines with `stage`, `report` and those of `adapt.adapt`."""
        result = finished_result(run.output)
        if not result:
            with out_of_memory_as_error():
                preparation = _prepare(run, settings, catalogue, shift)
                result = preparation.adapt(
                    run.output,
                    resume=last_checkpoint(run.output) is not None,
                    on_progress=run.log,
                    should_stop=shift.should_stop,
                )
        training = result.training
        return (
            f"at step {training.steps:,} of {training.planned:,}; what was learned is kept, and Resume goes on."
            if training.stopped
            else ""
        )

    def models(self, run: Run) -> list[ModelRef]:
        """Return the adapted model, once there is one."""
        try:
            version = str((run.output / RESULT).stat().st_mtime_ns)  # a resumed run writes its model again
        except FileNotFoundError:
            return []
        base = str(run.request.about.get("model", "a model")).rstrip("/").rsplit("/", 1)[-1]
        title = f"{base} adapted to {run.request.title}"
        return [
            ModelRef(
                run.id,
                "adapted",
                title,
                "adapted",
                path=run.output,
                archive=plain_name(title),
                version=version,
            )
        ]

    def to_argv(self, request: dict) -> list[str]:
        """Return the options of the verb `adapt` that ask for the same."""
        return AdaptRequest.from_json(request).to_argv()


def preparation_of(
    files: Sequence[Path],
    request: AdaptRequest,
    settings: Settings,
    catalogue: Catalogue,
    prepared: Path,
    *,
    report_only: bool = False,
    on_progress: Callable[[str], None] = lambda what: None,
) -> Preparation:
    """Return the preparation of a request over files, with its cache in the folder `prepared`.

    The cache takes no more room than the files of a run may.
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


def plain_name(title: str) -> str:
    """Return a title as a name for a folder or an archive."""
    return "-".join(re.findall(r"[A-Za-z0-9]+", title))[:60].strip("-") or "adapted"


def _prepare(run: Run, settings: Settings, catalogue: Catalogue, shift: Shift) -> Preparation:
    """Read the files and prepare the training; the process ends here if it has to stop."""
    preparation = preparation_of(
        [run.input / name for name in run.request.files],
        AdaptRequest.from_json(run.request.request),
        settings,
        catalogue,
        run.input / PREPARED,
        on_progress=lambda what: run.log({"stage": what}),
    )
    minutes = READING_SECONDS // 60
    with shift.interruptible(
        READING_SECONDS, f"Reading the files took longer than {minutes} minutes; try fewer of them."
    ):
        _ = preparation.corpus
    with shift.interruptible():
        run.log({"report": preparation.report.to_json()})
    return preparation


def _plain_number(value: float) -> str:
    """Return a number as short as `:g` writes it, if that is the same number."""
    return f"{value:g}" if float(f"{value:g}") == value else repr(value)
