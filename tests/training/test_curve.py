from xml.etree import ElementTree

import pytest

from mlm_demo.training.curve import HEIGHT, WIDTH, curve_svg

SVG = "{http://www.w3.org/2000/svg}"
CURVE = [
    {"step": 10, "loss": 4.0},
    {"step": 20, "loss": 3.0},
    {"step": 20, "eval_loss": 3.1},
    {"step": 40, "loss": 2.0},
    {"step": 40, "eval_loss": 2.5},
]


def drawn(curve):
    return ElementTree.fromstring(curve_svg(curve))


def test_points_lie_where_their_values_are():
    root = drawn(CURVE)
    line, held_out = (path.get("d") for path in root.iter(f"{SVG}path") if path.get("fill") == "none")
    points = [tuple(map(float, pair.split())) for pair in line.removeprefix("M").split("L")]
    assert len(points) == 3
    (x1, y1), (x2, y2), (x3, y3) = points
    assert x3 - x2 == pytest.approx(2 * (x2 - x1), abs=0.3)  # steps 10, 20, 40
    assert y2 - y1 == pytest.approx(y3 - y2, abs=0.3)  # losses 4, 3, 2
    assert y1 < y2, "a higher loss is higher up"
    assert held_out.count("L") == 1
    circles = [(float(c.get("cx")), float(c.get("cy"))) for c in root.iter(f"{SVG}circle")]
    assert circles[0][0] == pytest.approx(x2, abs=0.1)
    assert "held out 2.50" in [text.text for text in root.iter(f"{SVG}text")]


@pytest.mark.parametrize(
    "curve",
    [[], CURVE[:1], [{"step": 1, "eval_loss": 2.0}], [{"step": i, "loss": 2.0} for i in range(9)],
     [{"step": 1, "loss": 900.0}, {"step": 100_000, "loss": 1e-4}]],
)  # fmt: skip
def test_short_flat_and_steep_curves_stay_in_the_picture(curve):
    for text in drawn(curve).iter(f"{SVG}text"):
        assert 0 <= float(text.get("x")) <= WIDTH
        assert 0 <= float(text.get("y")) <= HEIGHT


def test_the_names_of_lines_that_end_together_do_not_overlap():
    root = drawn([{"step": 5, "loss": 2.0}, {"step": 5, "eval_loss": 2.01}, {"step": 1, "loss": 4.0}][::-1])
    ends = [float(t.get("y")) for t in root.iter(f"{SVG}text") if "2.0" in t.text and " " in t.text]
    assert abs(ends[0] - ends[1]) >= 14


def test_of_two_points_before_the_first_step_the_upper_one_is_named():
    start = [{"step": 0, "eval_loss": 4.0}, {"step": 0, "eval_loss": 3.5}]
    texts = {text.text: text for text in drawn([*start, *CURVE]).iter(f"{SVG}text")}
    circles = list(drawn([*start, *CURVE]).iter(f"{SVG}circle"))
    assert abs(float(texts["base model"].get("y")) - float(circles[0].get("cy"))) < 6
    assert "base model" not in {text.text for text in drawn([start[0], *CURVE]).iter(f"{SVG}text")}
