import csv as csv_reader
import io
import json

from mlm_demo.web.contrast.answer import SAME, ask, draw
from mlm_demo.web.contrast.links import Asked

NURSE, SURGEON = "The nurse said <mask> was tired.", "The surgeon said <mask> was tired."


def test_an_answer_has_plot_bars_swaps_link_json_and_csv(engine):
    shown = ask(engine, Asked(NURSE, SURGEON, "general"))
    assert shown.results.count("<svg") == 2, "the plot, and the bars for the saved picture"
    assert shown.results.count('class="model"') == 1, "one model is named once"
    assert "bits</b> apart" in shown.results
    assert "First: The nurse said ___ was tired." in shown.results
    assert 'data-sentence="The doctor said &lt;mask&gt; was tired."' in shown.swaps
    assert shown.link.startswith("?contrast=The+nurse")
    words = json.loads(shown.json)["words"]
    rows = list(csv_reader.DictReader(io.StringIO(shown.csv)))
    assert [row["word"].lstrip("'") for row in rows] == [word["word"] for word in words]
    assert float(rows[0]["first"]) == words[0]["first"]


def test_one_sentence_before_two_models_has_their_names_on_the_axes(engine):
    shown = ask(engine, Asked(NURSE, "", "general", "biomedical"))
    assert shown.results.count('class="model"') == 2
    assert 'text-anchor="middle">general: The nurse said ___ was tired.</text>' in shown.results
    assert "More probable for biomedical" in shown.results
    assert "first-general second-biomedical" in shown.results


def test_the_same_twice_says_so(engine):
    assert SAME in ask(engine, Asked(NURSE, "", "general")).results


def test_what_has_no_distance_says_so(engine):
    found = engine.contrast((NURSE, SURGEON), ("general", "general"))
    html = draw({**found, "distance": None, "left_out": 1})
    assert "different vocabularies" in html
    assert "1 word that the other model writes in several pieces is left out." in html
    assert draw({}) == ""
