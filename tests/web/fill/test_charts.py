import re

import pytest

from mlm_demo.web.fill.charts import (
    ROWS_SHOWN,
    chart_choice,
    charts,
    elsewhere,
    probability,
    scale_for,
    shown_names,
)
from mlm_demo.web.model_choices import short_name
from tests.support.html_reader import HOSTILE, Reader


def models(*names):
    return [{"name": name, "kind": "hub", "title": name.upper()} for name in names]


def test_rows_are_ranked_with_number_bar_and_sentence(engine):
    read = Reader(charts([engine.fill_mask("Paris is the <mask> of France.", top_k=3, precision="exact")]))
    assert read.tags.count("li") == 3
    text = " ".join(read.texts)
    assert text.index("capital") < text.index("city") < text.index("republic")
    assert "0.8662" in read.texts
    assert "Paris is the capital of France." in read.texts
    widths = [a["style"] for a in read.attributes if "inline-size" in a.get("style", "")]
    share = float(widths[0].removeprefix("inline-size:").removesuffix("%"))
    assert share == pytest.approx(0.8662 * 100, abs=0.1)


def test_one_chart_a_mask_and_model_on_one_scale(engine):
    answers = engine.compare("The <mask> sat on the <mask>.", ["general", "biomedical"], joint=True)[
        "answers"
    ]
    html = charts(answers)
    read = Reader(html)
    assert read.tags.count("figure") == 6
    titles = [t for t in read.texts if t.startswith(("Blank", "All"))]
    assert [t.strip() for t in titles] == ["Blank 1 of 2", "Blank 2 of 2", "All blanks filled together"]
    axes = [part.split("</span></span>")[0] for part in html.split('class="ticks">')[1:]]
    assert len(set(axes[:4])) == len(set(axes[4:])) == 1
    classes = [a.get("class", "") for a in read.attributes]
    for kind, count in {"": 2, " sentences": 1}.items():
        assert classes.count(f"chart domain-general{kind}") == count
        assert classes.count(f"chart domain-biomedical{kind}") == count
    assert "The table sat on the table." in read.texts


def test_a_full_axis_ends_at_one_for_every_chart(engine):
    answers = [engine.fill_mask("The <mask> sat on the <mask>.", top_k=3, joint=True)]
    html = charts(answers, full_axis=True)
    assert html.count("<span>0</span><span>0.5</span><span>1</span>") == html.count("<figure") == 3
    first = answers[0]["masks"][0][0]["score"]
    assert f'style="inline-size:{first:.2%}"' in html


def test_hostile_text_stays_text():
    row = {"score": 0.5, "word": HOSTILE, "token_str": HOSTILE, "sequence": HOSTILE, "token": 1}
    row["elsewhere"] = [{"model": HOSTILE, "rank": None, "score": None, "pieces": 2}]
    model = dict.fromkeys(("name", "domain", "architecture", "revision", "device", "precision"), HOSTILE)
    read = Reader(charts([{"model": model, "masks": [[row]], "seconds": 1, "notices": []}]))
    assert {"img", "script"} & set(read.tags) == set()
    assert not any(name.startswith("on") for a in read.attributes for name in a)
    assert HOSTILE in "".join(read.texts)


def test_long_lists_are_cut_with_a_note(engine):
    read = Reader(charts([engine.fill_mask("a <mask>", top_k=500)]))
    assert read.tags.count("li") == ROWS_SHOWN
    assert "The first 100 of 500 words; JSON and CSV contain all of them." in read.texts


@pytest.mark.parametrize(
    ("score", "shown"),
    [(1, "1.0000"), (0.39231, "0.3923"), (0.0005, "0.0005"), (0.0000123, "1.2e-05"), (0, "0.0000")],
)
def test_probabilities_have_four_digits(score, shown):
    assert probability(score) == shown


@pytest.mark.parametrize(("largest", "end"), [(0.39, 0.4), (0.4, 0.4), (0.41, 0.6), (1, 1), (1e-9, 1e-7)])
def test_the_axis_ends_at_a_round_number(largest, end):
    assert scale_for([{"score": largest}, {"score": 0}]) == end


def test_ranks_elsewhere_in_words():
    found = [
        {"model": "biomedical", "rank": 1234, "score": 0.1, "pieces": 1},
        {"model": "a/b", "rank": None, "score": None, "pieces": 3},
        {"model": "c", "rank": None, "score": None, "pieces": 0},
    ]
    assert elsewhere({"elsewhere": found}, shown_names(models("biomedical", "a/b", "c"))) == [
        "#1,234 in biomedical (0.1000)",
        "3 tokens in b",
        "no such token in c",
    ]


def test_two_of_one_short_name_are_called_in_full():
    assert shown_names(models("a/x", "b/x", "c/y")) == {"a/x": "a/x", "b/x": "b/x", "c/y": "y"}


@pytest.mark.parametrize(("name", "short"), [("general", "general"), ("a/b", "b"), ("/x/y/", "y")])
def test_short_names(name, short):
    assert short_name(name) == short


def test_an_adapted_model_is_called_by_its_title():
    one = {"name": "x8H", "kind": "adapted", "title": "general on bees"}
    other = {**one, "name": "y9J"}
    assert shown_names([one])["x8H"] == "general on bees"
    assert shown_names([one, other])["y9J"] == "general on bees, y9J"


def test_present_offers_a_button_for_each_chart(engine):
    one = engine.compare("Paris is the <mask> of France.", ["general"])["answers"]
    assert chart_choice(one) == ""
    two = engine.compare("Paris is the <mask> of <mask>.", ["general", "biomedical"], joint=True)["answers"]
    labels = re.findall(r">([^<]+)</button>", chart_choice(two))
    assert labels[0] == "general, blank 1"
    assert labels[-1] == "biomedical, together"
    assert len(labels) == charts(two).count("<figure")
