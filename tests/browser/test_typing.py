"""Predict while a person types; an answer is never shown beside a sentence that it is not for."""

import time

import pytest
from playwright.sync_api import expect

from mlm_demo.inference.engine import Engine
from mlm_demo.models.pool import ModelPool
from mlm_demo.web.fill import answer as fill_answer
from mlm_demo.web.fill.links import OPENING_SENTENCE
from tests.support.nightly import nightly


def shows(page, text):
    page.wait_for_function("text => document.querySelector('#results').textContent.includes(text)", arg=text)


def dimmed(page):
    """Return whether the answer looks dimmed, as an old one."""
    return page.evaluate("getComputedStyle(document.querySelector('#results .mask')).opacity < 0.9")


def is_for_the_form(page):
    page.locator("#answer-for .old").wait_for(state="detached")
    assert not dimmed(page)


def wait_until_open(page):
    """Wait until the page has asked nothing for half a second: it asks more than once when it opens."""
    asked, before = [], -1
    page.on("request", lambda request: asked.append(request.url))
    while before < len(asked):
        before = len(asked)
        page.wait_for_timeout(500)


def test_predictions_follow_the_typing(open_page):
    page = open_page()
    wait_until_open(page)
    calls = []
    page.on("request", lambda r: calls.append(r.url) if r.method == "POST" else None)
    box = page.get_by_label("Sentence").first
    box.fill("")
    box.press_sequentially("The cat sat on the <mask> today", delay=20)
    shows(page, "today")
    page.locator("[aria-live=polite]").get_by_text(
        "Done.", exact=True
    ).wait_for()  # Gradio: "common.complete"
    assert len(calls) < 15, "not one for each key"
    assert not any("queue" in call for call in calls)
    box.press("Backspace")
    page.wait_for_function("!document.querySelector('#results').textContent.includes('today')")
    shows(page, "toda")
    box.fill("No hole in this one")  # what is not finished is no error
    page.wait_for_timeout(1_000)
    assert page.locator("#results .refusal").count() == 0
    shows(page, "toda")
    box.press("Enter")
    page.wait_for_selector("#results .refusal")


@nightly
def test_typing_predicts_nothing_when_switched_off(open_page):
    page = open_page()
    page.locator("#more").get_by_role("button").first.click()
    page.locator("#follow input").uncheck()
    page.get_by_label("Sentence").first.fill("The king sat on his <mask>.")
    page.locator("#answer-for").get_by_text(f"This answer is for: {OPENING_SENTENCE}").wait_for()
    page.locator("#answer-for").get_by_text("Press Enter or Fill for a new one.").wait_for()
    page.wait_for_timeout(1_500)
    shows(page, "population")
    assert dimmed(page)
    page.keyboard.press("Enter")
    shows(page, "The king")
    is_for_the_form(page)


@nightly
def test_the_notices_of_a_link_stay_though_the_model_is_fast(open_page):
    page = open_page("?k=zero")
    page.wait_for_timeout(1_500)
    assert "is not a whole number above 0" in page.locator("#results .notices").inner_text()


def test_enter_asks_once(open_page):
    page = open_page()
    wait_until_open(page)
    calls = []  # with the sentence: the page may look after a download in the meantime
    page.on("request", lambda r: calls.append(r.url) if "The king" in (r.post_data or "") else None)
    box = page.get_by_label("Sentence").first
    box.fill("The king sat on his <mask>.")
    box.press("Enter")  # before the typing has paused
    shows(page, "The king")
    page.wait_for_timeout(1_000)
    assert len(calls) == 1


def test_text_typed_while_the_page_opens_stays(open_page, monkeypatch):
    answer = fill_answer.ask  # by this name it is what opens a page
    monkeypatch.setattr(fill_answer, "ask", lambda *given: time.sleep(3) or answer(*given))
    page = open_page(wait_for="#sentence textarea")
    box = page.get_by_label("Sentence").first
    expect(box).to_have_value(OPENING_SENTENCE)
    box.fill("The king sat on his <mask>.")
    shows(page, "The king")
    page.wait_for_timeout(500)
    shows(page, "The king")
    expect(box).to_have_value("The king sat on his <mask>.")


@nightly
def test_text_deleted_after_enter_is_predicted_again(open_page):
    page = open_page()
    wait_until_open(page)
    box = page.get_by_label("Sentence").first
    box.fill("The king sat on his <mask>")
    shows(page, "The king")
    box.press(".")
    box.press("Enter")
    shows(page, "his seat.")
    box.press("Backspace")
    page.wait_for_function("!document.querySelector('#results').textContent.includes('his seat.')")


@nightly
def test_a_page_whose_number_is_deleted_says_so(open_page):
    page = open_page("?k=3")  # which unfolds it
    page.locator("#top-k input").fill("")
    box = page.get_by_label("Sentence").first
    box.fill("The king sat on his <mask>.")
    page.wait_for_timeout(1_000)
    box.press("Enter")
    page.wait_for_selector("#results .refusal")
    assert "top_k is ''" in page.locator("#results .refusal").inner_text()


@pytest.fixture
def slow(monkeypatch):
    """Models that take a second per answer, and the list of the texts they answered."""
    compare, asked = Engine.compare, []

    def slowly(engine, text, *given, **named):
        asked.append(text)
        time.sleep(1)
        answers = compare(engine, text, *given, **named)["answers"]
        return {"answers": [{**answer, "seconds": 1 / len(answers)} for answer in answers]}

    monkeypatch.setattr(Engine, "compare", slowly)
    return asked


def test_an_old_answer_of_a_slow_model_is_named_and_dimmed(open_page, slow, pictures):
    page = open_page()
    box = page.get_by_label("Sentence").first
    is_for_the_form(page)
    box.press("End")
    box.press("Backspace")
    page.locator("#answer-for .old").wait_for(timeout=900)  # before there can be an answer
    assert page.locator("#answer-for").inner_text().strip() == f"This answer is for: {OPENING_SENTENCE}"
    assert dimmed(page)
    pictures(page, "old-answer")
    box.fill("The king sat on his <mask>.")
    box.press_sequentially(" He slept", delay=20)
    shows(page, "He slept")
    is_for_the_form(page)
    assert len(slow) <= 4, "not one for each key"


def test_an_answer_that_comes_too_late_is_dropped(open_page, slow):
    page = open_page()
    wait_until_open(page)
    box = page.get_by_label("Sentence").first
    with page.expect_request(lambda request: "The king" in (request.post_data or "")):
        box.fill("The king sat on his <mask>.")
    with page.expect_response(lambda answer: "The king" in (answer.request.post_data or "")):
        box.fill("The queen sat on her <mask>.")
    page.wait_for_timeout(200)
    assert "The king sat on his <mask>." in slow
    assert "The king" not in page.locator("#results").inner_text()
    assert dimmed(page)
    shows(page, "The queen")
    is_for_the_form(page)
    page.get_by_role("radio", name="Table").check()
    page.locator("#results table").get_by_text("The queen").first.wait_for()


@nightly
def test_another_number_of_words_makes_the_answer_an_old_one(open_page):
    page = open_page("?k=3")  # which unfolds it
    is_for_the_form(page)
    page.locator("#top-k input").fill("4")
    page.locator("#answer-for").get_by_text("This answer is for other settings.").wait_for()
    page.locator("#answer-for").get_by_text("Press Enter or Fill for a new one.").wait_for()
    assert dimmed(page)
    page.locator("#top-k input").fill("3")
    is_for_the_form(page)


def test_a_model_that_is_still_to_be_loaded_waits_for_enter(open_page, monkeypatch):
    page = open_page()
    monkeypatch.setattr(ModelPool, "holds", lambda *given: False)
    page.get_by_label("Sentence").first.fill("The king sat on his <mask>.")
    page.locator("#answer-for").get_by_text(
        "This model is not loaded yet. Press Enter or Fill to load it."
    ).wait_for()
    assert dimmed(page)
    page.keyboard.press("Enter")
    shows(page, "The king")
    is_for_the_form(page)


def test_enter_while_an_answer_is_on_its_way_asks_after_it(open_page, slow):
    page = open_page()
    page.locator("#more").get_by_role("button").first.click()
    page.locator("#follow input").uncheck()
    wait_until_open(page)
    box = page.get_by_label("Sentence").first
    box.fill("The king sat on his <mask>.")
    with page.expect_request(lambda request: "The king" in (request.post_data or "")):
        box.press("Enter")
    box.fill("The queen sat on her <mask>.")
    box.press("Enter")
    shows(page, "The queen")
    is_for_the_form(page)
    asked = [text for text in slow if text.startswith(("The king", "The queen"))]
    assert asked == ["The king sat on his <mask>.", "The queen sat on her <mask>."]


def test_the_page_works_on_after_a_text_that_is_too_long_for_its_address(open_page):
    page = open_page()
    box = page.get_by_label("Sentence").first
    box.fill("<mask> " + "京" * 2_000)
    page.wait_for_function("location.search === '?tab=fill'")
    box.fill("The dog sat on its <mask>.")
    box.press("Enter")
    shows(page, "The dog")
    page.wait_for_function("location.search.includes('The+dog')")
