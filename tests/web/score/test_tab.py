import gradio as gr
import pytest

from mlm_demo.inference.engine import Engine
from mlm_demo.settings import Settings
from mlm_demo.web.score import EXAMPLES, ScoreTab, draw
from mlm_demo.web.server.rate_limits import RateLimits


@pytest.fixture(scope="module")
def engine():
    return Engine(Settings(device="cpu"))


@pytest.fixture
def tab(engine, tmp_path):
    with gr.Blocks():
        return ScoreTab(engine, RateLimits(Settings(data=str(tmp_path)))).build()


def test_one_figure_per_model_under_the_notices(engine):
    html = draw(engine.score("The [SEP] sat.", ["general", "biomedical"])["scores"])
    assert html.startswith('<ul class="notices"')
    assert html.count("<figure") == 2


def test_the_examples_surprise_the_two_models_differently(engine):
    general, biomedical = engine.score(EXAMPLES[0], ["general", "biomedical"])["scores"]
    assert biomedical["bits_per_word"] < general["bits_per_word"]


def test_the_handler_returns_the_scores_and_their_figures(tab):
    shown = tab.score_sentence("The patient sat.", ["general"], "within_word", [], None)
    assert shown.keys() == {tab.results, tab.scores}
    assert shown[tab.scores][0]["tokens"] == 4
    assert shown[tab.results].count("<figure") == 1


def test_an_error_stands_over_the_scores_before(tab):
    before = tab.score_sentence("The patient sat.", ["general"], "within_word", [], None)[tab.scores]
    shown = tab.score_sentence("The <mask> sat.", ["general"], "within_word", before, None)
    assert shown.keys() == {tab.results}
    assert "holds a mask" in shown[tab.results]
    assert "<figure" in shown[tab.results]
