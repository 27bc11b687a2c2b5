"""The handlers of the offer, without a server, against the Hub's stand-in."""

import re
from types import SimpleNamespace

import gradio as gr
import pytest
from huggingface_hub import constants

from mlm_demo.inference.engine import Engine
from mlm_demo.models.catalogue import PREFERRED
from mlm_demo.runs.service import RunService
from mlm_demo.settings import Settings
from mlm_demo.web.fill.links import other_built_in
from mlm_demo.web.fill.model_offer import ARRIVED, GETTING, SELECTED
from mlm_demo.web.fill.tab import FillTab
from mlm_demo.web.server.rate_limits import RateLimits
from tests.support.runs import until
from tests.support.tiny_models import save_tiny

REQUEST = SimpleNamespace(session_hash="s", client=SimpleNamespace(host="192.0.2.1"), headers={})


@pytest.fixture(scope="module")
def models(tmp_path_factory):
    return {"distilroberta-base": save_tiny(tmp_path_factory.mktemp("models") / "tiny")}


@pytest.fixture
def tab_with(tmp_path):
    """A function that makes the tab of a server with some settings."""

    def make(**chosen):
        settings = Settings(device="cpu", hub_timeout=20, data=str(tmp_path / "data"), **chosen)
        with gr.Blocks() as page:
            tab = FillTab(Engine(settings), RunService(settings), RateLimits(settings))
            return tab.build(page, gr.BrowserState(""))

    return make


def opened(offer):
    """What a page shows when the Hub has answered."""
    first = offer.show_offer()
    until(lambda: not offer.preferred._asking, 30)
    if first != gr.skip() and first[offer.stage] == "asking":
        assert first[offer.timer].active
        assert not first[offer.button].visible
    return offer.show_offer()


def ended(offer):
    until(lambda: offer.preferred.download().stage != "running", 30)


def constructed(update):
    """The arguments that an update changes."""
    return update.constructor_args


def test_the_model_is_offered_downloaded_selected_and_the_default(endpoint, tab_with):
    tab = tab_with()
    offer = tab.offer
    assert endpoint.requests == [], "nobody has asked yet"
    shown = opened(offer)
    assert re.fullmatch(r"Get DistilRoBERTa \(\d+ MB\): knows far more", shown[offer.button].value)
    assert shown[offer.button].visible
    assert (shown[offer.status], shown[offer.progress]) == ("", "")
    assert shown[offer.timer].active
    endpoint.requests.clear()
    assert offer.show_offer()[offer.button].visible
    assert endpoint.requests == [], "the Hub's answer is remembered"

    going = offer.get_model("biomedical", "", REQUEST)
    if going[offer.stage] == "running":
        assert not going[offer.button].visible
        assert GETTING in going[offer.status]
    ended(offer)
    done = offer.watch_download("running", True, "biomedical", "")
    assert not done[offer.button].visible
    assert SELECTED in done[offer.status]
    assert done[offer.model].value == PREFERRED.name
    assert ("General · DistilRoBERTa · 331 MB · Apache-2.0 · downloaded", PREFERRED.name) in constructed(
        done[offer.model]
    )["choices"]
    assert done[offer.ready] == PREFERRED.name
    assert not done[offer.timer].active
    assert tab.engine.count_in_memory() == 1, "it answers at once"
    answer = tab.engine.fill_mask("Paris is the <mask> of France.")
    assert answer["model"]["name"] == PREFERRED.name

    again = tab_with()
    assert again.first.model == PREFERRED.name
    assert again.model.value == PREFERRED.name
    assert again.offer.show_offer() == gr.skip()


def test_a_page_opened_after_the_download_asks_the_preferred_model(endpoint, tab_with):
    """Its server started before, so the page itself still comes with the built-in one."""
    tab = tab_with()
    tab.engine.load(PREFERRED.name)
    request = SimpleNamespace(query_params={})
    assert tab.open_form("", request)[tab.model].value == PREFERRED.name
    request = SimpleNamespace(query_params={"model": "general"})
    assert "value" not in constructed(tab.open_form("", request)[tab.model])


def test_the_progress_is_a_bar_with_megabytes(endpoint, tab_with):
    offer = tab_with().offer
    offer.preferred._progress = 0.4, "Downloading DistilRoBERTa: 132 of 331 MB"
    shown = offer.show_offer()
    assert "Downloading DistilRoBERTa: 132 of 331 MB (40%)" in shown[offer.progress]
    assert 'value="0.400" aria-label="Download of DistilRoBERTa"' in shown[offer.progress]
    assert GETTING in shown[offer.status]
    assert not shown[offer.button].visible
    assert (shown[offer.timer].value, shown[offer.timer].active) == (1, True)
    assert offer.watch_download("running", False, "general", "").keys() == {offer.progress}
    assert endpoint.requests == []


def test_another_visitor_joins_and_keeps_the_model_that_they_picked(endpoint, tab_with):
    offer = tab_with().offer
    opened(offer)
    endpoint.acts["distilbert"] = "held"
    endpoint.release.clear()
    offer.get_model("general", "", REQUEST)
    joined = offer.get_model("biomedical", "", SimpleNamespace(**{**vars(REQUEST), "session_hash": "other"}))
    assert (joined[offer.clicked], joined[offer.stage]) == (True, "running")
    endpoint.release.set()
    ended(offer)
    del endpoint.acts["distilbert"]
    weights = [request for request in endpoint.requests if request.endswith("model.safetensors")]
    assert sum(request.startswith("GET") for request in weights) == 1
    watching = offer.watch_download("running", False, "biomedical", "")
    assert ARRIVED in watching[offer.status]
    assert "value" not in constructed(watching[offer.model])
    assert offer.watch_download("running", False, "general", "")[offer.model].value == PREFERRED.name
    assert not offer.watch_download("offered", False, "general", "")[offer.button].visible


def test_nothing_is_offered_where_the_hub_cannot_be_reached(endpoint, tab_with, monkeypatch):
    monkeypatch.setattr(constants, "ENDPOINT", "http://127.0.0.1:9")
    assert opened(tab_with().offer) == gr.skip()


def test_nothing_is_offered_in_offline_mode(endpoint, tab_with, monkeypatch):
    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", True)
    assert opened(tab_with().offer) == gr.skip()


@pytest.mark.parametrize("settings", [{"hub_owners": "anna"}, {"max_model_megabytes": 0}])
def test_nothing_is_offered_that_the_settings_forbid(endpoint, tab_with, settings):
    tab = tab_with(**settings)
    assert opened(tab.offer) == gr.skip()
    refused = tab.offer.get_model("general", "", REQUEST)
    ended(tab.offer)
    said = (
        refused[tab.offer.status] + tab.offer.watch_download("running", True, "general", "")[tab.offer.status]
    )
    assert re.search("loads only models of anna|more than the 0 MB that may be", said)
    assert not any("safetensors" in request for request in endpoint.requests)


@pytest.mark.parametrize(
    ("owner", "message"),
    [
        ("dropping", "check the network, or pick a model|sent nothing|could not be downloaded"),
        ("broken", "arrived corrupt .* try again"),
        ("limited", "rate limit is exceeded .* wait a few minutes"),
    ],
)
def test_a_download_that_breaks_off_says_why_and_the_button_returns(endpoint, tab_with, owner, message):
    offer = tab_with().offer
    opened(offer)
    endpoint.acts["distilbert"] = owner
    offer.get_model("general", "", REQUEST)
    ended(offer)
    del endpoint.acts["distilbert"]
    for failed in (offer.watch_download("running", True, "general", ""), offer.show_offer()):
        assert re.search(message, failed[offer.status])
        assert "Traceback" not in failed[offer.status]
        assert failed[offer.button].visible
        assert failed[offer.progress] == ""
    offer.get_model("general", "", REQUEST)
    ended(offer)
    again = offer.watch_download("running", True, "general", "")
    assert again[offer.stage] == "here", again[offer.status]


def test_a_click_counts_against_the_limits(endpoint, tab_with):
    offer = tab_with(requests_a_minute=1).offer
    offer.preferred._load = lambda on_progress: None
    offer.get_model("general", "", REQUEST)
    ended(offer)
    refused = offer.get_model("general", "", REQUEST)
    assert refused.keys() == {offer.status}
    assert "You ask more often than this page answers" in refused[offer.status]


def test_a_page_that_shows_the_same_changes_nothing(endpoint, tab_with):
    offer = tab_with().offer
    opened(offer)
    assert offer.watch_download("offered", False, "general", "") == gr.skip()


@pytest.mark.parametrize(
    ("model", "other"),
    [
        ("general", "biomedical"),
        (PREFERRED.name, "biomedical"),
        ("biomedical", "general"),
        ("a/b", "general"),
    ],
)
def test_an_example_is_compared_with_the_other_domain(model, other):
    assert other_built_in(model) == other
