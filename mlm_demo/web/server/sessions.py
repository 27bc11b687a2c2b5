"""Smaller Gradio sessions that expire.

Gradio 6.31 computes the configuration of all components for every session (18 ms and 250 KB here), for links that
restore a page, which this page does not have. It does so for each HTTP call too, which is a session of its own, and
keeps the last 10,000. A session also grows by one component whenever an event's input was changed by another event.
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

from mlm_demo.web.server.streams import close_idle_streams

MAX_SESSIONS = 4_000
SECONDS_BETWEEN_SWEEPS = 10
SECONDS_A_CALL_IS_KEPT = 60
SECONDS_KEPT = 3_600  # after the last event of a closed page, as Gradio does with its values
SECONDS_SILENT = 3 * 86_400  # after the last event of a page that may be open: a weekend
CALL = re.compile("[0-9a-f]{32}")  # the session id of an HTTP call: its event id


class LeanSession(SessionState):
    """A session without component configurations."""

    def __init__(self, blocks: Blocks):
        super().__init__(SimpleNamespace(default_config=blocks.default_config, blocks=()))
        self.blocks_config.config_for_block = lambda *_: {}  # nor for components that an event changes

    def __setitem__(self, key: int, value: object) -> None:
        """Store a value; a component that an event has changed keeps its id.

        The changed component is a new object with a new id, and an event that takes it as an input would store it under
        that id too: one more per pause in typing, for as long as the page is open. No State here holds a component.
        """
        if isinstance(value, Block):
            value._id = key
        super().__setitem__(key, value)


def make_sessions_lean() -> None:
    """Make Gradio use LeanSession for every session from now on."""
    state_holder.SessionState = LeanSession


def remove_expired(sessions: StateHolder, now: datetime) -> None:
    """Remove the sessions that nobody will come back to."""
    for id, session in list(sessions.session_data.items()):
        idle = (now - sessions.time_last_used.get(id, now)).total_seconds()
        call = CALL.fullmatch(id) and idle > SECONDS_A_CALL_IS_KEPT
        if call or idle > (SECONDS_KEPT if session.is_closed else SECONDS_SILENT):
            sessions.delete_state(id)
            del sessions.session_data[id]
            sessions.time_last_used.pop(id, None)


@asynccontextmanager
async def forget_sessions(app: FastAPI):
    """Remove expired sessions and close idle streams while the server runs.

    On the server's own event loop, because neither has a lock.
    """

    async def sweep() -> None:
        while True:
            await asyncio.sleep(SECONDS_BETWEEN_SWEEPS)
            remove_expired(app.state_holder, datetime.now())

    tasks = [asyncio.create_task(sweep()), asyncio.create_task(close_idle_streams(app.get_blocks()._queue))]
    try:
        yield
    finally:
        for task in tasks:
            task.cancel()
            with suppress(asyncio.CancelledError):
                await task
