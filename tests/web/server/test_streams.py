import time
from types import SimpleNamespace

import gradio as gr
import httpx
import pytest
from gradio.queueing import Queue

from mlm_demo.web.server import streams
from mlm_demo.web.server.sessions import forget_sessions
from mlm_demo.web.server.streams import HELD, SECONDS_HELD, SECONDS_READ, close_idle, hold_streams

PAGE, CALL = "k3j9x0a1b2", "0123456789abcdef" * 2


@pytest.fixture
def served():
    """A function that serves a page with a queued event, with streams that are held or as Gradio makes them."""
    started = []

    def served(held):
        with gr.Blocks(analytics_enabled=False) as page:
            text = gr.Textbox()
            text.submit(lambda typed: f"{typed}!", text, text)
        page.queue()
        if held:
            hold_streams(page._queue)
        _, address, _ = page.launch(
            prevent_thread_lock=True, quiet=True, ssr_mode=False, app_kwargs={"lifespan": forget_sessions}
        )
        started.append(page)
        return httpx.Client(base_url=address, timeout=20)

    yield served
    for page in started:
        page.close()


def join(client, session, text):
    body = {"data": [text], "fn_index": 0, "session_hash": session}
    return client.post("/gradio_api/queue/join", json=body).raise_for_status().json()["event_id"]


def test_an_event_that_joins_after_the_last_one_is_answered_on_the_same_stream(served):
    client = served(held=True)
    first, second, seen = join(client, PAGE, "one"), "", []
    with client.stream("GET", f"/gradio_api/queue/data?session_hash={PAGE}") as stream:
        for line in stream.iter_lines():
            seen.append(line)
            if "process_completed" in line and first in line:
                second = join(client, PAGE, "two")
            if "process_completed" in line and second and second in line:
                ended = time.monotonic()
    assert any("two!" in line and second in line for line in seen)
    assert "close_stream" in "".join(seen[-3:])
    assert time.monotonic() - ended > SECONDS_HELD / 2, "a third event would have been answered too"


def test_gradio_closes_a_stream_with_its_last_event(served):
    """Once its page no longer loses an event that joins then, this module can go."""
    client = served(held=False)
    join(client, PAGE, "one")
    with client.stream("GET", f"/gradio_api/queue/data?session_hash={PAGE}") as stream:
        lines = [line for line in stream.iter_lines() if line]
    assert "process_completed" in lines[-2]
    assert "close_stream" in lines[-1]


@pytest.fixture
def queue():
    queue = SimpleNamespace(pending_messages_per_session={})
    hold_streams(queue)
    return queue


def pending(queue, session, *ids):
    """Let events join as `Queue.push` does."""
    if session not in queue.pending_event_ids_session:
        queue.pending_event_ids_session[session] = set()
    for id in ids:
        queue.pending_event_ids_session[session].add(id)
    queue.pending_messages_per_session[session] = SimpleNamespace(put_nowait=told.append)


told: list = []


@pytest.fixture(autouse=True)
def nobody_told():
    told.clear()


def test_a_stream_is_told_once_and_only_if_no_event_is_left(queue):
    pending(queue, PAGE, "a")
    idle = {}
    close_idle(queue, idle, 100.0)
    assert idle == {}, "an event is left"
    queue.pending_event_ids_session[PAGE].remove("a")
    for now in (101.0, 102.0):
        close_idle(queue, idle, now)
    pending(queue, PAGE, "b")
    close_idle(queue, idle, 101.0 + SECONDS_HELD)
    assert told == []
    queue.pending_event_ids_session[PAGE].remove("b")
    for now in (110.0, 110.0 + SECONDS_HELD, 111.0 + SECONDS_HELD):
        close_idle(queue, idle, now)
    (message,) = told
    assert (message.event_id, message.msg.value) == (HELD, "process_completed")


def test_a_page_that_was_closed_is_forgotten(queue):
    pending(queue, PAGE, "a")
    queue.pending_event_ids_session[PAGE].remove("a")
    idle = {}
    for now in (1.0, 1.0 + SECONDS_HELD, 2.0 + SECONDS_HELD + SECONDS_READ):
        close_idle(queue, idle, now)
    assert (len(told), idle, queue.pending_event_ids_session) == (1, {}, {})


def test_a_page_that_was_closed_during_an_event_is_forgotten(queue):
    """Gradio forgets its messages then, and would forget its ids if HELD were not among them."""
    pending(queue, PAGE, "a")
    queue.pending_event_ids_session[PAGE].remove("a")
    del queue.pending_messages_per_session[PAGE]
    idle = {}
    close_idle(queue, idle, 1.0)
    assert (told, idle, queue.pending_event_ids_session) == ([], {}, {})


def test_other_clients_are_not_held(queue):
    pending(queue, CALL, "a")
    assert queue.pending_event_ids_session[CALL] == {"a"}


def test_gradio_has_what_is_replaced():
    assert isinstance(vars(Queue(False, 1, 1.0, None, gr.Blocks()))["pending_event_ids_session"], dict)
    assert streams.SECONDS_BETWEEN_LOOKS < SECONDS_HELD
