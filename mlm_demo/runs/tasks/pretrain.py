"""The task `pretrain`: a tokenizer and a model from scratch, which then fills masks like any other model."""

from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import ClassVar

from mlm_demo.models.catalogue import ADAPTED, Catalogue, ModelRef
from mlm_demo.runs.run import Run
from mlm_demo.runs.staging import PREPARED
from mlm_demo.runs.tasks.task import Shift, check_epochs, check_limits, model_ref, result_version
from mlm_demo.settings import Settings
from mlm_demo.system.memory import out_of_memory_as_error
from mlm_demo.training.checkpoints import last_checkpoint, remove_leftovers
from mlm_demo.training.options import to_argv
from mlm_demo.training.phase import Phase
from mlm_demo.training.prepare_cache import PrepareCache
from mlm_demo.training.pretraining.config import PretrainConfig
from mlm_demo.training.pretraining.prepare import PretrainPreparation
from mlm_demo.training.pretraining.result import read_pretrain_result


@dataclass(frozen=True)
class PretrainRequest:
    """A request to train from scratch. column: empty for a guess."""

    config: PretrainConfig
    column: str = ""

    verb: ClassVar = "pretrain"
    made: ClassVar = "on"

    @classmethod
    def from_json(cls, request: dict) -> "PretrainRequest":
        """Return the request that `to_json` wrote; raises TrainingError."""
        return cls(PretrainConfig(**request["config"]), request["column"])

    def to_json(self) -> dict:
        """Return the request as run.json holds it."""
        return asdict(self)

    def to_argv(self) -> list[str]:
        """Return the request as options of the command line, after the files."""
        argv = ["--column", self.column] if self.column else []
        return argv + to_argv(self.config, PretrainConfig(max_steps=1))

    @property
    def budget(self) -> str:
        """The model and the budget as a phrase."""
        return self.config.phrase


class Pretraining:
    """Training of a tokenizer and a masked language model from random weights."""

    name, keeps_files = PretrainRequest.verb, False

    def base(self, request: PretrainRequest, catalogue: Catalogue) -> None:
        """Return no model: there is no base."""
        return None

    def check(self, request: PretrainRequest, settings: Settings) -> None:
        """Raise TrainingError for a run that exceeds the limits of the settings."""
        config = request.config
        batch_tokens = config.batch_size * config.block_size
        check_limits(
            (
                ("The training time in minutes", config.minutes, settings.max_run_minutes),
                ("The number of steps", config.max_steps, settings.max_run_steps),
                ("Batch size times block size", batch_tokens, settings.max_batch_tokens),
                ("The number of parameters", config.parameters, settings.max_new_parameters),
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
        """Return the report on a corpus as JSON; raises CorpusError, TrainingError."""
        with out_of_memory_as_error():
            asked = PretrainRequest.from_json(request)
            return _preparation(files, asked, settings, catalogue, prepared, on_progress).report.to_json()

    def work(self, run: Run, settings: Settings, catalogue: Catalogue, shift: Shift) -> str:
        """Train, or continue from the last checkpoint; log `stage`, `report` and the lines of `pretrain.pretrain`."""
        result = read_pretrain_result(run.output)
        if result is not None and not result.training.stopped:
            remove_leftovers(run.output)
        else:
            run.log({"phase": Phase.READ, "stage": "reading the text"})
            with out_of_memory_as_error():
                preparation = _preparation(
                    [run.input / name for name in run.request.files],
                    PretrainRequest.from_json(run.request.request),
                    settings,
                    catalogue,
                    run.input / PREPARED,
                    lambda stage: run.log({"stage": stage}),
                )
                with shift.reading():
                    _ = preparation.corpus
                with shift.interruptible():
                    run.log({"report": preparation.report.to_json()})
                    check_epochs(len(preparation.blocks), preparation.config, settings)
                with shift.training() as log:
                    result = preparation.pretrain(
                        run.output,
                        resume=last_checkpoint(run.output) is not None,
                        on_progress=log,
                        should_stop=shift.should_stop,
                    )
        return result.training.stopped_where()

    def models(self, run: Run) -> list[ModelRef]:
        """Return the model, once there is one."""
        version = result_version(run)
        return [model_ref(run, ADAPTED, version, domain="adapted")] if version else []

    def figures(self, run: Run) -> dict | None:
        """Return the metrics of a run as JSON, None while there are none."""
        result = read_pretrain_result(run.output)
        return result.to_json()["figures"] if result else None

    def to_argv(self, request: dict) -> list[str]:
        """Return the request as options of the command `pretrain`."""
        return PretrainRequest.from_json(request).to_argv()


def _preparation(
    files: Sequence[Path],
    request: PretrainRequest,
    settings: Settings,
    catalogue: Catalogue,
    prepared: Path,
    on_progress: Callable[[str], None],
) -> PretrainPreparation:
    return PretrainPreparation(
        files,
        request.config,
        settings,
        catalogue,
        column=request.column,
        cache=PrepareCache(prepared, settings.max_upload_megabytes * 1e6),
        on_progress=on_progress,
    )
