import gradio as gr
import pytest

from mlm_demo.runs.tasks.pretrain import PretrainRequest
from mlm_demo.web.adapt.form import AdaptForm
from mlm_demo.web.scratch.form import SIZES, pretrain_config
from mlm_demo.web.server.rate_limits import RateLimits
from tests.support.events import call, request
from tests.support.runs import corpus_text, waiting_service


@pytest.fixture
def service(tmp_path):
    return waiting_service(tmp_path / "data")


@pytest.fixture
def page(service):
    with gr.Blocks() as demo:
        demo.form = AdaptForm(service, RateLimits(service.settings))
        demo.form.wire(demo, gr.BrowserState(""))
    return demo


@pytest.fixture
def draft(service, tmp_path):
    (tmp_path / "bees.txt").write_text(corpus_text())
    return service.staging.add([tmp_path / "bees.txt"])


def test_a_run_starts_with_the_files_of_the_tab_and_leaves_its_form_empty(page, service, draft):
    scratch = page.form.scratch
    shown = call(page, scratch.start_run, request(), draft, "me", "small", 5, " text ", True)
    (run,) = service.runs.all()
    assert shown[page.form.started] == run.id
    assert shown[page.form.draft] == ""
    asked = PretrainRequest.from_json(run.request.request)
    config = asked.config
    assert (run.request.task, asked.column) == ("pretrain", "text")
    assert (config.minutes, config.layers, config.hidden, config.keep_near_duplicates) == (5, 2, 128, True)
    assert run.request.about["budget"] == "WordPiece, 2 layers of 128, 5 minutes"


def test_it_can_start_once_the_files_have_been_read(page):
    scratch = page.form.scratch
    assert not scratch.start.interactive
    assert call(page, scratch.allow_start, {"tokens": 5})[scratch.start].interactive
    assert not call(page, scratch.allow_start, {})[scratch.start].interactive


@pytest.mark.parametrize(
    ("draft", "size", "message"),
    [("gone", "small", "The files are no longer here"), ("", "huge", "choose small or medium")],
)
def test_what_cannot_start_is_refused_beside_the_button(page, service, draft, size, message):
    scratch = page.form.scratch
    shown = call(page, scratch.start_run, request(), draft, "me", size, 5, "", False)
    assert message in shown[scratch.refused]
    assert shown[page.form.started] == ""
    assert not service.runs.all()


@pytest.mark.parametrize("size", list(SIZES))
def test_each_size_says_what_it_is(page, size):
    config = pretrain_config(size, 1, near=False)
    (label,) = (label for label, name in page.form.scratch.size.choices if name == size)
    assert f"{config.layers} layers of {config.hidden}, a vocabulary of {config.vocab_size:,}" in label
