import io
import json
import logging

import gradio as gr
import pytest

from mlm_demo.errors import PromptError
from mlm_demo.web.arguments import with_error_messages
from mlm_demo.web.server.metrics import LOG, JsonLines, log_to_stderr, measure_events
from tests.support.metrics import value_of


@pytest.fixture
def log():
    """The log so far, one JSON object per line."""
    stream = io.StringIO()
    before = LOG.handlers, LOG.propagate, LOG.level
    log_to_stderr()
    LOG.handlers[0].setStream(stream)
    yield stream
    LOG.handlers, LOG.propagate = before[:2]
    LOG.setLevel(before[2])


def event_of(function):
    with gr.Blocks() as demo:
        box = gr.Textbox()
        box.submit(function, box, box)
    measure_events(demo)
    return next(iter(demo.fns.values())).fn


def counted(event, outcome):
    return value_of("mlm_demo_event_seconds_count", event=event, outcome=outcome)


def test_an_event_is_counted_and_logged_without_its_arguments(log):
    def shout(text):
        return text.upper()

    assert event_of(shout)("private words") == "PRIVATE WORDS"
    assert counted("shout", "ok") == 1
    line = json.loads(log.getvalue())
    assert (line["event"], line["outcome"], line["level"]) == ("shout", "ok", "info")
    assert set(line) == {"at", "level", "event", "outcome", "seconds"}


def test_an_error_is_counted_by_kind_and_its_text_is_not_logged(log):
    def stumble(text):
        raise KeyError(text)

    with pytest.raises(KeyError):
        event_of(stumble)("private words")
    assert counted("stumble", "KeyError") == 1
    assert "private" not in log.getvalue()


def test_an_error_message_for_a_program_is_a_refusal(log):
    def refuse(text: str):
        raise PromptError(f"{text} is no sentence")

    before = value_of("mlm_demo_refusals_total", error="PromptError")
    with pytest.raises(gr.Error):
        event_of(with_error_messages(refuse))("private words")
    assert counted("refuse", "refused") == 1
    assert value_of("mlm_demo_refusals_total", error="PromptError") == before + 1
    assert "private" not in log.getvalue()


def test_a_plain_log_message_is_a_line_of_json_too():
    record = logging.LogRecord("mlm_demo", logging.WARNING, "", 0, "the queue met %s", ("it",), None)
    assert json.loads(JsonLines().format(record))["message"] == "the queue met it"
