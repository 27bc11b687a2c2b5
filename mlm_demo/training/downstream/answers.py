"""Answers: find the span of a text that answers a question, or none (extractive question answering)."""

from collections.abc import Sequence
from typing import Any, ClassVar

import numpy as np
import torch
from torch.nn.functional import cross_entropy

from mlm_demo.corpus.examples.example import Answer, AnswerExample
from mlm_demo.corpus.examples.unanswerable import with_unanswerable
from mlm_demo.models.pairs import Window
from mlm_demo.models.spans import Answers, best_spans
from mlm_demo.models.task_model import TaskModel
from mlm_demo.models.tasks import ANSWERS
from mlm_demo.training.downstream.answer_metrics import calibrate, exact_match, token_f1
from mlm_demo.training.downstream.baselines import SpanOverlap
from mlm_demo.training.downstream.task import Calibration, Item, Scores

NO_SPAN = (0, 0)  # the first token, such as [CLS], where a window without the answer points to
WINDOW_CHARACTERS = 1_600  # of a text that fits into a window, about
FITTED_ON = 2_000  # training examples, by the rule that answers without a model
TEXTS_AT_ONCE = 64  # in memory, with their windows


class AnswersTask:
    """Trained on windows: one with the answer and, from a text of several windows, one without it.

    All windows of a long text would be twenty without the answer for each one with it, and the model would learn to
    answer nothing (huggingface/transformers, pull request 441).
    """

    name = ANSWERS
    metrics: ClassVar = {"f1": "F1", "em": "exact match"}
    in_percent: ClassVar = {"f1", "em"}

    def completed(self, examples: Sequence[AnswerExample], seed: int) -> list[AnswerExample]:
        """Return the examples, and if they lack them, questions asked of texts that do not answer."""
        return with_unanswerable(examples, seed)

    def item(self, model: TaskModel, example: AnswerExample, random: np.random.Generator) -> Item:
        """Return a window with an answer and one without, as far as there are such, each drawn at random."""
        windows = model.pair_encoding(example.question, example.context)
        found = [span_in(window, example.answers) for window in windows]
        holding = [number for number, span in enumerate(found) if span]
        others = [number for number, span in enumerate(found) if not span]
        chosen = [int(random.choice(part)) for part in (holding, others) if part]
        return Item([windows[number] for number in chosen], [found[number] or NO_SPAN for number in chosen])

    def length(self, example: AnswerExample) -> int:
        """Return the characters of a window."""
        return len(example.question) + min(len(example.context), WINDOW_CHARACTERS)

    def loss(
        self, outputs: Sequence[Any], targets: Sequence[torch.Tensor], owner: torch.Tensor
    ) -> torch.Tensor:
        """Return the mean over the windows of the cross entropies of start and end."""
        total = 0.0
        for output, target in zip(outputs, targets, strict=True):
            for logits, column in ((output.start_logits, 0), (output.end_logits, 1)):
                total = total + cross_entropy(logits.float(), target[:, column], reduction="sum")
        return total / (2 * len(owner))

    def calibrate(self, found: Sequence[Answers], examples: Sequence[AnswerExample]) -> Calibration:
        """Return the score from which a span counts as an answer, by F1."""
        f1 = [
            _values(example, _answer(example, answers, -np.inf))[0]
            for example, answers in zip(examples, found, strict=True)
        ]
        calibration = calibrate(
            np.array([answers.score for answers in found]),
            np.array(f1),
            np.array([bool(example.answers) for example in examples]),
        )
        return Calibration(
            calibration.best.threshold,
            tuple((point.threshold, point.precision, point.answered) for point in calibration.points),
        )

    def evaluate(
        self, found: Sequence[Answers], examples: Sequence[AnswerExample], threshold: float
    ) -> Scores:
        """Answer every question."""
        values = [
            _values(example, _answer(example, answers, threshold))
            for example, answers in zip(examples, found, strict=True)
        ]
        return _scores(examples, values)

    def baselines(
        self, training: Sequence[AnswerExample], examples: Sequence[AnswerExample]
    ) -> dict[str, Scores]:
        """Return how well a rule answers: the words around which a text shares most with the question."""
        overlap = SpanOverlap(training[:FITTED_ON])
        found = [overlap.answer(example.question, example.context) for example in examples]
        values = [
            _values(example, answer.text if answer else "")
            for example, answer in zip(examples, found, strict=True)
        ]
        return {"words in common": _scores(examples, values)}

    def predict(self, model: TaskModel, examples: Sequence[AnswerExample]) -> list[Answers]:
        """Return the best span of each text, and the score of the null answer."""
        found = []
        for start in range(0, len(examples), TEXTS_AT_ONCE):
            part = examples[start : start + TEXTS_AT_ONCE]
            windows = [model.pair_encoding(example.question, example.context) for example in part]
            logits = iter(model.logits([window for of_text in windows for window in of_text]))
            for example, of_text in zip(part, windows, strict=True):
                found.append(best_spans(example.context, of_text, [next(logits) for _ in of_text], n_best=1))
        return found


def _answer(example: AnswerExample, answers: Answers, threshold: float) -> str:
    """Return the text of an answer, empty for none."""
    if not answers.spans or answers.score < threshold:
        return ""
    return example.context[answers.spans[0].start : answers.spans[0].end]


def _values(example: AnswerExample, text: str) -> tuple[float, float]:
    """Return F1 and exact match of an answer."""
    gold = [answer.text for answer in example.answers]
    return token_f1(text, gold), exact_match(text, gold)


def _scores(examples: Sequence[AnswerExample], values: Sequence[tuple[float, float]]) -> Scores:
    f1, em = np.array(values).T
    return Scores(tuple(example.group for example in examples), {"f1": f1, "em": em})


def span_in(window: Window, answers: Sequence[Answer]) -> tuple[int, int] | None:
    """Return the first and the last token of the first answer that stands whole in a window, None if none does."""
    if not window.offsets:
        return None
    starts = np.array([start for start, _ in window.offsets])
    ends = np.array([end for _, end in window.offsets])
    for answer in answers:
        begin, stop = answer.start, answer.start + len(answer.text)
        if begin < starts[0] or stop > ends[-1]:
            continue
        tokens = np.flatnonzero((starts < stop) & (ends > begin))
        if len(tokens):
            return window.first + int(tokens[0]), window.first + int(tokens[-1])
    return None
