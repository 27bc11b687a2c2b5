"""Get the preferred model with the button: progress, a reload, a second visitor, and the page afterwards."""

import re

import pytest
from huggingface_hub import constants

from mlm_demo.settings import Settings
from mlm_demo.web.app import create_app, launch
from mlm_demo.web.fill.model_offer import GETTING, SELECTED
from tests.support.hub_fixtures import direct_to
from tests.support.hub_stand_in import HubStandIn
from tests.support.nightly import nightly, some
from tests.support.paths import free_port
from tests.support.tiny_models import save_tiny

BUTTON = re.compile(r"^Get DistilRoBERTa \(\d+ MB\): knows far more$")
HERE = "General · DistilRoBERTa · 331 MB · Apache-2.0 · downloaded"


@pytest.fixture
def stand_in(tmp_path, monkeypatch):
    server = HubStandIn({"distilroberta-base": save_tiny(tmp_path / "tiny")})
    server.acts["distilbert"] = "held"
    direct_to(server, tmp_path / "cache", monkeypatch)
    yield server
    server.close()


@pytest.fixture
def address(stand_in, tmp_path):
    """A server of its own, because a server remembers what the Hub said."""
    settings = Settings(device="cpu", hub_timeout=60, port=free_port(), data=str(tmp_path / "data"))
    demo = create_app(settings)
    yield launch(demo, settings)
    demo.close()


def picked(page):
    return page.locator("#model input").input_value()


@nightly  # tests/web/fill/test_model_offer.py has its steps
def test_the_page_leads_to_the_preferred_model(open_browser, pictures, picture, stand_in):
    page, other = open_browser(width=390), open_browser()
    button = page.get_by_role("button", name=BUTTON)
    button.wait_for()
    other.get_by_role("button", name=BUTTON).wait_for()
    pictures(page, "get-model")
    page.set_viewport_size({"width": 390, "height": 900})
    status = page.locator("#get-model-status [role=status]").element_handle()

    button.focus()
    page.keyboard.press("Enter")
    page.get_by_role("progressbar", name="Download of DistilRoBERTa").wait_for()
    page.get_by_text("Downloading DistilRoBERTa: 0 of 0 MB").wait_for()
    button.wait_for(state="detached")
    assert status.inner_text() == GETTING, (
        "the element that was there before, so that a screen reader reads it"
    )
    pictures(page, "getting-model")

    page.reload()
    page.get_by_role("progressbar", name="Download of DistilRoBERTa").wait_for()
    stand_in.release.set()
    page.get_by_text(SELECTED).wait_for()
    page.locator("#results figcaption").get_by_text("distilroberta-base").first.wait_for()
    page.wait_for_function("label => document.querySelector('#model input').value === label", arg=HERE)
    assert page.get_by_role("progressbar", name="Download of DistilRoBERTa").count() == 0
    assert page.get_by_role("button", name=BUTTON).count() == 0
    pictures(page, "got-model")

    other.get_by_role("button", name=BUTTON).wait_for(state="detached")
    for tab, picker, label in (
        ("Score", "score-models", "distilroberta-base (downloaded)"),
        ("Adapt", "base", HERE),
    ):
        other.get_by_role("tab", name=tab).click()
        other.locator(f"#{picker} input").click()
        other.get_by_role("option", name=label).wait_for()
        other.keyboard.press("Escape")

    page.reload()
    page.locator("#results figcaption").get_by_text("distilroberta-base").first.wait_for()
    page.wait_for_timeout(2000)  # as long as the button took to appear, and more
    assert page.get_by_role("button", name=BUTTON).count() == 0
    assert picked(page) == HERE


@nightly
@pytest.mark.parametrize("hub", some(["silent", "unreachable"], 1))
def test_without_the_hub_the_page_is_as_usual(open_browser, stand_in, monkeypatch, hub):
    if hub == "unreachable":
        monkeypatch.setattr(constants, "ENDPOINT", "http://127.0.0.1:9")
    stand_in.acts["distilbert"] = "silent"
    page, logged = open_browser(), []
    page.on("console", lambda message: logged.append(message.text) if message.type == "error" else None)
    page.reload()
    logged.clear()  # of the page before, whose requests were cut off
    page.wait_for_selector("#results figure")
    page.get_by_label("Sentence").first.fill("The ship sailed across the <mask>.")
    page.keyboard.press("Enter")
    page.get_by_text("The ship sailed across the sea.").first.wait_for(state="attached")
    page.wait_for_timeout(2000)
    assert page.get_by_role("button", name="Get DistilRoBERTa").count() == 0
    assert page.locator("#results .refusal, #get-model-status p").count() == 0
    assert logged == []
    if hub == "silent":
        assert any("distilroberta-base" in request for request in stand_in.requests), "the Hub was asked"
