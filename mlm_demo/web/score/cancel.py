"""Work that its visitor can cancel."""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import gradio as gr

Report = Callable[[float, str], None]  # share done, stage


class Canceled(Exception):
    """The visitor has canceled the work; nobody waits for its result."""


class CancelableWork:
    """One piece of work per visitor, ended at its next report of progress. Safe to share between threads."""

    def __init__(self):
        self._at_work: dict[str, threading.Event] = {}  # by session; set to end the work

    @contextmanager
    def reporting(self, request: gr.Request | None, report: Report) -> Iterator[Report]:
        """Give a function that reports progress, and raises Canceled once the visitor has canceled."""
        session = _session(request)
        canceled = self._at_work[session] = threading.Event()

        def on_progress(share: float, stage: str) -> None:
            if canceled.is_set():
                raise Canceled
            report(share, stage)

        try:
            yield on_progress
        finally:
            if self._at_work.get(session) is canceled:
                del self._at_work[session]

    def cancel(self, request: gr.Request | None) -> None:
        """End the visitor's work, if there is any."""
        if event := self._at_work.get(_session(request)):
            event.set()

    def __len__(self) -> int:
        """Return how many visitors have work that goes on."""
        return len(self._at_work)


def _session(request: gr.Request | None) -> str:
    return (request.session_hash or "") if request else ""
