"""A signed-in Hub user sees their runs in every browser, waits in the queue, and pushes a model."""

import pytest

from tests.support.adapt_page import MINUTES, open_tab, start
from tests.support.hub_stand_in import HubStandIn
from tests.support.nightly import nightly


@pytest.fixture
def hub():
    stand_in = HubStandIn({})
    yield stand_in
    stand_in.close()


@pytest.fixture
def browser_at(chromium, hub, serve):
    """A function that opens a new browser on a page with sign-in (Gradio's stand-in for the Hub's)."""
    _, address = serve(
        OAUTH_CLIENT_ID="page", HF_ENDPOINT=hub.address, HF_TOKEN="the-servers-own", HF_HUB_DISABLE_XET="1"
    )
    contexts = []

    def browser_at(signed_in):
        contexts.append(chromium.new_context(viewport={"width": 1280, "height": 900}))
        page = contexts[-1].new_page()
        page.set_default_timeout(2 * MINUTES)
        page.goto(address)
        page.wait_for_selector("#results figure")
        if signed_in:
            open_tab(page)
            with page.expect_navigation():
                page.locator("#sign-in").click()
            page.wait_for_selector("#results figure", state="attached")  # the address has kept the tab Adapt
        open_tab(page)
        page.locator("#sign-in", has_text="Logout (anna)" if signed_in else "Sign in").wait_for()
        return page

    yield browser_at
    for context in contexts:
        context.close()


@nightly
def test_a_hub_user_has_their_runs_everywhere_and_pushes_a_model(browser_at, hub, picture, tiny):
    page = browser_at(signed_in=True)
    start(page, tiny, steps=90_000, batch=8)
    page.wait_for_selector("#live progress", timeout=2 * MINUTES)

    other = browser_at(signed_in=True)
    other.locator("#live .state", has_text="Running").wait_for()
    assert other.locator("#stop").is_visible()
    other.locator("#again").click()
    start(other, tiny, steps=1, batch=4)
    other.locator("#live .state", has_text="Waiting").wait_for()
    assert "Waiting for 1 other run" in other.locator("#live").inner_text()
    picture(other, "adapt-0-waiting-1280-light")
    stranger = browser_at(signed_in=False)
    assert stranger.get_by_text("Your runs will be listed here.").is_visible()

    page.locator("#stop").click()
    other.locator("#live .state", has_text="Done").wait_for(timeout=4 * MINUTES)
    other.wait_for_selector("#my-runs >> text=Stopped")
    other.locator("#push button").first.click()
    other.locator("#repo input, #repo textarea").fill("anna/bees")
    other.locator("#send").click()
    other.locator("#pushed .refusal", has_text="There is no token").wait_for()
    other.locator("#token input").fill("may-read")
    other.locator("#send").click()
    other.locator("#pushed .refusal", has_text="does not let you write to 'anna/bees'").wait_for()
    other.locator("#token input").fill("may-write")
    other.locator("#send").click()
    other.get_by_role("link", name=f"{hub.address}/anna/bees").wait_for()
    assert other.locator("#token input").input_value() == ""
    assert {"model.safetensors", "README.md", "result.json"} <= hub.pushed.keys()
    assert hub.tokens == {"Bearer may-write"}  # a token that may only read is refused before anything is sent
