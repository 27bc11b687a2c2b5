"""What a person chooses for a run: as words for the worker, and within limits."""

from dataclasses import asdict, dataclass

from mlm_demo.errors import TrainingError
from mlm_demo.models.catalogue import default_model
from mlm_demo.settings import Settings
from mlm_demo.training.config import AdaptConfig


@dataclass(frozen=True)
class AdaptRequest:
    """What a person chose: the base model, the settings, the column of a table (empty: guessed)."""

    config: AdaptConfig
    model: str = ""
    column: str = ""

    def to_argv(self) -> list[str]:
        """As options of the command line."""
        words = ["--model", self.model or default_model().name]
        words += ["--column", self.column] if self.column else []
        defaults = asdict(AdaptConfig(max_steps=1))
        for name, value in asdict(self.config).items():
            if value is None or (value == defaults[name] and name != "max_steps"):
                continue
            option = f"--{name.replace('_', '-')}"
            words += [option] if value is True else [option, f"{value:g}"]
        return words

    @property
    def budget(self) -> str:
        """The budget as a phrase."""
        if self.config.minutes is not None:
            return f"{self.config.minutes:g} minute{'s' * (self.config.minutes != 1)}"
        if self.config.max_steps is not None:
            return f"{self.config.max_steps:,} step{'s' * (self.config.max_steps != 1)}"
        return f"{self.config.epochs:g} epoch{'s' * (self.config.epochs != 1)}"


def check_size(config: AdaptConfig, settings: Settings) -> None:
    """Raise TrainingError for a run that is longer or larger than the settings allow."""
    for what, value, most in (
        ("the minutes of a run", config.minutes, settings.max_run_minutes),
        ("the steps of a run", config.max_steps, settings.max_run_steps),
        ("batch size times block size", config.batch_size * config.block_size, settings.max_batch_tokens),
    ):
        if value and value > most:
            raise TrainingError(
                f"{what[:1].upper()}{what[1:]}: {value:,g}, more than {most:,} here; choose less."
            )
