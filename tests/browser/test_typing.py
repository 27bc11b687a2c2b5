"""Predictions that follow the typing, and answers that go past the queue."""

import pytest

from mlm_demo.ui import fill_answer


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
