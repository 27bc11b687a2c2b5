"""A visitor searches the papers of a finished run by its model."""

import re

from playwright.sync_api import expect

from tests.support.adapt_page import MINUTES, open_tab, start
from tests.support.nightly import nightly


@nightly
def test_the_papers_of_a_run_are_searched_by_its_owner_alone(open_browser, pictures, tiny):
    page = open_browser()
    start(page, tiny, steps=12, batch=8)
    query, found = page.locator("#search-query input"), page.locator("#search-results li")
    query.wait_for(timeout=5 * MINUTES)
    query.fill("How do bees keep warm in winter?")
    query.press("Enter")
    expect(found).to_have_count(10, timeout=2 * MINUTES)
    expect(found.locator(".document").first).to_have_text("beekeeping.txt")
    page.locator("#search-query").scroll_into_view_if_needed()
    pictures(page, "adapt-5-search")
    query.fill("drone")
    page.locator("#search-query button").click()
    expect(found.first).to_contain_text("rone", timeout=MINUTES)
    stranger = open_browser(page.url[page.url.index("?") :], wait_for="#run-result figure")
    expect(stranger.locator("#search-papers")).to_be_hidden()
    page.locator("#remove-run-files").click()
    expect(page.locator("#run-message")).to_contain_text("Deleted: beekeeping.txt")
    expect(page.locator("#search-papers")).to_be_hidden()
    expect(page.locator("#ask-papers")).to_be_hidden()
    forget_all(page)


def forget_all(page):
    """After *Delete all my data* no picker holds the model that was in use."""
    model = page.locator("#model input")
    page.locator("#use").click()
    expect(model).to_have_value(re.compile("tiny on beekeeping"))
    open_tab(page)
    page.once("dialog", lambda dialog: dialog.accept())
    page.locator("#delete-all").click()
    expect(page.locator("#deleted")).to_contain_text("Deleted: 1 run with its files and its model.")
    open_tab(page, "Fill mask")
    expect(model).not_to_have_value(re.compile("tiny on beekeeping"))
    expect(model).not_to_have_value(re.compile("^[0-9a-f]{32}$"))
