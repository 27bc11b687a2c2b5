"""A form whose files are being read: what it shows is not yet what it would use, so nobody can use it.

A file that was added then vanished with the one that was read before it, Start did not know of the file just added, and
what was removed came back.
"""

from collections.abc import Callable, Sequence

import gradio as gr
from gradio.components import Component
from gradio.events import Dependency

IN_BROWSER = {"fn": None, "inputs": None, "api_visibility": "private"}


def close_on(
    triggers: Sequence[Callable], report: gr.HTML, message: str, closed: Sequence[Component]
) -> None:
    """Show a message in place of the report, and close widgets, when a reading is triggered.

    Call it before the reading is wired: Gradio (6.31) handles the events of one trigger in the order of their wiring,
    and else may close the form after the reading has opened it.
    """
    close = f"() => ['<p class=\"empty\">{message}</p>', ...{_interactive('false', closed)}]"
    gr.on(triggers, outputs=[report, *closed], js=close, **IN_BROWSER)


def open_after(reading: Dependency, opened: Sequence[Component]) -> Dependency:
    """Let people use widgets again however a reading ends; return the event, for what follows it."""
    return reading.then(outputs=opened, js=f"() => {_interactive('true', opened)}", **IN_BROWSER)


def _interactive(value: str, widgets: Sequence[Component]) -> str:
    return f"Array({len(widgets)}).fill({{__type__: 'update', interactive: {value}}})"
