"""Pick a model from the Hub on the page: progress during the download, then the answer and an updated picker."""

import pytest

from tests.support.hub_fixtures import direct_to
from tests.support.hub_stand_in import HubStandIn
from tests.support.tiny_models import save_tiny


@pytest.fixture
def stand_in(tmp_path, monkeypatch):
    server = HubStandIn({"distilroberta-base": save_tiny(tmp_path / "tiny")})
    direct_to(server, tmp_path / "cache", monkeypatch)
    yield server
    server.close()


def test_a_download_shows_its_progress_and_then_its_answer(open_page, picture, stand_in):
    page = open_page()
    page.locator("#model input").fill("steady/distilroberta-base")
    page.keyboard.press("Enter")
    page.locator("#fill").click()
    page.get_by_text("Downloading steady/distilroberta-base: 0 of 0 MB").wait_for()
    picture(page, "downloading")
    page.wait_for_selector("#results .domain-other")


def test_the_picker_says_downloaded_afterwards(open_page, stand_in, monkeypatch):
    page = open_page()
    page.locator("#model input").click()
    page.get_by_role("option", name="DistilRoBERTa · Apache-2.0 · downloads 331 MB").click()
    page.wait_for_timeout(500)
    assert (
        page.locator("#results .domain-general .word").first.inner_text() == "population"
    )  # nothing fetched unasked
    assert not any("resolve" in request for request in stand_in.requests)
    page.locator("#fill").click()
    page.get_by_text("RobertaForMaskedLM").or_(page.get_by_text("revision 1111111")).first.wait_for()
    page.locator("#model input").click()
    page.get_by_role("option", name="DistilRoBERTa · 331 MB · Apache-2.0 · downloaded").wait_for()
