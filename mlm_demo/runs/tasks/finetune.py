"""The task `finetune`: its request, limits and work. Its model answers questions and cannot fill masks."""

from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar

from mlm_demo.errors import TrainingError
from mlm_demo.models.catalogue import BASE, FINETUNED, Catalogue, ModelRef
from mlm_demo.models.tasks import TASKS
from mlm_demo.models.taught import find_taught
from mlm_demo.runs.run import Run
from mlm_demo.runs.tasks.task import Shift, check_epochs, check_limits, model_ref, result_version
from mlm_demo.settings import Settings
from mlm_demo.system.memory import out_of_memory_as_error
from mlm_demo.training.checkpoints import has_progress, remove_leftovers
from mlm_demo.training.downstream.config import FinetuneConfig
from mlm_demo.training.downstream.result import read_finetune_result
from mlm_demo.training.options import budget_phrase, to_argv
from mlm_demo.training.phase import Phase

if TYPE_CHECKING:
    from mlm_demo.training.downstream.prepare import FinetunePreparation


@dataclass(frozen=True)
class FinetuneRequest:
    """A request to teach a model a task. model: empty for the default model."""

    config: FinetuneConfig
    task: str
    model: str = ""

    verb: ClassVar = "finetune"

    def __post_init__(self):
        if self.task not in TASKS:
            raise TrainingError(f"The task is {self.task!r}; choose {' or '.join(TASKS)}.")

    @classmethod
    def from_json(cls, request: dict) -> "FinetuneRequest":
        """Return the request that `to_json` wrote; raises TrainingError."""
        return cls(FinetuneConfig(**request["config"]), request["task"], request["model"])

    def to_json(self) -> dict:
        """Return the request as run.json holds it, with the name of the built-in general model if none is given."""
        return {**asdict(self), "model": self.model or BASE.name}

    def to_argv(self) -> list[str]:
        """Return the request as options of the command line, after the files."""
        return ["--model", self.model or BASE.name, *to_argv(self.config, FinetuneConfig(max_steps=1))]

    @property
    def made(self) -> str:
        """Names what it is taught, because the picker of Extract tells nothing else about it."""
        return f"for {self.task} on"

    @property
    def budget(self) -> str:
        """Task and budget as a phrase, such as `answers, 5 minutes`."""
        return f"{self.task}, {budget_phrase(self.config)}"


class Finetuning:
    """Fine-tuning of a model for a downstream task."""

    name, keeps_files = FinetuneRequest.verb, False

    def base(self, request: FinetuneRequest, catalogue: Catalogue) -> ModelRef:
        """Return the model to teach, which may have been taught before; raises ModelError."""
        return find_taught(request.model, catalogue) or catalogue.find_or_base(request.model)

    def check(self, request: FinetuneRequest, settings: Settings) -> None:
        """Raise TrainingError for a run that exceeds the limits of the settings."""
        config = request.config
        steps = config.max_steps and config.max_steps * config.seeds
        check_limits(
            (
                ("The training time in minutes", config.minutes, settings.max_run_minutes),
                ("The number of steps of all seeds", steps, settings.max_run_steps),
                ("Batch size times tokens", config.batch_size * config.length, settings.max_batch_tokens),
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
        """Return what the examples are, as JSON, and the `first` of them; raises CorpusError."""
        with out_of_memory_as_error():
            preparation = _preparation(
                files, FinetuneRequest.from_json(request), settings, catalogue, on_progress
            )
            return {**preparation.report, "first": preparation.first}

    def work(self, run: Run, settings: Settings, catalogue: Catalogue, shift: Shift) -> str:
        """Fine-tune, or continue from the last checkpoint; log `stage`, `report` and the lines of `finetune`."""
        result = read_finetune_result(run.output)
        if result is not None and not result.stopped:
            remove_leftovers(run.output)
        else:
            run.log({"phase": Phase.READ, "stage": "reading the examples"})
            with out_of_memory_as_error():
                preparation = _preparation(
                    [run.input / name for name in run.request.files],
                    FinetuneRequest.from_json(run.request.request),
                    settings,
                    catalogue,
                    lambda stage: run.log({"stage": stage}),
                )
                with shift.reading():
                    run.log({"report": preparation.report})
                training, _ = preparation.parts
                check_epochs(len(training), preparation.config, settings, preparation.config.seeds)
                with shift.training() as log:
                    result = preparation.finetune(
                        run.output,
                        resume=has_progress(run.output),
                        on_progress=log,
                        should_stop=shift.should_stop,
                    )
        if not result.stopped:
            return ""
        seeds = len(result.seeds)
        return f"after {seeds} of {result.config['seeds']} seeds. Progress is kept, and Resume continues."

    def models(self, run: Run) -> list[ModelRef]:
        """Return the fine-tuned model, once there is one."""
        version = result_version(run)
        return [model_ref(run, FINETUNED, version)] if version else []

    def figures(self, run: Run) -> list[dict] | None:
        """Return the metrics of a run as JSON, None while there are none."""
        result = read_finetune_result(run.output)
        return result.to_json()["rows"] if result else None

    def to_argv(self, request: dict) -> list[str]:
        """Return the request as options of the command `finetune`."""
        return FinetuneRequest.from_json(request).to_argv()


def _preparation(
    files: Sequence[Path],
    request: FinetuneRequest,
    settings: Settings,
    catalogue: Catalogue,
    on_progress: Callable[[str], None],
) -> "FinetunePreparation":
    from mlm_demo.training.downstream.prepare import FinetunePreparation  # here: the page reads no examples

    return FinetunePreparation(
        files, request.task, request.config, settings, catalogue, model=request.model, on_progress=on_progress
    )
