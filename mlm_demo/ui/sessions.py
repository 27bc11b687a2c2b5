"""What Gradio keeps of each session, let go of in time.

Gradio 6.31 gives every session a copy of the page's configuration, 250 KB here, for links that restore a page; ours has
none of these. It does so for each HTTP call as well, which is a session of its own, and drops none of the last 10,000.
"""

import asyncio
import re
from contextlib import asynccontextmanager, suppress
from datetime import datetime

from fastapi import FastAPI
from gradio.state_holder import StateHolder

MOST_SESSIONS = 4_000
SECONDS_BETWEEN_LOOKS = 10
SECONDS_AWAY = 60  # without a question; the next one makes what it needs of the copy anew
SECONDS_KEPT = 3_600  # after the last question of a page that is closed: as long as Gradio keeps its values
CALL = re.compile("[0-9a-f]{32}")  # the id of an event, which a call without a session goes by


def forget(sessions: StateHolder, now: datetime) -> None:
    """Empty the copies of those who are away; remove sessions that nobody comes back to."""
    for id, session in list(sessions.session_data.items()):
        away = (now - sessions.time_last_used.get(id, now)).total_seconds()
        if away > SECONDS_AWAY:
            session.config_values.clear()
            if CALL.fullmatch(id) or (session.is_closed and away > SECONDS_KEPT):
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
