"""Calls of the endpoints over plain HTTP: as curl sends them, and as @gradio/client does with an array of values."""

import json
import secrets

import httpx
import pytest

from mlm_demo.settings import Settings
from mlm_demo.web.app import create_app, launch
from mlm_demo.web.arguments import with_error_messages
from tests.support.paths import free_port

PARIS = "Paris is the <mask> of France."
VISIT = {"path": "/etc/passwd", "meta": {"_type": "gradio.FileData"}}


@pytest.fixture(scope="module")
def page(tmp_path_factory):
    settings = Settings(device="cpu", port=free_port(), data=str(tmp_path_factory.mktemp("data")))
    demo = create_app(settings)
    launch(demo, settings)
    with httpx.Client(base_url=f"http://127.0.0.1:{settings.port}/gradio_api", timeout=60) as client:
        yield client
    demo.close()


def classic(page, endpoint, values):
    """POST the values, then GET the event; returns whether it worked, and its data."""
    event = page.post(f"/call/{endpoint}", json={"data": values}).raise_for_status().json()["event_id"]
    text = page.get(f"/call/{endpoint}/{event}").text
    return text.startswith("event: complete"), json.loads(text.split("data: ")[-1])


def queued(page, endpoint, values):
    """Join the queue and read the session's stream, as @gradio/client does."""
    session = secrets.token_hex(8)
    config = page.get("/../config").json()
    number = next(d["id"] for d in config["dependencies"] if d["api_name"] == endpoint)
    body = {"data": values, "fn_index": number, "session_hash": session}
    page.post("/queue/join", json=body).raise_for_status()
    with page.stream("GET", f"/queue/data?session_hash={session}") as stream:
        for line in stream.iter_lines():
            if "process_completed" in line:
                message = json.loads(line.removeprefix("data: "))
                return message["success"], message["output"].get("data", message["output"])
    raise AssertionError("no answer")


@pytest.mark.parametrize("call", [classic, queued])
@pytest.mark.parametrize(
    ("values", "words"),
    [
        ([PARIS], 5),
        ([PARIS, None], 5),
        ([PARIS, None, None, None, None, None], 5),
        ([PARIS, "general", 2], 2),
        ([PARIS, "", 2.0, ""], 2),
        ([PARIS, None, None, ["city", "capital"]], 2),
        ([PARIS, None, None, "city; capital\nheart"], 3),
        ([PARIS, None, None, []], 5),
        ([PARIS, "general", 3, None, True, "exact"], 3),
        ([PARIS, *[None] * 9], 5),
    ],
)
def test_null_and_absent_mean_the_default(page, call, values, words):
    works, data = call(page, "fill_mask", values)
    assert works, data
    assert len(data[0]["masks"][0]) == words
    assert data[0]["masks"][0][0]["word"] == "capital"


@pytest.mark.parametrize(
    ("endpoint", "values"), [("score", ["The dog sat."]), ("compare", [PARIS, ["general"]])]
)
def test_the_other_endpoints_take_fewer_values_too(page, endpoint, values):
    works, data = classic(page, endpoint, values)
    assert works, data


MISTAKES = [
    ("fill_mask", [], "text is missing; it must be a string or a list of strings."),
    ("fill_mask", [None], "text is missing; it must be a string or a list of strings."),
    ("fill_mask", [1], "text is '1'; it must be a string or a list of strings."),
    (
        "fill_mask",
        [[PARIS, 1]],
        "text is '['Paris is the <mask> of France.', 1]'; it must be a string or a list of strings.",
    ),
    (
        "fill_mask",
        [{"text": PARIS}],
        "text is '{'text': 'Paris is the <mask> of France.'}'; it must be a string or a list of strings.",
    ),
    ("fill_mask", [PARIS, 1], "model is '1'; it must be a string."),
    ("fill_mask", [PARIS, "", "5"], "top_k is '5'; it must be a number."),
    ("fill_mask", [PARIS, "", True], "top_k is 'True'; it must be a number."),
    ("fill_mask", [PARIS, "", 5, [1]], "targets is '[1]'; it must be a string or a list of strings."),
    (
        "fill_mask",
        [PARIS, "", 5, {"a": "b"}],
        "targets is '{'a': 'b'}'; it must be a string or a list of strings.",
    ),
    ("fill_mask", [PARIS, "", 5, "", "yes"], "joint is 'yes'; it must be true or false."),
    ("compare", [PARIS], "models is missing; it must be a list of strings."),
    ("compare", [PARIS, "general"], "models is 'general'; it must be a list of strings."),
    ("compare", [PARIS, [["general"]]], "models is '[['general']]'; it must be a list of strings."),
    ("compare", [PARIS, [None]], "models is '[None]'; it must be a list of strings."),
    ("score", [False], "text is 'False'; it must be a string or a list of strings."),
    ("extract", [["Who?"], None, None, None, "low"], "threshold is 'low'; it must be a number."),
    ("start_adaptation", [], "files is missing; it must be a list of files."),
    ("start_adaptation", [[], None, None, None, 1], "There are no files; add one, or use the sample."),
    ("start_adaptation", ["bees.txt"], "files is 'bees.txt'; it must be a list of files."),
    ("start_adaptation", [[], "", 0, 0, 2.5], "max_steps is '2.5'; it must be a whole number."),
    ("start_adaptation", [[7], None, None, None, 1], "'7' is not an uploaded file; upload it first"),
    ("start_adaptation", [[VISIT]], "The call holds a file that was not uploaded to this page; upload it"),
    ("run_status", [], "run is missing; it must be a string."),
    ("run_status", [7], "run is '7'; it must be a string."),
    ("stop_run", ["x"], "owner is missing; it must be a string."),
]


@pytest.mark.parametrize("call", [classic, queued])
@pytest.mark.parametrize(("endpoint", "values", "sentence"), MISTAKES)
def test_a_mistake_gets_a_sentence_and_never_a_null(page, call, endpoint, values, sentence):
    works, data = call(page, endpoint, values)
    assert not works
    assert data["error"].startswith(sentence)


def test_an_error_of_ours_gets_a_sentence():
    def endpoint(text: str) -> dict:
        raise KeyError("a fault of ours")

    with pytest.raises(Exception, match=r"The page failed to answer \(KeyError\)\. The reason is in its log"):
        with_error_messages(endpoint)("private words")
