import numpy as np
import pytest
import torch

from mlm_demo.corpus.examples.example import Answer, AnswerExample
from mlm_demo.models.pairs import Window
from mlm_demo.models.tasks import ANSWERS
from mlm_demo.training.downstream.answers import NO_SPAN, AnswersTask, span_in
from tests.support.task_models import tiny_task
from tests.support.tiny_models import ARCHITECTURES

TASK = AnswersTask()
QUESTION = "Which city is the capital?"
LONG = (
    "The river runs to the sea. " * 30 + "Paris is the capital of France. " + "The cat sat on the mat. " * 30
)


def example(context, *answers):
    return AnswerExample(
        "1", QUESTION, context, tuple(Answer(context.index(text), text) for text in answers), "a"
    )


@pytest.mark.parametrize("architecture", ARCHITECTURES)
@pytest.mark.parametrize(
    ("context", "answer"),
    [("Paris is the capital of France.", "Paris"), (LONG, "Paris"), (LONG, "the capital of France")],
)
def test_the_target_span_holds_the_answer(architecture, context, answer):
    model = tiny_task(ANSWERS, architecture)
    item = TASK.item(model, example(context, answer), np.random.default_rng(0))
    window, (first, last) = item.windows[0], item.targets[0]
    assert first >= window.first
    start, end = window.offsets[first - window.first][0], window.offsets[last - window.first][1]
    assert answer in context[start:end]
    assert len(context[start:end]) <= len(answer) + 12  # a tiny vocabulary has long tokens


def test_a_long_text_gives_one_window_with_the_answer_and_one_without():
    """All its windows would be many without the answer (transformers, pull request 441)."""
    model = tiny_task(ANSWERS)
    assert len(model.pair_encoding(QUESTION, LONG)) > 4
    drawn = [TASK.item(model, example(LONG, "Paris"), np.random.default_rng(n)) for n in range(8)]
    assert all(len(item.windows) == 2 for item in drawn)
    assert all((item.targets[0] == NO_SPAN, item.targets[1] == NO_SPAN) == (False, True) for item in drawn)
    assert len({tuple(item.windows[1].ids) for item in drawn}) > 1  # others in each epoch


def test_a_text_without_an_answer_points_to_the_first_token():
    item = TASK.item(tiny_task(ANSWERS), example("The cat sat."), np.random.default_rng(0))
    assert item.targets == [NO_SPAN]


@pytest.mark.parametrize(
    ("start", "text", "span"),
    [
        (10, "abc", (5, 5)),
        (11, "b", (5, 5)),  # inside a token
        (10, "abc de", (5, 6)),
        (13, " de", (6, 6)),  # the space belongs to no token
        (8, "abc", None),  # begins before the window
        (14, "de fg", None),  # ends behind it
    ],
)
def test_spans_in_a_window(start, text, span):
    window = Window([0] * 8, [0] * 8, 5, [(10, 13), (14, 16)])
    assert span_in(window, [Answer(start, text)]) == span
    assert span_in(window, [Answer(0, "far"), Answer(start, text)]) == span


def test_an_empty_window_holds_no_span():
    assert span_in(Window([0], [0], 1, []), [Answer(0, "a")]) is None


def test_the_loss_is_that_of_transformers():
    model = tiny_task(ANSWERS)
    items = [TASK.item(model, example(LONG, "Paris"), np.random.default_rng(n)) for n in range(2)]
    windows = [window for item in items for window in item.windows]
    targets = torch.tensor([target for item in items for target in item.targets])
    inputs = model.inputs(windows)
    with torch.inference_mode():
        theirs = model.model(**inputs, start_positions=targets[:, 0], end_positions=targets[:, 1]).loss
        parts = [model.model(**model.inputs(part)) for part in (windows[:1], windows[1:])]
    ours = TASK.loss(parts, [targets[:1], targets[1:]], torch.tensor([0, 0, 1, 1]))
    torch.testing.assert_close(ours, theirs, atol=1e-4, rtol=1e-4)
