from dataclasses import replace

import pytest

from mlm_demo.web.extract.threshold import expected_precision, meaning, precision_points, score_range
from tests.support.extractions import extraction

POINTS = [(0.0, 0.5), (2.0, 0.7), (4.0, 0.9)]


def test_the_slider_reaches_beyond_all_scores():
    assert score_range(extraction()) == (-4.0, 5.0)
    assert score_range(extraction(12.5)) == (-4.0, 14.0)
    assert score_range(replace(extraction(1.5), findings=())) == (0.0, 3.0)


@pytest.mark.parametrize(
    ("threshold", "share"), [(-9, 0.5), (0, 0.5), (1, 0.6), (3, 0.8), (4, 0.9), (99, 0.9)]
)
def test_precision_is_linear_between_measured_points(threshold, share):
    assert expected_precision(POINTS, threshold) == pytest.approx(share)


def test_without_measured_points_no_precision_is_claimed():
    assert expected_precision([], 1.0) is None
    assert meaning(extraction(), 1.5) == (
        '<p class="meaning">A higher threshold gives fewer and surer answers. The model was calibrated to 1.5.</p>'
    )


def test_the_threshold_is_explained_by_the_precision_that_calibration_measured():
    found = extraction(1.0)
    found = replace(found, model={**found.model, "answers": {"expected_precision": POINTS}})
    assert precision_points(found.model) == POINTS
    assert "Expected precision: 60% of the answers above this threshold are right, as measured on" in meaning(
        found, 2.0
    )
