from mlm_demo.web.adapt.result import headline, result_view, summary
from tests.support.results import EXAM, PART, TRAINING, exam_answer, result_with

UNSURE = {**PART, "change": {**PART["change"], "loss": {"value": 0.1, "low": -0.1, "high": 0.3}}}
AFTER = {**PART["after"], "perplexity": {"value": 1.5, "low": 1.4, "high": 1.6}}
FIGURES = {"domain": {**PART, "after": AFTER}, "general": UNSURE, "exam": EXAM}


def question(term, before, after):
    return exam_answer(f"A <i> {term} is.", term, before, after)


def test_the_summary_says_whether_a_change_is_significant():
    assert summary(result_with(figures=FIGURES)) == (
        "On the domain, perplexity fell from 2.5 to 1.5; on general English it did not change significantly. "
        "Perplexity is roughly the number of words that the model hesitates between at a mask; lower is better."
    )


def test_the_headline_has_the_ending_before_the_metrics():
    training = {**TRAINING, "ended": "no_improvement", "best_step": 30}
    result = result_with(figures=FIGURES, training=training)
    assert headline(result) == (
        "Training ended at step 48 of 120: the eval loss had not improved for 3 evaluations. The model from step 30 "
        f"was kept. {summary(result)}"
    )


def test_the_headline_of_an_older_result_is_its_figures():
    training = {name: value for name, value in TRAINING.items() if name not in ("ended", "best_step")}
    result = result_with(figures=FIGURES, training=training)
    assert headline(result) == summary(result)


def test_the_result_has_a_picture_a_table_and_the_exam():
    exam = [question(f"term{n}", 100, n) for n in range(1, 12)]
    exam += [question("same", 3, 3), question("lost", 1, 50)]
    html = result_view(result_with(figures=FIGURES, exam=exam))
    assert html.count("<figure") == 2
    assert html.count('class="interval"') == 4
    assert "51.0 %" in html
    assert "2.50 (2.40 to 2.60)" in html
    assert "+2.0 % (-1.0 to +5.0)" in html
    assert "<mark>term1</mark>" in html
    assert "<mark>lost</mark>" in html
    assert "<mark>same</mark>" not in html
    assert "<mark>term9</mark>" not in html, "six are shown"
    assert "<b>x</b> <span class='facts'>correct word ranks #100</span>" in html
    assert (
        html.index("Exam questions that improved most")
        < html.index("Exam questions that worsened most")
        < html.index("<mark>lost</mark>")
    )
    assert "A &lt;i&gt;" in html
