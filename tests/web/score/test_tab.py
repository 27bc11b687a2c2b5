import json
from types import SimpleNamespace

import gradio as gr
import pytest

from mlm_demo.runs.service import RunService
from mlm_demo.runs.store import RunStore
from mlm_demo.settings import Settings
from mlm_demo.web.score import tab as score_tab
from mlm_demo.web.score.answer import draw
from mlm_demo.web.score.cancel import Canceled
from mlm_demo.web.score.tab import EXAMPLES, ScoreTab
from mlm_demo.web.server.rate_limits import RateLimits
from tests.support.events import call, request

WITHIN = "within_word"


@pytest.fixture
def page(engine, tmp_path):
    settings = Settings(data=str(tmp_path))
    with gr.Blocks() as demo, gr.Tabs(), gr.Tab("Score", id="score") as tab:
        score = ScoreTab(engine, RunService(settings), RateLimits(settings))
        score.build(tab, gr.BrowserState(""))
    return demo, score


def test_one_figure_per_model_under_the_notices(engine):
    html = draw(engine.score("The [SEP] sat.", ["general", "biomedical"])["scores"])
    assert html.startswith('<div role="status"><ul class="notices"')
    assert html.count("<figure") == 2


def test_the_examples_surprise_the_two_models_differently(engine):
    general, biomedical = engine.score(EXAMPLES[0][0], ["general", "biomedical"])["scores"]
    assert biomedical["bits_per_word"] < general["bits_per_word"]


def test_an_answer_comes_with_its_link_files_and_code(page):
    demo, tab = page
    sentence = 'The patient\'s "heart" sat.'
    shown = call(demo, tab.score_sentence, sentence, "", ["general", "biomedical"], WITHIN, [], None)
    assert shown[tab.results].count("<figure") == 2
    assert [score["tokens"] for score in shown[tab.scores]] == [len(shown[tab.scores][0]["words"])] * 2
    assert shown[tab.link].startswith("?score=The+patient")
    assert len(json.loads(shown[tab.json])["scores"]) == 2
    assert shown[tab.csv].count("\n") == 1 + 2 * shown[tab.scores][0]["tokens"]
    for code in (tab.python, tab.curl, tab.shell):
        assert "heart" in shown[code]
    assert not shown[tab.cancel].interactive


def test_the_json_of_one_model_is_that_of_the_command_line(page):
    demo, tab = page
    shown = call(demo, tab.score_sentence, "Souvenirs sat.", "", ["general"], WITHIN, [], None)
    score = json.loads(shown[tab.json])
    pieces = score["words"][0]["tokens"]
    assert len(pieces) > 1
    assert sum(piece["surprisal"] for piece in pieces) == pytest.approx(score["words"][0]["surprisal"])


def test_an_error_stands_over_the_scores_before(page):
    demo, tab = page
    before = call(demo, tab.score_sentence, "The patient sat.", "", ["general"], WITHIN, [], None)[tab.scores]
    shown = call(demo, tab.score_sentence, "The <mask> sat.", "", ["general"], WITHIN, before, None)
    assert shown.keys() == {tab.results, tab.cancel}
    assert "holds a mask" in shown[tab.results]
    assert "<figure" in shown[tab.results]


def test_the_opened_tab_answers_its_form_or_the_link(page):
    demo, tab = page
    form = ("The patient sat.", "", ["general"], WITHIN)
    shown = call(demo, tab.first_answer, "?text=The+<mask>+sat.", *form, request())
    assert shown[tab.scores][0]["text"] == "The patient sat."
    assert call(demo, tab.open_form, "?text=The+<mask>+sat.", "") == {}, "a person may be typing"
    link = "?score=The+dog+sat.&scored_by=biomedical,no+body&method=original"
    opened = call(demo, tab.open_form, link, "")
    assert (opened[tab.sentence], opened[tab.method]) == ("The dog sat.", "original")
    assert opened[tab.models].value == ["biomedical"]
    shown = call(demo, tab.first_answer, link, *form, request())
    assert tab.sentence not in shown, "a person may have typed since"
    assert [score["model"]["name"] for score in shown[tab.scores]] == ["biomedical"]
    assert "model &#x27;no body&#x27; was ignored" in shown[tab.results]
    refused = call(demo, tab.first_answer, "?score=A+<mask>.", *form, request())
    assert "holds a mask" in refused[tab.results]


def test_a_link_names_a_model_that_somebody_else_adapted(page, finished, monkeypatch):
    _, tab = page
    monkeypatch.setattr(tab, "runs", RunStore(finished.folder.parent))
    assert ("tiny on bees", finished.id) in tab._choices("", [finished.id])


def test_a_press_on_a_word_shows_the_guesses_of_every_model(page):
    demo, tab = page
    scores = call(demo, tab.score_sentence, *EXAMPLES[0], ["general", "biomedical"], WITHIN, [], None)[
        tab.scores
    ]
    event = SimpleNamespace(_data={"start": EXAMPLES[0][0].index("antibiotics")})
    shown = call(demo, tab.show_guesses, scores, event, None)[tab.guesses]
    assert shown.count("<figure") == 2
    assert "<mark>antibiotics</mark>" in shown
    outside = SimpleNamespace(_data={"start": 7_000})
    assert "no word at character 7000" in call(demo, tab.show_guesses, scores, outside, None)[tab.guesses]
    for nonsense in ({"start": "<b>"}, "x", {}):
        ignored = call(demo, tab.show_guesses, scores, SimpleNamespace(_data=nonsense), None)
        assert ignored == {tab.guesses: gr.skip()}


def test_cancel_ends_the_scoring_at_its_next_pass(page, monkeypatch):
    demo, tab = page
    visitor, passes = request("s7"), []

    def score(*arguments, on_progress, **options):
        on_progress(0.1, "Scoring")
        passes.append(call(demo, tab.cancel_work, [], visitor))
        on_progress(0.2, "Scoring")
        pytest.fail("the scoring went on")

    monkeypatch.setattr(tab.engine, "score", score)
    shown = call(demo, tab.score_sentence, "The dog sat.", "", ["general"], WITHIN, [], visitor)
    assert shown == {tab.cancel: gr.skip()}
    assert "Canceled" in passes[0][tab.results]
    assert len(tab.work) == 0


def test_an_example_ends_the_scoring_before_it_and_a_file_goes_on(page):
    demo, tab = page
    visitor = request("s8")
    with (
        tab.work.reporting(visitor, print) as of_sentence,
        tab.file.work.reporting(visitor, print) as of_file,
    ):
        chosen = call(demo, tab.use_example, 2, visitor)
        with pytest.raises(Canceled):
            of_sentence(0.1, "Scoring")
        of_file(0.1, "Scoring")
    assert (chosen[tab.sentence], chosen[tab.second]) == EXAMPLES[2]
    canceling = [
        event.cancels
        for event in demo.fns.values()
        if event.is_cancel_function and (tab.examples._id, "click") in event.targets
    ]
    asked = [
        event._id for event in demo.fns.values() if event.fn == tab.score_sentence and event.targets[0][0]
    ]
    opened = [event._id for event in demo.fns.values() if event.fn == tab.first_answer]
    assert canceling == [asked + opened]


def test_each_pressed_word_is_asked_for_its_guesses(page):
    demo, tab = page
    assert {event.trigger_mode for event in demo.fns.values() if event.fn == tab.show_guesses} == {"multiple"}


def test_two_sentences_are_set_against_each_other(page):
    demo, tab = page
    first, second = EXAMPLES[2]
    shown = call(demo, tab.score_sentence, first, second, ["general", "biomedical"], WITHIN, [], None)
    assert [score["text"] for score in shown[tab.scores]] == [first] * 2 + [second] * 2
    assert shown[tab.results].count("<figure") == 2
    assert shown[tab.results].count("more probable, by") == 2
    assert "against=The+keys" in shown[tab.link]
    assert len(json.loads(shown[tab.json])["scores"]) == 4
    event = SimpleNamespace(_data={"start": second.index("is"), "sentence": 1})
    guessed = call(demo, tab.show_guesses, shown[tab.scores], event, None)[tab.guesses]
    assert "<mark>is</mark>" in guessed
    assert guessed.count("<figure") == 2


def test_nothing_is_scored_before_the_tab_is_opened(page):
    demo, tab = page
    loads = [event for event in demo.fns.values() if ("load" in {name for _, name in event.targets})]
    assert loads == []
    assert tab.results.value == score_tab.EMPTY
