"""Prepare training from scratch: read the corpus, train the tokenizer, make the model. Each happens once."""

from collections.abc import Callable
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from mlm_demo.training.prepare import Preparation, limit_memory_of_model
from mlm_demo.training.prepare_cache import StepCost
from mlm_demo.training.pretraining.result import ENOUGH_TOKENS

if TYPE_CHECKING:
    from mlm_demo.models.masked_lm import MaskedLM
    from mlm_demo.training.pretraining.result import PretrainResult


class PretrainPreparation(Preparation):
    """A `Preparation` without a base model; config: a PretrainConfig."""

    knows_english = False

    @cached_property
    def mlm(self) -> "MaskedLM":
        """The model with random weights, and the tokenizer that the training part has taught it."""
        training = self.corpus.training  # before what takes seconds to import
        limit_memory_of_model(self.settings)
        from mlm_demo.training.pretraining.fresh import fresh_model
        from mlm_demo.training.pretraining.tokenizer import train_tokenizer

        config = self.config
        self.on_progress("training the tokenizer")
        tokenizer = train_tokenizer(config.tokenizer, training, config.vocab_size, config.block_size)
        if (entries := len(tokenizer)) < config.vocab_size:
            self.corpus.counts.notes.append(
                f"The vocabulary has {entries:,} entries instead of {config.vocab_size:,}: the corpus has no more "
                "pieces of words that occur twice."
            )
        self._can_train = True
        return fresh_model(tokenizer, config, self.settings.device)

    def pretrain(
        self,
        output: Path,
        *,
        resume: bool,
        on_progress: Callable[[dict], None],
        should_stop: Callable[[], bool],
    ) -> "PretrainResult":
        """Train, judge and save; see `pretrain.pretrain`. Raises CorpusError, TrainingError."""
        from mlm_demo.training.pretraining.pretrain import pretrain

        return pretrain(
            self.mlm,
            self.corpus,
            self.config,
            output,
            resume=resume,
            blocks=self.blocks,
            step_time=self.step.seconds,
            on_progress=on_progress,
            should_stop=should_stop,
        )

    def _budget(self, report: dict, blocks: int, step: StepCost) -> dict:
        found = super()._budget(report, blocks, step)
        if report["tokens"] >= ENOUGH_TOKENS:
            return found
        return {
            **found,
            "verdict": "small for a model from scratch",
            "advice": "It works, but a model learns a language from millions of words.",
        }

    @property
    def _model_key(self) -> list:
        """What tokenizer and model depend on, besides the corpus."""
        config = self.config
        return [config.tokenizer, config.vocab_size, config.layers, config.hidden]
