"""A page's engine against models in another process: the same answers, and the same errors."""

import re
import threading
from dataclasses import replace

import pytest
import uvicorn

from mlm_demo.errors import MlmDemoError, ModelError, ParameterError, PromptError, SettingError
from mlm_demo.inference.engine import Engine
from mlm_demo.inference.served.questions import QUESTIONS
from mlm_demo.inference.served.remote_engine import RemoteEngine
from mlm_demo.inference.served.server import answering
from mlm_demo.settings import Settings
from tests.support.paths import free_port
from tests.support.runs import until


@pytest.fixture(scope="module")
def here():
    return Engine(Settings(device="cpu"))


@pytest.fixture(scope="module")
def there(here):
    """An engine that asks `here` over HTTP."""
    port = free_port()
    server = uvicorn.Server(uvicorn.Config(answering(here), port=port, log_level="warning"))
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    until(lambda: server.started, 30)
    yield RemoteEngine(replace(here.settings, engine=f"http://127.0.0.1:{port}"))
    server.should_exit = True
    thread.join(10)


def without_seconds(found):
    if isinstance(found, dict):
        return {key: without_seconds(value) for key, value in found.items() if key != "seconds"}
    return [without_seconds(value) for value in found] if isinstance(found, (list, tuple)) else found


SENTENCE = "Paris is the <mask> of France."
ASKED = {
    "compare": ((SENTENCE, ["general", "biomedical"]), {"targets": "capital, city", "precision": "exact"}),
    "contrast": ((("A nurse said <mask>.", "A surgeon said <mask>."), ("general", "general")), {}),
    "expected_words": (([("is", "Paris <mask> a city.", 0)],), {"precision": "exact"}),
    "why": ((SENTENCE,), {"precision": "exact"}),
    "score": (("The keys are old.", ["general"]), {}),
    "guess_word": (("The keys are old.", 4), {}),
    "ask_facts": (([("capital", "France", "[X] has the capital [Y].", "Paris")],), {"k": 5}),
}


@pytest.mark.parametrize("name", QUESTIONS)
def test_an_answer_is_that_of_the_engine_here(here, there, name):
    arguments, options = ASKED[name]
    expected = getattr(here, name)(*arguments, **options)
    assert without_seconds(getattr(there, name)(*arguments, **options)) == without_seconds(expected)
    assert there.count_in_memory() == 0, "the page holds no model"


def test_the_measure_of_why_travels(here, there):
    found = there.why(SENTENCE, measure="gradient")
    assert without_seconds(found) == without_seconds(here.why(SENTENCE, measure="gradient"))
    with pytest.raises(ParameterError, match="The measure is 'both'"):
        there.why(SENTENCE, measure="both")


def test_what_is_made_of_these_questions_comes_from_there_too(here, there):
    assert there.fill_mask(SENTENCE)["masks"][0][0]["word"] == "capital"
    texts = ["The dog sat.", "", "The cat sat."]
    one, bad, other = there.score_each(texts, "general")
    assert isinstance(bad, MlmDemoError)
    expected = here.score_each(texts, "general")
    assert [one["pseudo_perplexity"], other["pseudo_perplexity"]] == pytest.approx(
        [expected[0]["pseudo_perplexity"], expected[2]["pseudo_perplexity"]], rel=1e-5
    )
    with pytest.raises(PromptError, match="send fewer sentences"):
        there.score_each(texts, "general", max_seconds=-1)
    there.load("biomedical")
    assert there.compare(SENTENCE, ["biomedical"], load=False)["answers"]


def test_an_error_is_the_same_error(here, there):
    for text, kind in (("No blank.", PromptError), ("", PromptError)):
        with pytest.raises(kind) as remote:
            there.fill_mask(text)
        with pytest.raises(kind) as local:
            here.fill_mask(text)
        assert str(remote.value) == str(local.value)
    with pytest.raises(ModelError, match="'nothing/there'"):
        there.compare(SENTENCE, ["nothing/there"], load=True)


def test_models_that_are_not_there_are_said_in_a_sentence(here):
    gone = RemoteEngine(replace(here.settings, engine="http://127.0.0.1:9"))
    with pytest.raises(
        ModelError, match=r"at http://127.0.0.1:9 do not answer \(ConnectionRefusedError\); start"
    ):
        gone.fill_mask(SENTENCE)


@pytest.mark.parametrize(
    "address",
    [
        "models:8000",
        "http://[::1",
        "http://models:8OOO",
        "http://models:80000",
        "http://models:0",
        "ftp://models",
    ],
)
def test_what_is_no_address_is_refused_at_the_start(here, address):
    said = re.escape(f"MLM_DEMO_ENGINE is '{address}'; set it to an address such as")
    with pytest.raises(SettingError, match=said):
        RemoteEngine(replace(here.settings, engine=address))


def test_a_server_that_closed_the_connection_is_asked_again(there):
    there.fill_mask(SENTENCE)
    there._own.connection.sock.close()
    assert there.fill_mask(SENTENCE)["masks"]
