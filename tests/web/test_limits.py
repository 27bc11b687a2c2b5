"""Every page event and endpoint that computes enforces the rate limits, tried over HTTP."""

import httpx
import pytest

from mlm_demo.settings import Settings
from mlm_demo.web.app import create_app, launch
from tests.support.http_events import arguments, call, events_of
from tests.support.paths import free_port

LIMIT = "more often than this page answers"
# Handlers that only look something up, that compute nothing without a run or a draft, or that stay silent while
# somebody types. The middleware limits how many of these requests a page may send.
CHEAP = {
    "open_tab",  # the page
    "LearnTab.answer_cards",  # once for all visitors
    *("redraw", "keep_view", "take_error_off", "answer_typed", "lambda", "open_form"),  # Fill mask
    "ScoreTab.use_example",
    *("show_offer", "watch_download"),  # the offer of a model; the Hub is asked once in some minutes
    # the forms of the Adapt tab
    *(
        "find_draft",
        "read_again",
        "read_as_chosen",
        "remove_file",
        "remove_files",
        "show_report",
        "allow_start",
    ),
    *(
        "compare_sentence",
        "delete",
        "load_page",
        "refresh",
        "resume",
        "skip",
        "RunLink.show",
        "show_started",
        "start_another",
    ),
    *("stop", "rename", "Pickers.update", "use_model", "use_in_extract", "open_extract", "teach_model"),
    # Extract: what is asked again of stored scores, and the sample of twenty short texts; a paper opens for all, and
    # what its other sentences cost is limited (test_tab.py)
    *("answers_csv", "choose_example", "decide", "evidence_csv", "judge", "open_link", "open_paper"),
    *(
        "cancel_work",
        "cancel_file",
        "score_file",
        "fill_file",
        "open_runs.<locals>.open_run",
    ),  # without a file nothing is asked
    *("keep_row", "show_reach"),
    *("Background.look", "remove_papers", "table_csv", "table_lines", "ExtractTab.read_sample"),
}

# What the browser says of a press; without it a handler does nothing.
PRESSED = {
    "press_word": {"text": "Paris is the capital.", "start": 13, "end": 20},
    "put_word": {"sentence": "Paris is a <mask>."},
    "use_example": {"group": 0, "example": 0},
    "explain": {"mask": 1, "measure": "hiding"},
    "swap_word": {"sentence": "Paris is a <mask>."},
}


@pytest.fixture(scope="module")
def page(tmp_path_factory):
    """A page that answers one request per minute from everyone together."""
    data = tmp_path_factory.mktemp("data")
    settings = Settings(device="cpu", port=free_port(), data=str(data), requests_a_minute_total=1)
    demo = create_app(settings)
    address = launch(demo, settings)
    yield demo, address
    demo.close()


def names_of(demo):
    """Return the name of each event's handler by the event's number."""
    return {number: getattr(event.fn, "__name__", "").strip("<>") for number, event in demo.fns.items()}


def test_every_event_that_computes_is_limited(page):
    demo, address = page
    names, limited = names_of(demo), {}
    with httpx.Client(base_url=address, timeout=120) as client:
        events, components = events_of(client)
        for _ in range(2):
            call(
                client,
                next(e for e in events if names[e["id"]] == "answer_now"),
                first(events, components, names),
            )
        for event in events:
            name, handler = names[event["id"]], demo.fns[event["id"]].fn
            of_class = getattr(handler, "__qualname__", name)
            if not CHEAP & {name, of_class} and event["api_visibility"] == "private":
                limited[of_class] = LIMIT in call(
                    client, event, arguments(event, components, "Paris is the <mask>."), PRESSED.get(name)
                )
    assert {
        "fill",
        "get_model",
        "answer_now",
        "open_page",
        "score_sentence",
        "first_answer",
        "read_upload",
        "read_sample",
        "start_run",
        "push",
    } <= {name.rpartition(".")[2] for name in limited}
    assert {name for name, was in limited.items() if not was} == set()


def first(events, components, names):
    event = next(event for event in events if names[event["id"]] == "answer_now")
    return arguments(event, components, "Paris is the <mask> of France.")


@pytest.mark.parametrize("name", ["fill_mask", "compare", "why", "contrast", "score", "start_adaptation"])
def test_every_endpoint_that_computes_is_limited(page, name):
    _, address = page
    given = {"text": "Paris is the <mask>.", "models": ["general"], "files": []}
    with httpx.Client(base_url=address, timeout=120) as client:
        wanted = client.get("/gradio_api/info").json()["named_endpoints"][f"/{name}"]["parameters"]
        data = [given.get(p["parameter_name"], p.get("parameter_default")) for p in wanted]
        for _ in range(2):
            id = client.post(f"/gradio_api/call/{name}", json={"data": data}).json()["event_id"]
            answers = client.get(f"/gradio_api/call/{name}/{id}").text
    assert LIMIT in answers
