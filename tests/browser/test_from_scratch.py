"""A visitor trains a model from scratch on the page: files, run, stop, resume, result, picker."""

from playwright.sync_api import expect

from mlm_demo.runs.service import SAMPLE
from tests.support.adapt_page import MINUTES, open_tab, upload
from tests.support.nightly import nightly


@nightly  # the form, the task and the result have tests of their own
def test_a_model_is_trained_from_scratch_stopped_resumed_and_used(open_browser, pictures):
    page = open_browser()
    open_tab(page)
    page.locator("#scratch button").first.click()
    expect(page.locator("#scratch-start")).to_be_disabled()
    upload(page, SAMPLE)
    page.wait_for_selector("#report .verdict", timeout=4 * MINUTES)
    expect(page.locator("#scratch-start")).to_be_enabled()
    pictures(page, "scratch-1-form")
    page.locator("#scratch").get_by_role("radio", name="40 minutes").check()
    page.locator("#scratch-start").click()
    page.locator("#live .facts", has_text="from scratch · WordPiece, 2 layers of 128, 40 minutes").wait_for()
    page.locator("#live .facts", has_text=" left").wait_for(timeout=4 * MINUTES)  # it trains
    page.wait_for_selector("#live .guesses", timeout=MINUTES)
    pictures(page, "scratch-2-running")
    page.locator("#stop").click()
    page.locator("#live .state", has_text="Stopped").wait_for(timeout=4 * MINUTES)
    page.wait_for_selector("#run-result .guesses")
    page.locator("#resume").click()
    page.locator("#live .facts", has_text=" left").wait_for(timeout=4 * MINUTES)
    page.locator("#stop").click()
    page.locator("#live .state", has_text="Stopped").wait_for(timeout=4 * MINUTES)
    page.wait_for_selector("#run-result .guesses")
    page.locator("#my-runs", has_text="bits per byte").wait_for()
    page.locator("#run-sentence figure").wait_for(timeout=MINUTES)
    assert page.get_by_role("link", name="Download the model").is_visible()
    pictures(page, "scratch-3-result")
    page.locator("#use").click()
    page.wait_for_selector("#results .domain-adapted .word", timeout=MINUTES)
    expect(page.locator("#model input")).to_have_value("Adapted · from scratch on beekeeping · trained here")
    pictures(page, "scratch-4-used")
    open_tab(page)
    page.locator("#teach-it").click()
    expect(page.locator("#teach-base input")).to_have_value(
        "Adapted · from scratch on beekeeping · trained here"
    )
