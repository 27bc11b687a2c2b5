import json
from dataclasses import fields

import gradio as gr
import pytest

from mlm_demo.errors import ModelError
from mlm_demo.inference.engine import Engine
from mlm_demo.runs.service import RunService
from mlm_demo.settings import Settings
from mlm_demo.web.fill.answer import ANSWERS_KEPT, NO_BLANK, NOT_LOADED, Shown, link_of
from mlm_demo.web.fill.examples import GROUPS
from mlm_demo.web.fill.links import Question
from mlm_demo.web.fill.tab import FORM, FillTab
from mlm_demo.web.fill.words import word_row
from mlm_demo.web.server.rate_limits import RateLimits
from tests.support.events import request

SENTENCE = "The <mask> sat."


@pytest.fixture(scope="module")
def engine(engine):
    engine.fill_mask("A <mask>.")
    return engine


def tab_of(engine, data, limits=None):
    settings = Settings(device="cpu", data=str(data))
    with gr.Blocks() as page:
        return FillTab(engine, RunService(settings), limits or RateLimits(settings)).build(
            page, gr.BrowserState("")
        )


@pytest.fixture
def tab(engine, tmp_path):
    return tab_of(engine, tmp_path)


def question(sentence=SENTENCE, model="general", compare=(), link="", kept=None, full_axis=False):
    """The inputs of a handler: the form, the view, the link shown and the answers kept."""
    kept = {} if kept is None else kept
    return (sentence, model, list(compare), 8, "", False, "auto", full_axis, "Chart", link, kept)


def test_the_fields_of_answers_and_questions_are_components(tab):
    assert all(isinstance(getattr(tab, field.name), gr.blocks.Block) for field in fields(Shown))
    assert all(isinstance(getattr(tab, name), gr.blocks.Block) for name in FORM)


def test_an_answer_fills_every_output_by_name(tab):
    shown = tab.answer_now(None, *question())
    assert shown.keys() == {getattr(tab, field.name) for field in fields(Shown)}
    assert shown[tab.link] == link_of(Question(SENTENCE))
    assert list(shown[tab.answers]) == [shown[tab.link]]


def test_an_error_stands_over_the_answer_before(tab):
    before = tab.answer_now(None, *question())
    shown = tab.answer_now(None, *question("no mask", link=before[tab.link], kept=before[tab.answers]))
    assert shown.keys() == {tab.results, tab.words}
    assert "holds no mask" in shown[tab.results]
    assert "<figure" in shown[tab.results]


def test_a_question_that_loads_a_model_is_counted_once(tmp_path):
    """The first event admits it and passes a ticket; the second, through the queue, uses the ticket up."""
    counted = []

    class Counting(RateLimits):
        def address(self, request):
            counted.append(request)
            return "here"

    settings = Settings(device="cpu", data=str(tmp_path))
    tab = tab_of(Engine(settings), tmp_path, Counting(settings))
    request = gr.Request(session_hash="one")
    queued = tab.answer_now(request, *question())
    assert queued.keys() == {tab.queued}
    shown = tab.fill(request, *question(), "", queued[tab.queued], progress=lambda *_, **__: None)
    assert tab.results in shown
    assert len(counted) == 1
    tab.fill(request, *question(), "", queued[tab.queued], progress=lambda *_, **__: None)
    assert len(counted) == 2, "a ticket counts once"


def test_typing_is_answered_however_long_an_answer_takes(engine, tab, monkeypatch):
    answers = engine.compare(SENTENCE, [""], top_k=8)["answers"]
    slow = {"answers": [{**answers[0], "seconds": 7.0}]}
    monkeypatch.setattr(engine, "compare", lambda *given, **named: slow)
    for _ in range(2):  # after a slow answer too
        shown = tab.answer_typed(None, True, *question())
        assert json.loads(shown[tab.typed_answer])["link"] == link_of(Question(SENTENCE))
        assert shown[tab.answers] == {link_of(Question(SENTENCE)): slow["answers"]}


def test_answers_to_typed_text_that_are_dropped_leave_the_one_shown(tab):
    shown = tab.answer_now(None, *question())
    kept = shown[tab.answers]
    for text in ("A <mask>.", "The <mask>.", "One <mask>.", "My <mask>."):
        kept = tab.answer_typed(None, True, *question(text, link=shown[tab.link], kept=kept))[tab.answers]
    assert len(kept) == ANSWERS_KEPT
    assert shown[tab.link] in kept


def test_typing_asks_nothing_when_nothing_is_new(engine, tab, monkeypatch):
    monkeypatch.setattr(engine, "compare", None)
    row = {tab.words: word_row(SENTENCE)}
    assert tab.answer_typed(None, False, *question()) == row
    assert tab.answer_typed(None, True, *question(link=link_of(Question(SENTENCE)))) == row


def test_a_model_that_is_not_loaded_waits_for_enter(tmp_path):
    tab = tab_of(Engine(Settings(device="cpu")), tmp_path)
    assert tab.answer_typed(None, True, *question()) == {
        tab.waiting: NOT_LOADED,
        tab.words: word_row(SENTENCE),
    }
    assert tab.answer_chosen(None, *question(model="nobody/nothing")) == {tab.waiting: NOT_LOADED}


def test_a_model_that_arrived_is_asked_or_loaded_if_it_was_selected(tab, tmp_path):
    nothing = {tab.words: gr.skip()}
    assert tab.answer_arrived(None, True, *question(link=link_of(Question(SENTENCE)))) == nothing
    assert tab.answer_arrived(None, False, *question()) == nothing
    assert tab.answer_arrived(None, True, *question("The")) == nothing
    assert tab.answer_arrived(None, True, *question())[tab.link] == link_of(Question(SENTENCE))
    unloaded = tab_of(Engine(Settings(device="cpu")), tmp_path)
    assert unloaded.answer_arrived(None, True, *question()).keys() == {unloaded.queued}


def test_every_position_takes_the_place_of_the_words(tab):
    asked = ("The dog sat.", "general", "auto", "Chart", "", {}, None)
    row = tab.show_positions(*asked)[tab.words]
    assert "bits" in row
    assert tab.keep_row("The dog sat.", row) == {tab.words: gr.skip()}
    assert tab.keep_row("The dog sat", row) == {tab.words: word_row("The dog sat")}
    assert "has no words" in tab.show_positions("", *asked[1:])[tab.results]


def test_a_row_leaves_the_answer_which_may_be_newer_and_takes_an_earlier_error_off_it(tab):
    before = tab.answer_now(None, *question())
    link, kept = before[tab.link], before[tab.answers]
    refused = tab.show_positions("", "general", "auto", "Chart", link, kept, None)
    assert "refusal" in refused[tab.results]
    assert tab.take_error_off(refused[tab.results], kept, link, "Chart") == {tab.results: before[tab.results]}
    assert tab.take_error_off(before[tab.results], kept, link, "Chart") == {tab.results: gr.skip()}
    assert tab.take_error_off(None, {}, "", "Chart") == {tab.results: gr.skip()}
    shown = tab.show_positions("The dog sat.", "general", "auto", "Chart", link, kept, None)
    assert shown.keys() == {tab.words}


def events_of(tab, component=None, name=""):
    """Return the events of the page, or only those that start when something happens to a component."""
    page = tab.words
    while page.parent:
        page = page.parent
    return [event for event in page.fns.values() if not name or (component._id, name) in event.targets]


def test_a_press_for_a_row_takes_the_error_off_first(tab):
    for component, name in ((tab.positions, "click"), (tab.influence, "click"), (tab.words, "like")):
        first, second = events_of(tab, component, name)
        assert (first.fn, second.outputs) == (tab.take_error_off, [tab.words, tab.results])


def test_what_is_asked_while_an_answer_is_on_its_way_is_asked_after_it(tab):
    asks = [(tab.run, "click"), (tab.sentence, "submit"), (tab.model, "input"), (tab.full_axis, "input")]
    modes = {event.trigger_mode for component, name in asks for event in events_of(tab, component, name)}
    assert modes == {"always_last"}


def test_why_says_how_precise_its_numbers_are(tab):
    """The digits of int8 depend on the processor, so the chart beside it may show others."""
    text = "The dog <mask>."
    for asked, precision in ("auto", "exact"), ("int8", "int8"):
        row = tab.show_influence(text, "general", "", asked, "Chart", "", {}, None)[tab.words]
        answer = tab.engine.fill_mask(text, "general", precision=precision)["masks"][0][0]
        assert f"“<b>{answer['word']}</b>” with probability {answer['score']:.4f} ({precision})." in row
        assert tab.keep_row(text, row) == {tab.words: gr.skip()}
    refused = tab.show_influence("The dog.", "general", "", "auto", "Chart", "", {}, None)
    assert "holds no mask" in refused[tab.results]


def test_why_explains_the_blank_that_is_pressed(tab):
    asked = ("The <mask> sat on the <mask>.", "general", "", "auto", "Chart", "", {})

    def explain(data):
        return tab.explain(None, gr.EventData(None, data), *asked)

    for mask, measure in (1, "hiding"), (2, "gradient"):
        row = explain({"mask": mask, "measure": measure})[tab.words]
        assert f"at blank {mask} of 2" in row
        assert row.count(f'data-why="{mask}" data-measure="{measure}" aria-pressed="true"') == 2
    assert "the sentence has 2" in explain({"mask": 3, "measure": "hiding"})[tab.results]
    assert "The measure is" in explain({"mask": 1, "measure": "x"})[tab.results]
    for data in (None, {}, {"mask": "1", "measure": "hiding"}, {"mask": 1}):
        assert tab.explain(None, gr.EventData(None, data), *asked) == {tab.words: gr.skip()}


def test_an_unfinished_sentence_is_no_error(tab):
    assert tab.answer_typed(None, True, *question("The")) == {tab.words: word_row("The")}


def press(handler, data, sentence=SENTENCE):
    return handler(None, gr.EventData(None, data), *question(sentence))


def test_a_pressed_word_is_hidden_and_the_new_sentence_answered(tab):
    shown = press(tab.press_word, {"text": SENTENCE, "start": 11, "end": 14}, "typed in the meantime")
    assert shown[tab.sentence] == "The <mask> <mask>."
    assert shown[tab.link] == link_of(Question("The <mask> <mask>."))
    assert shown[tab.words] == word_row("The <mask> <mask>.")


def test_a_pressed_blank_brings_its_word_back(tab):
    shown = press(tab.press_word, {"text": "The <mask> <mask>.", "start": 11, "end": 17, "word": "sat"})
    assert shown[tab.sentence] == SENTENCE
    assert shown[tab.link] == link_of(Question(SENTENCE))


def test_a_pressed_guess_fills_its_blank_and_the_others_are_asked_again(tab):
    shown = press(tab.put_word, {"sentence": "The dog <mask>."})
    assert shown[tab.sentence] == "The dog <mask>."
    assert shown[tab.link] == link_of(Question("The dog <mask>."))
    filled = press(tab.put_word, {"sentence": "The dog sat."})
    assert filled == {tab.sentence: "The dog sat.", tab.words: word_row("The dog sat.")}


def test_a_pressed_example_sets_the_options_and_is_asked_of_both_models(tab):
    number, group = next((n, group) for n, group in enumerate(GROUPS) if group.name == "Professions")
    text, pronouns = group.examples[2].text, group.examples[2].targets
    tab.engine.compare(text, ["general", "biomedical"])  # loads them
    shown = press(tab.use_example, {"group": number, "example": 2})
    assert (shown[tab.sentence], shown[tab.targets], shown[tab.joint]) == (text, pronouns, False)
    assert shown[tab.compare] == ["biomedical"]
    assert shown[tab.link] == link_of(Question(text, "general", ("biomedical",), targets=pronouns))


@pytest.mark.parametrize(
    "data",
    [
        None,
        {},
        {"text": 1, "start": 0, "end": 1},
        {"text": "x", "start": "0", "end": 1},
        {"text": [], "start": 0, "end": 1, "word": []},
        {"sentence": ["x"]},
    ],
)
def test_a_press_that_is_not_from_the_page_changes_nothing(tab, data):
    for handler in (tab.press_word, tab.put_word, tab.use_example):
        assert press(handler, data) == {tab.words: gr.skip()}


def test_the_view_redraws_the_answer_shown(tab):
    shown = tab.answer_now(None, *question())
    assert "<table" in tab.redraw(shown[tab.answers], shown[tab.link], "Table")[tab.results]
    assert tab.redraw({}, "", "Table") == {tab.results: gr.skip()}
    without_blank = tab.open_page("Chart", {}, request(query={"text": "No blank"}))
    assert NO_BLANK in without_blank[tab.results]
    given = without_blank[tab.answers], without_blank[tab.link], "Table"
    assert tab.redraw(*given) == {tab.results: gr.skip()}


def test_an_answer_that_was_asked_for_in_another_view_is_redrawn(tab):
    shown = tab.answer_now(None, *question())
    results, given = shown[tab.results], (shown[tab.answers], shown[tab.link])
    assert tab.keep_view(results, *given, "Chart") == {tab.results: gr.skip()}
    table = tab.keep_view(results, *given, "Table")
    assert "<table" in table[tab.results]
    assert tab.keep_view(table[tab.results], *given, "Table") == {tab.results: gr.skip()}
    assert tab.keep_view(table[tab.results], *given, "Chart") == {tab.results: results}
    assert tab.keep_view(None, {}, "", "Table") == {tab.results: gr.skip()}


def test_the_view_and_the_text_of_the_meantime_count_after_a_model_was_loaded(tab):
    events = events_of(tab)
    for first in (tab.fill, tab.open_page):
        (asked,) = [event for event in events if event.fn == first]
        (viewed,) = [
            event for event in events if event.trigger_after == asked._id and event.fn == tab.keep_view
        ]
        assert tab.answer_typed in [event.fn for event in events if event.trigger_after == viewed._id]


def test_a_fixed_axis_redraws_the_answer_shown_without_a_model(tab, monkeypatch):
    shown = tab.answer_now(None, *question())
    link, kept = shown[tab.link], shown[tab.answers]
    assert "<span>1</span></span><span>probability" not in shown[tab.results]
    with monkeypatch.context() as patched:
        patched.setattr(tab.engine, "compare", None)
        fixed = tab.switch_axis(None, *question(link=link, kept=kept, full_axis=True))
    assert fixed.keys() == {tab.results, tab.answers, tab.link, tab.copied}
    assert "<span>1</span></span><span>probability" in fixed[tab.results]
    assert fixed[tab.link] == link_of(Question(SENTENCE, full_axis=True)) == f"{link}&axis=full"
    kept = fixed[tab.answers]
    assert list(kept) == [fixed[tab.link]]
    chart = tab.redraw(kept, fixed[tab.link], "Chart")[tab.results]
    assert chart == fixed[tab.results], "the view keeps the axis"
    error = tab.answer_now(None, *question("no mask", link=fixed[tab.link], kept=kept, full_axis=True))
    assert chart in error[tab.results], "an error keeps it too"
    back = tab.switch_axis(None, *question(link=fixed[tab.link], kept=kept))
    assert (back[tab.results], back[tab.link]) == (shown[tab.results], link)


def test_a_fixed_axis_answers_a_form_that_has_changed(tab):
    shown = tab.answer_now(None, *question())
    given = {"link": shown[tab.link], "kept": shown[tab.answers], "full_axis": True}
    other = tab.switch_axis(None, *question("A <mask>.", **given))
    assert other[tab.link] == link_of(Question("A <mask>.", full_axis=True))
    unloaded = tab.switch_axis(None, *question(model="nobody/nothing", **given))
    assert unloaded == {tab.waiting: NOT_LOADED}


def test_a_page_whose_models_do_not_answer_says_so(tab, engine, monkeypatch):
    def fails(*_, **__):
        raise ModelError("The models do not answer; start them.")

    monkeypatch.setattr(engine, "compare", fails)
    shown = tab.open_page("Chart", {}, request())
    assert "The models do not answer; start them." in shown[tab.results]
