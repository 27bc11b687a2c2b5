"""Predictions that follow the typing, and answers that go past the queue."""

import time

import pytest

from mlm_demo.web.fill import answer as fill_answer
from mlm_demo.web.fill.links import FIRST_SENTENCE


@pytest.fixture
def quick(monkeypatch):
    """Any model counts as quick: this machine may be busy."""
    monkeypatch.setattr(fill_answer, "QUICK", 1000.0)


def shows(page, text):
    page.wait_for_function("text => document.querySelector('#results').textContent.includes(text)", arg=text)


def test_predictions_follow_the_typing(open_page, quick):
    page = open_page()
    page.wait_for_timeout(1_500)  # what the page asks when it opens
    calls = []
    page.on("request", lambda r: calls.append(r.url) if r.method == "POST" else None)
    box = page.get_by_label("Sentence").first
    box.fill("")
    box.press_sequentially("The cat sat on the <mask> today", delay=20)
    shows(page, "today")
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


def test_the_typing_is_not_followed_when_it_is_switched_off(open_page, quick):
    page = open_page()
    page.locator("#follow input").uncheck()
    page.get_by_label("Sentence").first.fill("The king sat on his <mask>.")
    page.wait_for_timeout(1_500)
    shows(page, "capital")
    page.keyboard.press("Enter")
    shows(page, "The king")


def test_what_a_link_is_told_stays_though_the_model_is_quick(open_page, quick):
    page = open_page("?k=zero")
    page.wait_for_timeout(1_500)
    assert "is not a whole number above 0" in page.locator("#results .notices").inner_text()


def test_enter_asks_once(open_page, quick):
    page = open_page()
    page.wait_for_timeout(1_500)
    calls = []
    page.on("request", lambda r: calls.append(r.url) if r.method == "POST" else None)
    box = page.get_by_label("Sentence").first
    box.fill("The king sat on his <mask>.")
    box.press("Enter")  # before the typing has paused
    shows(page, "The king")
    page.wait_for_timeout(1_000)
    assert len(calls) == 1


def test_what_is_typed_while_the_page_still_opens_stays(open_page, quick, monkeypatch):
    answer = fill_answer.ask  # by this name it is what opens a page
    monkeypatch.setattr(fill_answer, "ask", lambda *given: time.sleep(3) or answer(*given))
    page = open_page(wait_for="#sentence textarea")
    box = page.get_by_label("Sentence").first
    assert box.input_value() == FIRST_SENTENCE
    box.fill("The king sat on his <mask>.")
    shows(page, "The king")
    page.wait_for_timeout(500)
    shows(page, "The king")
    assert box.input_value() == "The king sat on his <mask>."


def test_what_is_taken_back_after_enter_is_followed(open_page, quick):
    page = open_page()
    page.wait_for_timeout(1_500)
    box = page.get_by_label("Sentence").first
    box.fill("The king sat on his <mask>")
    shows(page, "The king")
    box.press(".")
    box.press("Enter")
    shows(page, "his seat.")
    box.press("Backspace")
    page.wait_for_function("!document.querySelector('#results').textContent.includes('his seat.')")


def test_a_page_whose_number_is_deleted_says_so(open_page, quick):
    page = open_page("?k=3")  # which unfolds it
    page.locator("#top-k input").fill("")
    box = page.get_by_label("Sentence").first
    box.fill("The king sat on his <mask>.")
    page.wait_for_timeout(1_000)
    box.press("Enter")
    page.wait_for_selector("#results .refusal")
    assert "top_k is ''" in page.locator("#results .refusal").inner_text()
