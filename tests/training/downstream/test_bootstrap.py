import time

import numpy as np
import pytest

from mlm_demo.training.downstream.bootstrap import difference, interval_of

GROUPS = [f"article {n // 10}" for n in range(500)]


def values(seed, *, article=0.2, question=0.1, luck=0.02, seeds=5):
    """Values that vary with the article, the question and the seed."""
    generator = np.random.default_rng(seed)
    articles = np.repeat(generator.normal(0, article, 50), 10)
    return 0.5 + articles + generator.normal(0, question, 500) + generator.normal(0, luck, (seeds, 1))


def test_the_interval_covers_the_truth_about_as_often_as_it_says():
    covered = 0
    for seed in range(60):
        found = interval_of(values(seed), GROUPS, seed)
        covered += found.low <= 0.5 <= found.high
    assert 50 <= covered <= 60  # 57 are expected, with a standard deviation of 1.7


def test_questions_of_one_article_are_not_independent():
    one = interval_of(values(0), GROUPS)
    by_question = interval_of(values(0), list(range(500)))
    assert one.value == by_question.value
    assert one.high - one.low > 1.5 * (by_question.high - by_question.low)


def test_the_luck_of_a_seed_widens_the_interval():
    calm, lucky = (interval_of(values(0, luck=luck), GROUPS) for luck in (0.0, 0.3))
    assert lucky.high - lucky.low > 1.5 * (calm.high - calm.low)


def test_pairs_see_a_difference_that_intervals_of_the_systems_do_not():
    one = values(0)
    other = one - 0.02 + np.random.default_rng(1).normal(0, 0.05, one.shape)
    found = difference(one, other, GROUPS)
    assert 0.01 < found.change.low < found.change.value < found.change.high < 0.03
    assert (found.seeds_agree, found.seeds) == (5, 5)
    assert interval_of(one, GROUPS).low < other.mean()


def test_seeds_that_disagree_are_counted():
    other = np.zeros((5, 500))
    one = np.array([[0.1], [0.1], [0.1], [-0.05], [0.0]]) + other
    found = difference(one, other, GROUPS)
    assert found.seeds_agree == 3
    assert difference(other, other, GROUPS).seeds_agree == 0


def test_a_baseline_has_no_seeds():
    baseline = np.full(500, 0.3)
    found = difference(values(0), baseline, GROUPS)
    assert found.change.value == pytest.approx(values(0).mean() - 0.3)
    assert found.seeds == 5
    assert interval_of(baseline, GROUPS).low == pytest.approx(0.3)


def test_articles_count_by_their_questions():
    found = interval_of(np.array([1.0, 0, 0, 0]), ["a", "b", "b", "b"])
    assert (found.value, found.low, found.high) == (0.25, 0, 1)


def test_questions_without_a_value_are_left_out():
    ranks = np.array([1.0, np.nan, 0.5])
    assert interval_of(ranks, ["a", "b", "c"]).value == 0.75
    assert difference(ranks, np.zeros(3), ["a", "b", "c"]).change.value == 0.75
    with pytest.raises(ValueError, match="no questions"):
        interval_of(np.array([np.nan]), ["a"])


def test_the_interval_comes_from_the_seed_and_takes_about_a_second():
    started = time.process_time()
    assert interval_of(values(0), range(500)) == interval_of(values(0), range(500))
    assert interval_of(values(0), GROUPS, 1) != interval_of(values(0), GROUPS, 0)
    assert time.process_time() - started < 8
