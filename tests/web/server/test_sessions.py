import asyncio
from datetime import datetime, timedelta
from types import SimpleNamespace

import gradio as gr
import pytest
from gradio import state_holder
from gradio.state_holder import StateHolder

from mlm_demo.web.server import sessions
from mlm_demo.web.server.sessions import (
    SECONDS_KEPT,
    SECONDS_KEPT_OF_A_CALL,
    LeanSession,
    forget,
    forgetting,
    make_sessions_lean,
)

CALL = "0123456789abcdef" * 2
NOW = datetime.now()


@pytest.fixture
def holder(monkeypatch):
    """The sessions of a page with a text box and a value that is kept."""
    monkeypatch.setattr(state_holder, "SessionState", state_holder.SessionState)
    make_sessions_lean()
    with gr.Blocks() as page:
        value, text = gr.State("nothing"), gr.Textbox()
    holder = StateHolder()
    holder.set_blocks(page)
    holder.value, holder.text = value._id, text._id
    return holder


def came(holder, id, seconds, closed=False):
    session = holder[id]
    session[holder.value] = "typed"
    session.is_closed = closed
    holder.time_last_used[id] = NOW - timedelta(seconds=seconds)


@pytest.mark.parametrize(
    ("id", "seconds", "closed", "stays"),
    [
        ("away", SECONDS_KEPT + 1, False, True),
        ("closed", SECONDS_KEPT - 1, True, True),
        ("gone", SECONDS_KEPT + 1, True, False),
        (CALL, SECONDS_KEPT_OF_A_CALL - 1, False, True),
        (CALL, SECONDS_KEPT_OF_A_CALL + 1, False, False),
    ],
)
def test_a_session_is_let_go_of_in_time(holder, id, seconds, closed, stays):
    came(holder, id, seconds, closed)
    forget(holder, NOW)
    assert (id in holder, id in holder.time_last_used) == (stays, stays)
    assert holder[id][holder.value] == ("typed" if stays else "nothing")


def test_a_session_has_the_components_and_no_configuration_of_them(holder):
    session = holder["here"]
    assert isinstance(session, LeanSession)
    session[holder.value] = "typed"
    session[holder.text] = gr.Textbox("changed", render=False)
    session._update_value_in_config(holder.text, "changed again")
    assert session[holder.text].value == "changed"
    assert not any(session.config_values.values())


def test_a_session_does_not_grow_with_its_events(holder):
    """A text box that an event takes and shows otherwise each time, by Gradio's own way through an event."""
    with gr.Blocks() as page:
        text = gr.Textbox()
        text.change(lambda typed: gr.Textbox(f"{typed}.", visible=True), text, text)
    holder.set_blocks(page)
    session, sizes = holder["here"], set()
    for _ in range(3):
        answer = asyncio.run(page.process_api(0, ["a"], state=session))
        assert answer["data"][0]["value"] == "a."
        sizes.add((len(session.blocks_config.blocks), len(session.config_values)))
    assert len(sizes) == 1


def test_the_server_looks_now_and_then(holder, monkeypatch):
    monkeypatch.setattr(sessions, "SECONDS_BETWEEN_LOOKS", 0.01)
    came(holder, CALL, SECONDS_KEPT_OF_A_CALL + 1)

    async def serve():
        async with forgetting(SimpleNamespace(state_holder=holder)):
            for _ in range(100):
                await asyncio.sleep(0.01)
                if CALL not in holder:
                    return True
        return False

    assert asyncio.run(serve())
