import re
import xml.etree.ElementTree as ElementTree

import pytest

from mlm_demo.training.share_curve import share_curve_svg
from tests.support.results import result_between


def drawn(result):
    svg = share_curve_svg(result.points, result.share)
    ElementTree.fromstring(svg)
    circles = re.findall(r'<circle cx="([\d.]+)" cy="([\d.]+)" r="([\d.]+)"', svg)
    names = re.findall(r">(base|adapted|\d+%)</text>", svg)
    return [tuple(map(float, circle)) for circle in circles], names


def test_lower_left_is_best_and_the_models_stop_is_marked():
    circles, names = drawn(result_between(0.5))
    across, down, sizes = zip(*circles, strict=True)
    assert list(across) == sorted(across), "more is forgotten to the right"
    assert list(down) == sorted(down), "more is learned further down"
    assert sizes == (3.5, 3.5, 6, 3.5, 3.5)
    assert "50%" in names
    assert {"base", "adapted"} <= set(names)


@pytest.mark.parametrize("share", [0.0, 0.75])
def test_points_on_one_spot_have_one_name_that_of_the_stop(share):
    circles, names = drawn(result_between(share, learned=-1e-4, forgot=1e-4))
    assert len(circles) == 5
    assert names == ["base" if share == 0 else "75%"]
