"""What Gradio keeps of each session: nothing that this page has no use for, and nothing for ever.

Gradio 6.31 works out the configuration of all components anew for every session, 18 ms and 250 KB here, for links that
restore a page; ours has none of these. It does so for each HTTP call as well, which is a session of its own, and drops
none of the last 10,000. And a session grows by a component each time that an event takes one which another has changed.
"""

import asyncio
import re
from contextlib import asynccontextmanager, suppress
from datetime import datetime
from types import SimpleNamespace

from fastapi import FastAPI
from gradio import state_holder
from gradio.blocks import Block, Blocks
from gradio.state_holder import SessionState, StateHolder

MOST_SESSIONS = 4_000
SECONDS_BETWEEN_LOOKS = 10
SECONDS_KEPT_OF_A_CALL = 60
SECONDS_KEPT = 3_600  # after the last question of a page that is closed: as long as Gradio keeps its values
CALL = re.compile("[0-9a-f]{32}")  # the id of an event, which a call without a session goes by


class LeanSession(SessionState):
    """A session without the configurations."""

    def __init__(self, blocks: Blocks):
        super().__init__(SimpleNamespace(default_config=blocks.default_config, blocks=()))
        self.blocks_config.config_for_block = lambda *_: {}  # nor of what an event changes

    def __setitem__(self, key: int, value: object) -> None:
        """As Gradio's, but a component that an event has changed keeps its number.

        It is another object, with another number, and an event that takes it as an input would file it under that one
        too: one more for each pause in typing, as long as the page is open. No State here holds a component.
        """
        if isinstance(value, Block):
            value._id = key
        super().__setitem__(key, value)


def make_sessions_lean() -> None:
    """Have Gradio make sessions of ours from now on."""
    state_holder.SessionState = LeanSession


def forget(sessions: StateHolder, now: datetime) -> None:
    """Remove sessions that nobody comes back to."""
    for id, session in list(sessions.session_data.items()):
        away = (now - sessions.time_last_used.get(id, now)).total_seconds()
        call = CALL.fullmatch(id) and away > SECONDS_KEPT_OF_A_CALL
        if call or (session.is_closed and away > SECONDS_KEPT):
            sessions.delete_state(id)
            del sessions.session_data[id]
            sessions.time_last_used.pop(id, None)


@asynccontextmanager
async def forgetting(app: FastAPI):
    """The server's lifespan, with a look at its sessions now and then; on its own loop, as they are not locked."""

    async def look_now_and_then() -> None:
        while True:
            await asyncio.sleep(SECONDS_BETWEEN_LOOKS)
            forget(app.state_holder, datetime.now())

    looks = asyncio.create_task(look_now_and_then())
    try:
        yield
    finally:
        looks.cancel()
        with suppress(asyncio.CancelledError):
            await looks
