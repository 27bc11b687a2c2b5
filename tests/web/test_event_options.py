import gradio as gr
import pytest

from mlm_demo.settings import Settings
from mlm_demo.web.app import create_app


@pytest.fixture(scope="module")
def page(tmp_path_factory):
    return create_app(Settings(device="cpu", data=str(tmp_path_factory.mktemp("data"))))


def test_no_component_follows_the_status_of_an_event_that_shows_nothing(page):
    """Each that did would cost the browser a search of the whole page, at every change of every event's status."""
    events = [event for event in page.config["dependencies"] if event["api_visibility"] == "private"]
    hidden = [event for event in events if event["show_progress"] == "hidden"]
    assert len(hidden) > 50
    assert {event["api_name"] for event in hidden if event["show_progress_on"] != []} == set()


def test_an_idle_page_looks_for_events_less_often_than_gradio_would(page):
    with gr.Blocks() as plain:
        plain.queue()
    assert page._queue.sleep_when_free == 10 * plain._queue.sleep_when_free
