"""The result of training from scratch: what result.json holds, and the rows of every table that shows it."""

import json
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from mlm_demo.training.outcome import overlap
from mlm_demo.training.result import (
    RESULT,
    Comparison,
    CorpusFacts,
    ExamAnswer,
    Interval,
    Training,
    build,
    loss_row,
)
from mlm_demo.training.row import Row, Value

CLEARLY = -1.0  # nats below word frequencies: about a third of their perplexity
ENOUGH_TOKENS = 1_000_000  # of fewer, a model from scratch learns little more than which words go together


@dataclass(frozen=True)
class Rate:
    """Bits per byte or per word of held-out text: by word frequencies alone, and by the model."""

    frequencies: float
    model: Interval


@dataclass(frozen=True)
class PretrainFigures:
    """The metrics on held-out text: the model (`after`) beside word frequencies alone (`before`).

    The rates can be compared between vocabularies, the rest cannot. unknown_share: of the tokens, those that the
    tokenizer cannot write, which are never asked for.
    """

    held_out: Comparison
    bits_per_byte: Rate
    bits_per_word: Rate
    unknown_share: float


@dataclass(frozen=True)
class PretrainResult:
    """Everything that result.json holds.

    model: as MaskedLM.describe gives it; config: the options of the run; guesses: on held-out sentences, before the
    first step and at the end; curve: log lines with `step`, `seconds` and `loss` or `eval_loss`.
    """

    model: dict[str, Any]
    config: dict[str, Any]
    corpus: CorpusFacts
    figures: PretrainFigures
    guesses: tuple[ExamAnswer, ...]
    training: Training
    curve: tuple[dict[str, Any], ...] = ()
    versions: dict[str, str] = field(default_factory=dict)

    @classmethod
    def from_json(cls, values: dict) -> "PretrainResult":
        """Read what to_json returned."""
        return build(cls, values)

    def to_json(self) -> dict:
        """Return what result.json holds."""
        return asdict(self)

    @property
    def learned(self) -> str:
        """How much was learned beyond word frequencies, by the interval of the change: clearly, a little or nothing."""
        change = self.figures.held_out.change.loss
        if change.side >= 0:
            return "nothing"
        return "clearly" if change.value <= CLEARLY else "a little"

    def rows(self) -> list[Row]:
        """Return the rows of the table of metrics; before: word frequencies alone."""
        held_out, figures = self.figures.held_out, self.figures
        before, after, change = held_out.before, held_out.after, held_out.change
        return [
            loss_row("Loss per token, nats", held_out),
            Row("Perplexity per token", Value.of(before.perplexity), Value.of(after.perplexity)),
            Row(
                "Accuracy",
                Value.percent(before.accuracy),
                Value.percent(after.accuracy),
                Value.points(change.accuracy),
            ),
            *(
                Row(f"Bits per {unit}", Value(rate.frequencies), Value.of(rate.model))
                for unit, rate in (("byte", figures.bits_per_byte), ("word", figures.bits_per_word))
            ),
        ]

    def outcome(self) -> tuple[str, str, str]:
        """Return a title of a few words, a sentence with the numbers, and what to do next."""
        titles = {
            "clearly": "Learned clearly",
            "a little": "Learned a little",
            "nothing": "Nothing measurable learned",
        }
        held_out = self.figures.held_out
        numbers = (
            f"Perplexity on held-out text: {held_out.after.perplexity.value:,.1f} per token, where word frequencies "
            f"alone reach {held_out.before.perplexity.value:,.1f}; {self.figures.bits_per_byte.model.value:.2f} bits "
            "per byte."
        )
        return titles[self.learned], numbers, overlap(self.corpus) + self._advice()

    def _advice(self) -> str:
        training, tokens = self.training, self.corpus.tokens
        if training.stopped and training.steps < training.planned:
            return f"It was stopped at step {training.steps:,} of {training.planned:,}; resume it for more."
        if tokens < ENOUGH_TOKENS:
            return (
                f"A model learns a language from millions of words, and this corpus has {tokens:,} tokens: add text, "
                "or adapt a model that knows the language."
            )
        if training.ended == "no_improvement":
            return "More time would not help this size; for more, add text or choose a larger model."
        return "For more, train for longer."


def read_pretrain_result(output: Path) -> PretrainResult | None:
    """Return the result in a run's output folder, or None while there is none."""
    try:
        text = (output / RESULT).read_text(encoding="utf-8")
    except FileNotFoundError:
        return None
    return PretrainResult.from_json(json.loads(text))
