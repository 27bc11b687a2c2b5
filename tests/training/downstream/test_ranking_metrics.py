import math
from itertools import permutations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mlm_demo.training.downstream.ranking_metrics import (
    pair_metrics,
    precision_at_1,
    rank_pools,
    reciprocal_rank,
)


@given(pool=st.lists(st.tuples(st.integers(0, 2), st.booleans()), min_size=1, max_size=6))
def test_ties_count_as_the_mean_over_all_orders(pool):
    scores, labels = (np.array(values) for values in zip(*pool, strict=True))
    if labels.all() or not labels.any():
        assert math.isnan(reciprocal_rank(scores, labels))
        assert math.isnan(precision_at_1(scores, labels))
        return
    ranks = []
    for order in permutations(range(len(pool))):
        ranked = sorted(order, key=lambda i: -scores[i])  # stable: equal ones stay in this order
        ranks.append(next(place for place, i in enumerate(ranked, 1) if labels[i]))
    assert reciprocal_rank(scores, labels) == pytest.approx(np.mean([1 / rank for rank in ranks]))
    assert precision_at_1(scores, labels) == pytest.approx(np.mean([rank == 1 for rank in ranks]))


def test_the_worked_example():
    assert reciprocal_rank(np.zeros(3), np.array([True, False, False])) == pytest.approx(11 / 18)
    assert reciprocal_rank(np.array([2.0, 3.0, 1.0]), np.array([True, False, False])) == 0.5
    assert precision_at_1(np.array([2.0, 3.0, 3.0]), np.array([False, True, False])) == 0.5


def test_a_score_that_is_no_number_is_the_lowest():
    assert reciprocal_rank(np.array([math.nan, 1.0]), np.array([True, False])) == 0.5


def test_pools_are_ranked_one_by_one():
    reciprocal, first = rank_pools([np.array([1.0, 2.0]), np.zeros(2)], [(True, False), (False, False)])
    assert reciprocal[0] == 0.5
    assert first[0] == 0
    assert np.isnan([reciprocal[1], first[1]]).all()


def test_large_pools_are_exact():
    scores, labels = np.zeros(2_000), np.zeros(2_000, bool)
    labels[:3] = True
    assert precision_at_1(scores, labels) == pytest.approx(3 / 2_000)
    assert 3 / 2_000 < reciprocal_rank(scores, labels) < 0.02


def test_pairs_at_a_threshold():
    scores, labels = np.array([0.9, 0.6, 0.5, 0.1]), np.array([True, False, True, False])
    found = pair_metrics(scores, labels, 0.5)
    assert (found.accuracy, found.precision, found.recall) == (0.75, pytest.approx(2 / 3), 1)
    assert found.f1 == pytest.approx(0.8)
    none = pair_metrics(scores, labels, 2)
    assert (none.accuracy, none.precision, none.recall, none.f1) == (0.5, 0, 0, 0)
    with pytest.raises(ValueError, match="no pairs"):
        pair_metrics(np.zeros(0), np.zeros(0, bool), 0)
