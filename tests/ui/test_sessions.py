import asyncio
from datetime import datetime, timedelta
from types import SimpleNamespace

import gradio as gr
import pytest
from gradio.state_holder import StateHolder

from mlm_demo.ui import sessions
from mlm_demo.ui.sessions import SECONDS_AWAY, SECONDS_KEPT, forget, forgetting

CALL = "0123456789abcdef" * 2
NOW = datetime.now()


@pytest.fixture
def holder():
    """The sessions of a page with one value that is kept."""
    with gr.Blocks() as page:
        value = gr.State("nothing")
    holder = StateHolder()
    holder.set_blocks(page)
    holder.value = value._id
    return holder


def came(holder, id, seconds, closed=False):
    session = holder[id]
    session[holder.value] = "typed"
    session.is_closed = closed
    holder.time_last_used[id] = NOW - timedelta(seconds=seconds)


@pytest.mark.parametrize(
    ("id", "seconds", "closed", "stays", "copy_stays"),
    [
        ("here", SECONDS_AWAY - 1, False, True, True),
        ("away", SECONDS_KEPT + 1, False, True, False),
        ("closed", SECONDS_KEPT - 1, True, True, False),
        ("gone", SECONDS_KEPT + 1, True, False, False),
        (CALL, SECONDS_AWAY - 1, False, True, True),
        (CALL, SECONDS_AWAY + 1, False, False, False),
    ],
)
def test_a_session_is_let_go_of_in_time(holder, id, seconds, closed, stays, copy_stays):
    came(holder, id, seconds, closed)
    session = holder.session_data[id]
    assert session.config_values
    forget(holder, NOW)
    assert (id in holder, id in holder.time_last_used) == (stays, stays)
    assert bool(session.config_values) == copy_stays
    assert holder[id][holder.value] == ("typed" if stays else "nothing")


def test_the_server_looks_now_and_then(holder, monkeypatch):
    monkeypatch.setattr(sessions, "SECONDS_BETWEEN_LOOKS", 0.01)
    came(holder, CALL, SECONDS_AWAY + 1)

    async def serve():
        async with forgetting(SimpleNamespace(state_holder=holder)):
            for _ in range(100):
                await asyncio.sleep(0.01)
                if CALL not in holder:
                    return True
        return False

    assert asyncio.run(serve())
