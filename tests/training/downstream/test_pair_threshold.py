import numpy as np
import pytest

from mlm_demo.training.downstream.pair_threshold import balanced_pairs, calibrate_pairs


def direct(scores, labels, threshold):
    """The accuracy over every pair of a right and a wrong sentence, each judged alone."""
    pairs = [(r, w) for r in scores[labels] for w in scores[~labels]]
    return np.mean([(float(r > threshold) + float(w <= threshold)) / 2 for r, w in pairs])


def test_accuracy_is_that_of_all_balanced_pairs():
    random = np.random.default_rng(0)
    for _ in range(20):
        scores, labels = random.normal(size=9), np.arange(9) < random.integers(1, 8)
        accuracy, _ = balanced_pairs(scores, labels, 0.2)
        assert accuracy == pytest.approx(direct(scores, labels, 0.2))


@pytest.mark.parametrize(
    ("labels", "threshold", "accuracy", "f1"),
    [
        ([True, False], 0, 1, 1),
        ([True, False], 5, 0.5, 0),
        ([False, False], 5, np.nan, 1),  # nothing answers and nothing is said to
        ([False, False], 0, np.nan, 0),
        ([True, True], 0, np.nan, 2 / 3),
    ],
)
def test_a_pool_of_two(labels, threshold, accuracy, f1):
    found = balanced_pairs(np.array([1.0, -1.0]), np.array(labels), threshold)
    np.testing.assert_allclose(found, (accuracy, f1))


def test_the_best_threshold_is_found_among_all():
    random = np.random.default_rng(1)
    labels = [random.random(6) < 0.3 for _ in range(40)]
    scores = [random.normal(size=6) + 1.5 * one for one in labels]
    flat, right = np.concatenate(scores), np.concatenate(labels)

    def accuracy(threshold):
        return ((flat > threshold)[right].mean() + (flat <= threshold)[~right].mean()) / 2

    best = calibrate_pairs(scores, labels).threshold
    assert accuracy(best) == pytest.approx(max(accuracy(value) for value in flat))


def test_precision_says_what_to_expect_above_each_threshold():
    calibration = calibrate_pairs([np.array([2.0, 1.0, 0.0, -1.0])], [[True, False, True, False]])
    assert calibration.precision == ((-1.5, 0.5, 1.0), (-0.5, 2 / 3, 0.75), (0.5, 0.5, 0.5), (1.5, 1.0, 0.25))


def test_equal_scores_go_together():
    calibration = calibrate_pairs([np.zeros(3)], [[True, False, False]])
    assert calibration.precision == ((-0.5, 1 / 3, 1.0),)
