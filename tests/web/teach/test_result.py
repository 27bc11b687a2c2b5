from dataclasses import replace

from mlm_demo.training.downstream.result import FinetuneResult
from mlm_demo.web.teach.result import examples_view, first_examples, headline, result_view
from tests.support.finetune_results import RESULT_JSON

RESULT = FinetuneResult.from_json(RESULT_JSON)


def test_a_model_above_every_rule_has_learned_clearly():
    html = headline(RESULT)
    assert "Learned clearly" in html
    assert "62.0% (55.0 to 69.0)" in html
    assert "Use it in Extract." in html


def test_a_model_no_better_than_a_rule_says_what_to_do():
    row = replace(RESULT.rows[0], gain=replace(RESULT.rows[0].gain, low=-0.1))
    html = headline(replace(RESULT, rows=(row,)))
    assert "Nothing measurable" in html
    assert "The examples are few; add more" in html


def test_every_seed_and_every_metric_is_shown():
    html = result_view(RESULT)
    assert "Seed 0, kept" in html
    assert "2 of 2 seeds agree" in html
    assert html.count("<tr>") == 1 + len(RESULT.rows) + 1 + len(RESULT.seeds)


def test_names_of_files_are_escaped():
    report = {
        "examples": 24, "groups": 4, "training": 19, "held_out": 5, "notes": [], "dropped": ["<b>.csv, row 3: no"] * 12,
    }  # fmt: skip
    html = examples_view(report)
    assert "&lt;b&gt;.csv, row 3: no" in html
    assert "2 more were left out." in html


def test_the_first_examples_are_shown_cut_and_escaped():
    html = first_examples([("Who <i>?", "Paris" * 60), ("Where?", "")])
    assert "Who &lt;i&gt;?" in html
    assert "Paris" * 32 + "…" in html
    assert "nothing" in html
