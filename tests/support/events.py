"""Page events without a server: a request, and calling a handler as its event would."""

from types import SimpleNamespace

import gradio as gr


def request(session="s1", host="192.0.2.1", query=None, **headers):
    """Return a stand-in for gr.Request."""
    client = SimpleNamespace(host=host)
    return SimpleNamespace(session_hash=session, client=client, headers=headers, query_params=query or {})


def call(demo, handler, *arguments):
    """Return what a handler changes, {} for nothing; every widget must be an output of each of its events."""
    changed = handler(*arguments)
    changed = {} if changed == gr.skip() else changed
    events = [event for event in demo.fns.values() if event.fn == handler]
    assert events, f"{handler.__name__} is wired to nothing"
    for event in events:
        assert set(changed) <= set(event.outputs), handler.__name__
    return changed
