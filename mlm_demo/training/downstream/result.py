"""The result of a fine-tuning run: what result.json holds, and the rows of every table that shows it."""

import json
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from mlm_demo.training.result import RESULT, Interval, Training, build
from mlm_demo.training.row import Value

BEFORE = "the model before"  # the base, if it was taught the same task: to beat, beside simple rules


@dataclass(frozen=True)
class ExampleFacts:
    """What a run was trained and evaluated on.

    sha256: of the examples; training, choosing, judging: how many examples each part has; groups: articles in all.
    """

    sha256: str
    training: int
    choosing: int
    judging: int
    groups: int


@dataclass(frozen=True)
class SeedResult:
    """One seed: its threshold, the value of each metric on the choosing and on the judging examples, and its training.

    A metric without a value on the examples of a part is left out there. precision: see Calibration; groups, values:
    the article of each judging example, and its value of each metric, for intervals.
    """

    seed: int
    threshold: float
    precision: tuple[tuple[float, float, float], ...]
    choosing: dict[str, float]
    judging: dict[str, float]
    groups: tuple[str, ...]
    values: dict[str, tuple[float, ...]]
    training: Training


@dataclass(frozen=True)
class MetricRow:
    """A metric on the judging examples: of the fine-tuned model over all seeds, and of what it has to beat.

    rules: simple rules by name, and BEFORE; gain: the model minus the best rule, paired; agree: how many seeds have a
    gain of the same sign.
    """

    metric: str
    label: str
    percent: bool
    model: Interval
    rules: dict[str, Interval]
    best_rule: str
    gain: Interval
    agree: int

    def cells(self) -> tuple[str, ...]:
        """Return label, model, gain and the best rule as text."""
        scale, unit = (100, "%") if self.percent else (1, "")

        def text(value: Interval, *, signed: bool = False) -> str:
            numbers = (value.value * scale, value.low * scale, value.high * scale)
            return Value(*numbers, unit, digits=1 if self.percent else 3).text(signed=signed)

        rule = f"{text(self.rules[self.best_rule])}, {self.best_rule}"
        return self.label, text(self.model), rule, text(self.gain, signed=True)


@dataclass(frozen=True)
class FinetuneResult:
    """Everything that result.json holds.

    task: `evidence` or `answers`; base: the model as MaskedLM.describe gives it; config: the options of the run; seed:
    the one that was kept; curve: log lines of that one.
    """

    task: str
    base: dict[str, Any]
    config: dict[str, Any]
    examples: ExampleFacts
    seeds: tuple[SeedResult, ...]
    seed: int
    rows: tuple[MetricRow, ...]
    stopped: bool
    curve: tuple[dict[str, Any], ...] = ()
    versions: dict[str, str] = field(default_factory=dict)

    @classmethod
    def from_json(cls, values: dict) -> "FinetuneResult":
        """Read what to_json returned."""
        return build(cls, values)

    def to_json(self) -> dict:
        """Return what result.json holds."""
        return asdict(self)

    @property
    def kept(self) -> SeedResult:
        """The seed that was kept."""
        return next(seed for seed in self.seeds if seed.seed == self.seed)

    @property
    def better_than_rules(self) -> bool:
        """Whether the model is better than every simple rule, by the interval of its most important metric."""
        return self.rows[0].gain.low > 0


def read_finetune_result(output: Path) -> FinetuneResult | None:
    """Return the result in a run's output folder, or None while there is none."""
    try:
        text = (output / RESULT).read_text(encoding="utf-8")
    except FileNotFoundError:
        return None
    return FinetuneResult.from_json(json.loads(text))
