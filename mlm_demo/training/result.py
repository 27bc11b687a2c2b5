"""The result of a run: what result.json holds, and the rows of every table that shows it.

To add a metric, add a field with a default (older results lack it) and a row in `AdaptationResult.rows`; the page, the
model card and the terminal all show these rows.
"""

import json
from dataclasses import asdict, dataclass, field, fields, is_dataclass, replace
from functools import cache
from pathlib import Path
from types import UnionType
from typing import Any, get_args, get_origin, get_type_hints

from mlm_demo.errors import TrainingError
from mlm_demo.training.config import PATIENCE
from mlm_demo.training.exam import ExamAnswer
from mlm_demo.training.row import Interval, Row, Value

RESULT = "result.json"  # in the output folder; written last, so a folder that holds it is complete
WEIGHTS, CHANGE = "model.safetensors", "change.safetensors"  # at the share of the result; adapted minus base
SHARE = "share"  # in the metadata of WEIGHTS once `reweigh` has written it
CLEARLY = -0.1  # nats: a tenth less perplexity
DOMAIN, GENERAL = "Held-out text of the domain", "General English"


@dataclass(frozen=True)
class Metrics:
    """Loss per masked token in nats, perplexity (its exponential), and accuracy: the share ranked first.

    sections: how many the intervals are over, None if they are over documents.
    """

    loss: Interval
    perplexity: Interval
    accuracy: Interval
    documents: int
    masked_tokens: int
    sections: int | None = None

    def to_json(self) -> dict:
        """Return the metrics as the command line prints them and a run keeps them."""
        return asdict(self)


@dataclass(frozen=True)
class Change:
    """After minus before, paired: loss in nats and accuracy. An interval without 0 means a real change."""

    loss: Interval
    accuracy: Interval


@dataclass(frozen=True)
class Comparison:
    """The metrics of one text before and after training, and the change between them."""

    before: Metrics
    after: Metrics
    change: Change


@dataclass(frozen=True)
class ExamShares:
    """The shares of the exam's questions whose term is ranked first, or among the first five."""

    questions: int
    top_1_before: float
    top_1_after: float
    top_5_before: float
    top_5_after: float


@dataclass(frozen=True)
class Figures:
    """The metrics of a run: on held-out text of the domain, on general English, and in the exam."""

    domain: Comparison
    general: Comparison
    exam: ExamShares


@dataclass(frozen=True)
class Point:
    """The metrics and the exam at one share of the way from the base model (0) to the end of training (1)."""

    share: float
    figures: Figures
    exam: tuple[ExamAnswer, ...]


@dataclass(frozen=True)
class OutputBias:
    """The start in closed form (output_bias.py): its strength, and the eval loss before and after it, in nats."""

    strength: float
    loss_before: float
    loss_after: float


@dataclass(frozen=True)
class CorpusFacts:
    """What a run was trained and evaluated on.

    on_both_sides: the documents of which one section was trained on and another held out; None in older results.
    shared_share: of the held-out words, those in passages that the training text has too.
    """

    sha256: str
    documents: int
    words: int
    training_documents: int
    held_out_documents: int
    tokens: int
    on_both_sides: int | None = None
    shared_share: float = 0.0


@dataclass(frozen=True, kw_only=True)
class Training:
    """How training went, including its parts before a resume.

    steps of those planned; ended: `stopped` by somebody, `no_improvement` of the eval loss, or its `budget`; best_step:
    the step of the weights that were kept, 0 for those before the first step; mean_with_start: whether their mean with
    those before the first step was kept; output_bias: the start before that step; tokens_per_second of text. Early
    versions wrote neither ended nor best_step nor mean_with_start nor output_bias.
    """

    steps: int
    planned: int
    stopped: bool
    ended: str | None = None
    best_step: int | None = None
    mean_with_start: bool = False
    output_bias: OutputBias | None = None
    seconds: float
    tokens_per_second: float
    peak_megabytes: float

    def ending(self) -> str:
        """Return why training ended, unless it used its steps, and which weights were kept, unless the last."""
        return " ".join(filter(None, [self._end(), self._kept()]))

    def stopped_where(self) -> str:
        """Return where a run was stopped as the end of a sentence; empty if it was not."""
        where = f"at step {self.steps:,} of {self.planned:,}. Progress is kept, and Resume continues."
        return where if self.stopped else ""

    def _end(self) -> str:
        reason = {
            "no_improvement": f"the eval loss had not improved for {PATIENCE} evaluations",
            "budget": "its time budget was used up" if self.steps < self.planned else "",
        }.get(self.ended)  # the message of a stopped run says where it stopped
        return f"Training ended at step {self.steps:,} of {self.planned:,}: {reason}." if reason else ""

    def _kept(self) -> str:
        if self.best_step == 0 and self.moved_bias:
            return "No step improved on the start in closed form, so its weights were kept."
        if self.best_step == 0:
            return "No step improved on the held-out text, so the base model was kept."
        if self.mean_with_start:
            return (
                f"No step improved on the start, but its mean with step {self.best_step:,} did, and was kept."
            )
        if self.best_step is None or self.best_step == self.steps:
            return ""
        return f"Its best weights were those of step {self.best_step:,}."

    @property
    def weights_kept(self) -> str:
        """Name the weights that were kept, of a run that improved on its start."""
        step = f"step {self.steps if self.best_step is None else self.best_step:,}"
        return f"the mean of the start and {step}" if self.mean_with_start else step

    @property
    def moved_bias(self) -> bool:
        """Whether the start in closed form changed the model."""
        return self.output_bias is not None and self.output_bias.strength > 0


@dataclass(frozen=True)
class AdaptationResult:
    """Everything that result.json holds.

    base: the model as MaskedLM.describe gives it; config: the options of the run; curve: log lines with `step`,
    `seconds` and `loss` or `eval_loss`; versions: of the software. share: how far the model went from the base (0) to
    the end of training (1), for which figures and exam are; points: the same for other shares. Version 0.1.0 wrote
    neither share nor points.
    """

    base: dict[str, Any]
    config: dict[str, Any]
    corpus: CorpusFacts
    figures: Figures
    exam: tuple[ExamAnswer, ...]
    training: Training
    curve: tuple[dict[str, Any], ...] = ()
    versions: dict[str, str] = field(default_factory=dict)
    share: float | None = None
    points: tuple[Point, ...] = ()

    @classmethod
    def from_json(cls, values: dict) -> "AdaptationResult":
        """Read what any version has written: unknown keys are ignored, missing ones get their defaults."""
        return build(cls, values)

    def to_json(self) -> dict:
        """Return what result.json holds."""
        return asdict(self)

    def at(self, share: float) -> "AdaptationResult":
        """Return the result of the model at another share; raises TrainingError if it was not measured there."""
        for point in self.points:
            if point.share == share:
                return replace(self, share=share, figures=point.figures, exam=point.exam)
        shares = ", ".join(f"{point.share:g}" for point in self.points)
        raise TrainingError(
            f"The share of the adapted model is {share:g}; choose one of {shares}."
            if shares
            else "This run was made by a version without a choice between base and adapted model; run it again."
        )

    @property
    def learned(self) -> str:
        """How much was learned of the domain, by the interval of its change of loss: clearly, a little or nothing."""
        change = self.figures.domain.change.loss
        if change.side >= 0 or self.share == 0:
            return "nothing"
        return "clearly" if change.value <= CLEARLY else "a little"

    def rows(self) -> list[Row]:
        """Return the rows of the table of metrics."""
        rows = []
        for title, part in ((DOMAIN, self.figures.domain), (GENERAL, self.figures.general)):
            before, after, change = part.before, part.after, part.change
            rows += [
                loss_row(f"{title}: loss, nats", part),
                Row(f"{title}: perplexity", *map(Value.of, (before.perplexity, after.perplexity))),
                Row(
                    f"{title}: accuracy",
                    *map(Value.percent, (before.accuracy, after.accuracy)),
                    Value.points(change.accuracy),
                ),
            ]
        exam = self.figures.exam
        shares = {1: (exam.top_1_before, exam.top_1_after), 5: (exam.top_5_before, exam.top_5_after)}
        for k, (before, after) in shares.items():
            label = f"Exam of {exam.questions} questions: {'first guess right' if k == 1 else f'among the first {k}'}"
            rows.append(Row(label, _share(before), _share(after)))
        return rows


def read_result(output: Path) -> AdaptationResult | None:
    """Return the result in a run's output folder, or None while there is none."""
    try:
        text = (output / RESULT).read_text(encoding="utf-8")
    except FileNotFoundError:
        return None
    result = AdaptationResult.from_json(json.loads(text))
    share = _share_of(output / WEIGHTS) if result.points else None
    return result if share in (None, result.share) else result.at(share)


def _share_of(weights: Path) -> float | None:
    """Return the share that a file of weights says it has, None if it says nothing.

    A safetensors file begins with the length of its header, 8 bytes in little-endian order, and the header, JSON.
    """
    try:
        with weights.open("rb") as file:
            header = json.loads(file.read(int.from_bytes(file.read(8), "little")))
    except (OSError, ValueError):
        return None
    share = header.get("__metadata__", {}).get(SHARE)
    return None if share is None else float(share)


def loss_row(label: str, part: Comparison) -> Row:
    """Return the loss of a text before and after training, in nats, and its change."""
    values = map(Value.of, (part.before.loss, part.after.loss, part.change.loss))
    return Row(label, *values, lower_is_better=True)


def _share(share: float) -> Value:
    return Value(share * 100, unit="%", digits=0)


@cache
def _hints(kind: type) -> dict[str, Any]:
    """Return the types of a dataclass's fields, once: a result has hundreds of answers."""
    return get_type_hints(kind)


def build(kind: Any, value: Any) -> Any:
    """Build a dataclass, a tuple or a dict of them, or `… | None` from JSON."""
    if is_dataclass(kind):
        hints = _hints(kind)
        known = {item.name for item in fields(kind)} & value.keys()
        return kind(**{name: build(hints[name], value[name]) for name in known})
    if isinstance(kind, UnionType):
        return None if value is None else build(get_args(kind)[0], value)
    if get_origin(kind) is tuple:
        return tuple(build(get_args(kind)[0], item) for item in value)
    if get_origin(kind) is dict:
        return {name: build(get_args(kind)[1], item) for name, item in value.items()}
    return value
