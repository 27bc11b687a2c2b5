import asyncio
from datetime import datetime, timedelta
from types import SimpleNamespace

import gradio as gr
import pytest
from gradio import state_holder
from gradio.state_holder import StateHolder

from mlm_demo.web.server import sessions
from mlm_demo.web.server.sessions import (
    SECONDS_A_CALL_IS_KEPT,
    SECONDS_KEPT,
    SECONDS_SILENT,
    LeanSession,
    forget_sessions,
    make_sessions_lean,
    remove_expired,
)

CALL = "0123456789abcdef" * 2
NOW = datetime.now()


@pytest.fixture
def holder(monkeypatch):
    """The sessions of a page with a text box and a State."""
    monkeypatch.setattr(state_holder, "SessionState", state_holder.SessionState)
    make_sessions_lean()
    with gr.Blocks() as page:
        value, text = gr.State("nothing"), gr.Textbox()
    holder = StateHolder()
    holder.set_blocks(page)
    holder.value, holder.text = value._id, text._id
    return holder


def use_session(holder, id, seconds, closed=False):
    session = holder[id]
    session[holder.value] = "typed"
    session.is_closed = closed
    holder.time_last_used[id] = NOW - timedelta(seconds=seconds)


@pytest.mark.parametrize(
    ("id", "seconds", "closed", "stays"),
    [
        ("away", SECONDS_SILENT - 1, False, True),
        ("silent", SECONDS_SILENT + 1, False, False),
        ("closed", SECONDS_KEPT - 1, True, True),
        ("gone", SECONDS_KEPT + 1, True, False),
        (CALL, SECONDS_A_CALL_IS_KEPT - 1, False, True),
        (CALL, SECONDS_A_CALL_IS_KEPT + 1, False, False),
    ],
)
def test_a_session_is_removed_in_time(holder, id, seconds, closed, stays):
    use_session(holder, id, seconds, closed)
    remove_expired(holder, NOW)
    assert (id in holder, id in holder.time_last_used) == (stays, stays)
    assert holder[id][holder.value] == ("typed" if stays else "nothing")


def test_a_session_has_components_without_their_configurations(holder):
    session = holder["here"]
    assert isinstance(session, LeanSession)
    session[holder.value] = "typed"
    session[holder.text] = gr.Textbox("changed", render=False)
    session._update_value_in_config(holder.text, "changed again")
    assert session[holder.text].value == "changed"
    assert not any(session.config_values.values())


def test_a_session_does_not_grow_with_its_events(holder):
    """An event takes a text box and changes it each time, all through Gradio's own code."""
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


def test_the_server_removes_expired_sessions(holder, monkeypatch):
    monkeypatch.setattr(sessions, "SECONDS_BETWEEN_SWEEPS", 0.01)
    use_session(holder, CALL, SECONDS_A_CALL_IS_KEPT + 1)

    with gr.Blocks() as page:
        page.queue()

    async def serve():
        async with forget_sessions(SimpleNamespace(state_holder=holder, get_blocks=lambda: page)):
            for _ in range(100):
                await asyncio.sleep(0.01)
                if CALL not in holder:
                    return True
        return False

    assert asyncio.run(serve())
