"""Event streams of pages that stay open for a moment after their last event.

Gradio 6.31 closes a page's stream of messages as soon as no queued event of the page is left. If the page joins the
queue with another event at that moment, it can read the answer to the join before the message that closes the stream:
it then believes that the stream is open and waits for that event forever. Here a stream closes only after its page has
had no event for SECONDS_HELD.
"""

import asyncio
import re
import time

from gradio.queueing import Queue
from gradio.server_messages import ProcessCompletedMessage

SECONDS_HELD = 2
SECONDS_READ = 30  # a stream that is still open so long after it was told to close has no reader
SECONDS_BETWEEN_LOOKS = 0.5
PAGE = re.compile("[0-9a-z]{1,13}")  # the session id of a page; those of other clients are longer
HELD = "held"  # stands among the ids of a page's events, so that Gradio finds that one is left


class EventIds(set):
    """The ids of a page's events, and HELD from the first one on."""

    def add(self, id: str) -> None:
        super().update((id, HELD))


class PendingEvents(dict):
    """The ids of pending events by session; those of a page are EventIds."""

    def __setitem__(self, session: str, ids: set) -> None:
        super().__setitem__(session, EventIds(ids) if PAGE.fullmatch(session) else ids)


def hold_streams(queue: Queue) -> None:
    """Make the streams of a queue's pages stay open until `close_idle` closes them."""
    queue.pending_event_ids_session = PendingEvents()


def close_idle(queue: Queue, idle: dict[str, float], now: float) -> None:
    """Close the streams of pages without an event for SECONDS_HELD.

    idle: since when each page has had none, in seconds, kept from call to call; negative: its stream was told to close.
    """
    for session, ids in list(queue.pending_event_ids_session.items()):
        if ids != {HELD}:
            idle.pop(session, None)
        elif session not in queue.pending_messages_per_session:  # the page was closed during an event
            del queue.pending_event_ids_session[session]
            idle.pop(session, None)
        elif (since := idle.setdefault(session, now)) < 0:
            if now + since > SECONDS_READ:  # the page was closed
                del queue.pending_event_ids_session[session], idle[session]
        elif now - since >= SECONDS_HELD:
            message = ProcessCompletedMessage(output={}, success=True, event_id=HELD)
            queue.pending_messages_per_session[session].put_nowait(message)
            idle[session] = -now


async def close_idle_streams(queue: Queue) -> None:
    """Close idle streams for as long as the server runs, on its own event loop."""
    idle: dict[str, float] = {}
    while True:
        await asyncio.sleep(SECONDS_BETWEEN_LOOKS)
        close_idle(queue, idle, time.monotonic())
