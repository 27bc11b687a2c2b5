import re
import string
from collections import Counter

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mlm_demo.training.downstream.answer_metrics import POINTS, calibrate, exact_match, normalize, token_f1


def official_normalize(s):
    """As in SQuAD 2's evaluation script, one step after another."""
    s = s.lower()
    s = "".join(ch for ch in s if ch not in set(string.punctuation))
    s = re.sub(re.compile(r"\b(a|an|the)\b", re.UNICODE), " ", s)
    return " ".join(s.split())


def official_f1(gold, predicted):
    gold, predicted = official_normalize(gold).split(), official_normalize(predicted).split()
    common = Counter(gold) & Counter(predicted)
    if not gold or not predicted:
        return int(gold == predicted)
    if not sum(common.values()):
        return 0
    precision, recall = sum(common.values()) / len(predicted), sum(common.values()) / len(gold)
    return 2 * precision * recall / (precision + recall)


TEXT = st.text("aàthen T.,-–'1 \n", max_size=12)


@given(prediction=TEXT, answers=st.lists(TEXT, max_size=3))
def test_the_figures_are_those_of_the_official_script(prediction, answers):
    golds = [answer for answer in answers if official_normalize(answer)] or [""]
    assert normalize(prediction) == official_normalize(prediction)
    assert token_f1(prediction, answers) == pytest.approx(
        max(official_f1(gold, prediction) for gold in golds)
    )
    assert exact_match(prediction, answers) == max(
        official_normalize(gold) == official_normalize(prediction) for gold in golds
    )


@pytest.mark.parametrize(
    ("prediction", "answers", "em", "f1"),
    [
        ("The low-dose arm.", ["lowdose arm"], 1, 1),
        ("40 adults", ["40", "adults in all"], 0, 2 / 3),
        ("iron iron", ["iron"], 0, 2 / 3),
        ("zinc", ["iron"], 0, 0),
        (None, [], 1, 1),
        ("", [], 1, 1),
        ("iron", [], 0, 0),
        (None, ["iron"], 0, 0),
        ("empty", [], 0, 0),  # what run_qa.py writes for no answer is a text like any other
        ("the", [], 1, 1),
        ("", ["the"], 1, 1),
    ],
)
def test_answers_and_none(prediction, answers, em, f1):
    assert exact_match(prediction, answers) == em
    assert token_f1(prediction, answers) == pytest.approx(f1)


def test_the_threshold_with_the_best_f1_is_found():
    scores = np.array([3.0, 2.0, 1.0, 0.0])
    found = calibrate(scores, np.array([1.0, 0.8, 0.9, 0.9]), np.array([True, True, False, False]))
    assert 1 < found.best.threshold < 2
    assert found.best.f1 == pytest.approx((1 + 0.8 + 2) / 4)
    assert (found.best.precision, found.best.answered) == (pytest.approx(0.9), 0.5)
    assert [point.answered for point in found.points] == [1, 0.75, 0.5, 0.25, 0]
    assert found.points[0].precision == pytest.approx(1.8 / 4)
    assert found.points[-1].precision == 1


def test_a_threshold_between_tells_what_to_expect():
    found = calibrate(np.array([3.0, 2.0, 1.0]), np.ones(3), np.array([True, True, False]))
    assert found.at(2.9).answered == pytest.approx(0)
    assert found.at(2.1).answered == pytest.approx(1 / 3)
    assert found.at(-100).answered == 1
    assert found.at(100).answered == 0


def test_equal_scores_are_answered_together():
    found = calibrate(np.zeros(4), np.array([1.0, 0, 0, 0]), np.array([True, False, False, False]))
    assert [point.answered for point in found.points] == [1, 0]
    assert found.best.f1 == 0.75


def test_no_questions_cannot_be_calibrated():
    with pytest.raises(ValueError, match="no questions"):
        calibrate(np.zeros(0), np.zeros(0), np.zeros(0, bool))


QUESTION = st.tuples(st.integers(-3, 3), st.sampled_from([0.0, 0.5, 1.0]), st.booleans())


@given(questions=st.lists(QUESTION, min_size=1, max_size=30))
def test_every_point_is_what_a_threshold_gives(questions):
    scores, f1, answerable = (np.array(values) for values in zip(*questions, strict=True))
    found = calibrate(scores, f1, answerable)
    for point in found.points:
        given = scores >= point.threshold
        assert point.answered == pytest.approx(given.mean())
        assert point.f1 == pytest.approx(np.where(given, f1 * answerable, ~answerable).mean())
        if given.any():
            assert point.precision == pytest.approx((f1 * answerable)[given].mean())
    assert found.best.f1 == max(point.f1 for point in found.points)


def test_few_points_are_kept_of_many_questions():
    generator = np.random.default_rng(0)
    found = calibrate(generator.normal(size=5_000), generator.random(5_000), generator.random(5_000) < 0.5)
    assert POINTS <= len(found.points) <= POINTS + 1
    assert found.best in found.points
