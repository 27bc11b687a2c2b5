import json
from copy import deepcopy
from dataclasses import dataclass

import pytest

from mlm_demo.training.model_card import metrics_table
from mlm_demo.training.result import (
    RESULT,
    AdaptationResult,
    Interval,
    read_result,
)
from mlm_demo.training.row import Row, Value
from mlm_demo.web.adapt.result import result_view
from tests.support.results import RESULT_JSON, TRAINING, exam_answer, result_with


def test_a_result_is_read_as_it_was_written(tmp_path):
    result = result_with(exam=[exam_answer("The hive is full.", "hive", 100, 1)])
    assert list(result.to_json()) == list(RESULT_JSON)
    (tmp_path / RESULT).write_text(json.dumps(result.to_json()))
    assert read_result(tmp_path) == result
    assert json.loads((tmp_path / RESULT).read_text())["figures"] == RESULT_JSON["figures"]
    assert read_result(tmp_path / "elsewhere") is None


def test_results_of_other_versions_load():
    older = deepcopy(RESULT_JSON)
    for key in ("ended", "best_step", "output_bias"):  # which version 0.1.0 did not write
        del older["training"][key]
    del older["share"], older["points"]
    result = AdaptationResult.from_json(older)
    assert (result.training.ended, result.training.best_step, result.training.ending()) == (None, None, "")
    assert (result.share, result.points) == (None, ())
    newer = deepcopy(RESULT_JSON)
    newer["later"] = 1
    newer["figures"]["domain"]["before"]["f1"] = 0.5
    assert AdaptationResult.from_json(newer) == result_with()


def test_the_rows_are_the_figures_before_and_after():
    rows = result_with().rows()
    assert [row.cells() for row in rows[:3]] == [
        (
            "Held-out text of the domain: loss, nats",
            "2.50 (2.40 to 2.60)",
            "2.50 (2.40 to 2.60)",
            "-0.50 (-0.60 to -0.40)",
        ),
        ("Held-out text of the domain: perplexity", "2.50 (2.40 to 2.60)", "2.50 (2.40 to 2.60)", ""),
        (
            "Held-out text of the domain: accuracy",
            "51.0% (50.0 to 52.0)",
            "51.0% (50.0 to 52.0)",
            "+2.0 points (-1.0 to +5.0)",
        ),
    ]
    assert rows[-2].cells() == ("Exam of 40 questions: first guess right", "10%", "25%", "")
    assert len(rows) == 8


def test_a_new_figure_is_a_field_and_a_row():
    @dataclass(frozen=True)
    class WithEnergy(AdaptationResult):
        joules: Interval | None = None

        def rows(self):
            if self.joules is None:
                return super().rows()
            return [*super().rows(), Row("Energy", Value(0.0, unit="J"), Value(self.joules.value, unit="J"))]

    older = result_with(WithEnergy)
    assert older.rows() == result_with().rows()
    result = result_with(WithEnergy, joules={"value": 7.25, "low": 7.0, "high": 7.5})
    assert WithEnergy.from_json(json.loads(json.dumps(result.to_json()))) == result
    assert "| Energy | 0.00 J | 7.25 J |  |" in metrics_table(result), "terminal and model card"
    page = result_view(result, [])
    assert "Energy" in page
    assert "7.25 J" in page
    assert "Energy" not in result_view(older, [])


@pytest.mark.parametrize(
    ("ended", "best_step", "steps", "ending"),
    [
        (
            "no_improvement",
            30,
            48,
            "Training ended at step 48 of 120: the eval loss had not improved for 3 evaluations. Its best weights were "
            "those of step 30.",
        ),
        ("budget", 48, 48, "Training ended at step 48 of 120: its time budget was used up."),
        ("budget", 120, 120, ""),
        ("budget", 100, 120, "Its best weights were those of step 100."),
        ("stopped", 30, 48, "Its best weights were those of step 30."),
        ("stopped", 48, 48, ""),
        (
            "stopped",
            0,
            48,
            "No step improved on the held-out text, so the base model was kept.",
        ),
        (None, None, 48, ""),
    ],
)
def test_the_ending_names_the_reason_and_the_weights_kept(ended, best_step, steps, ending):
    own = {"ended": ended, "best_step": best_step, "steps": steps, "output_bias": None}
    training = {**TRAINING, **own}
    assert result_with(training=training).training.ending() == ending


def test_the_ending_names_a_start_that_was_better_than_every_step():
    bias = {"strength": 0.75, "loss_before": 4.0, "loss_after": 3.5}
    training = {**TRAINING, "ended": None, "best_step": 0, "output_bias": bias}
    assert result_with(training=training).training.ending() == (
        "No step improved on the start in closed form, so its weights were kept."
    )
    training["output_bias"] = {**bias, "strength": 0.0}
    assert result_with(training=training).training.ending().endswith("so the base model was kept.")
    training |= {"best_step": 30, "mean_with_start": True}
    assert result_with(training=training).training.ending() == (
        "No step improved on the start, but its mean with step 30 did, and was kept."
    )


def test_figures_without_an_interval_show_none_and_prove_nothing():
    values = deepcopy(RESULT_JSON)
    domain = values["figures"]["domain"]
    for interval in (domain["change"]["loss"], domain["after"]["loss"], domain["after"]["accuracy"]):
        interval["low"] = interval["high"] = None
    result = AdaptationResult.from_json(values)
    assert result.learned == "nothing"
    cells = result.rows()[0].cells()
    assert "(" not in cells[2] + cells[3]
    assert result.rows()[0].verdict == ""
