from mlm_demo.web.adapt.result import result_view, summary
from tests.training.test_model_card import EXAM, PART

UNSURE = {**PART, "change": {**PART["change"], "loss": {"value": 0.1, "low": -0.1, "high": 0.3}}}
AFTER = {**PART["after"], "perplexity": {"value": 1.5, "low": 1.4, "high": 1.6}}
FIGURES = {"domain": {**PART, "after": AFTER}, "general": UNSURE, "exam": EXAM}


def question(term, before, after):
    return {
        "sentence": f"A <i> {term} is.", "start": 6, "term": term, "rank_before": before,
        "guess_before": "x", "rank": after, "guess": "y",
    }  # fmt: skip


def test_the_summary_tells_chance_from_change():
    assert summary(FIGURES) == (
        "On the domain, perplexity fell from 2.5 to 1.5; on general English it did not change by more than chance "
        "would. Perplexity is the number of words the model wavers between at a hidden one: lower is better."
    )


def test_the_result_has_a_picture_a_table_and_the_exam():
    exam = [question(f"term{n}", 100, n) for n in range(1, 12)]
    exam += [question("same", 3, 3), question("lost", 1, 50)]
    html = result_view({"figures": FIGURES, "exam": exam})
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
        html.index("Exam: what got better") < html.index("What got worse") < html.index("<mark>lost</mark>")
    )
    assert "A &lt;i&gt;" in html
