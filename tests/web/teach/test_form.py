from dataclasses import replace

import gradio as gr
import pytest

from mlm_demo.models.catalogue import Catalogue
from mlm_demo.models.tasks import ANSWERS
from mlm_demo.runs.tasks.finetune import FinetuneRequest
from mlm_demo.training.downstream.config import FinetuneConfig
from mlm_demo.training.downstream.prepare import FinetunePreparation
from mlm_demo.web.adapt.run_state import adapt_command, run_state
from mlm_demo.web.server.rate_limits import RateLimits
from mlm_demo.web.teach.form import TeachForm
from tests.support.events import call, request
from tests.support.runs import waiting_service
from tests.support.task_models import save_task

ROWS = [f"Who has number {n}?,The cat sat. Number {n} belongs to Paris.,Paris" for n in range(24)]
FIELDS = ("answers", "biomedical", 5)


@pytest.fixture
def service(tmp_path):
    return waiting_service(tmp_path / "data")


@pytest.fixture
def page(service):
    with gr.Blocks() as demo:
        demo.form = TeachForm(service, RateLimits(service.settings))
        demo.form.wire(gr.BrowserState(""))
    return demo


@pytest.fixture
def add(page, tmp_path):
    """A function that uploads a file of rows beside a draft and returns what changes."""

    def add(name, rows, draft="", fields=FIELDS):
        (tmp_path / name).write_text("\n".join(rows))
        return call(page, page.form.read_upload, request(), [str(tmp_path / name)], draft, "me", *fields)

    return add


def test_examples_are_described_and_a_run_starts_with_them(page, service, add):
    form = page.form
    shown = add("examples.csv", ["question,context,answer", *ROWS, "Who?,Nobody is here.,Paris"])
    assert "24 examples of 24 articles: 19 to train on, 5 held out" in shown[form.report]
    assert "row 26: its answer is not in its context" in shown[form.report]
    assert shown[form.start].interactive
    started = call(page, form.start_run, request(), shown[form.draft], *FIELDS, "me")
    (run,) = service.runs.all()
    assert started[form.started] == run.id
    asked = FinetuneRequest.from_json(run.request.request)
    assert (run.request.task, asked.task, asked.model, asked.config.minutes) == (
        "finetune",
        "answers",
        "biomedical",
        5.0,
    )
    assert not started[form.start].interactive


def test_a_task_that_was_chosen_while_the_examples_were_read_counts(page, add):
    form, draft = page.form, add("examples.csv", ["question,context,answer", *ROWS])[page.form.draft]
    asked = request(), draft, "answers", "me"
    assert call(page, form.read_as_chosen, *asked, *FIELDS) == {}
    again = call(page, form.read_as_chosen, *asked, "evidence", *FIELDS[1:])
    assert again[form.read_for] == "evidence"
    assert "24 examples" in again[form.report]


def test_the_page_of_a_run_tells_of_its_examples_but_quotes_none(page, service, add):
    draft = add("examples.csv", ["question,context,answer", *ROWS])[page.form.draft]
    started = call(page, page.form.start_run, request(), draft, *FIELDS, "me")
    run = service.runs.find(started[page.form.started])
    files = [run.input / name for name in run.request.files]
    config = FinetuneConfig(minutes=5)
    run.log({"report": FinetunePreparation(files, ANSWERS, config, service.settings, Catalogue()).report})
    corpus = run_state(service, run, "").corpus
    assert "24 examples of 24 articles" in corpus
    assert "Who has number" not in corpus


def test_a_run_starts_from_a_model_that_was_taught_before(page, service, add, tmp_path):
    folder = str(save_task(tmp_path / "taught", ANSWERS))
    draft = add("examples.csv", ["question,context,answer", *ROWS])[page.form.draft]
    started = call(page, page.form.start_run, request(), draft, "answers", folder, 5, "me")
    (run,) = service.runs.all()
    assert started[page.form.started] == run.id
    assert run.request.request["model"] == folder


def test_the_sample_is_that_of_the_task(page, service):
    form, fields = page.form, ("biomedical", 5)
    shown = call(page, form.read_sample, request(), "", "me", "answers", *fields)
    assert "135 examples of 60 articles" in shown[form.report]
    assert shown[form.start].interactive
    other = call(page, form.read_again, request(), shown[form.draft], "me", "evidence", *fields)
    assert "60 examples of 60 articles" in other[form.report]
    assert service.staging.names(other[form.draft]) == ["sample-evidence.csv"]
    assert "Left out" not in shown[form.report] + other[form.report]


def test_files_that_are_gone_are_asked_for_again(page):
    shown = call(page, page.form.read_again, request(), "0" * 32, "me", "evidence", "biomedical", 5)
    assert "The files are no longer here; add them again." in shown[page.form.report]
    assert not shown[page.form.start].interactive


def test_bad_examples_are_refused_and_the_earlier_ones_stay(page, service, add):
    form = page.form
    draft = add("examples.csv", ["question,context,answer", *ROWS])[form.draft]
    shown = add("few.csv", ["question,context,answer", *ROWS[:3]], draft)
    assert "The files hold 3 examples, which is too few" in shown[form.report]
    assert "Your earlier files are kept: examples.csv" in shown[form.report]
    assert form.draft not in shown
    assert shown[form.start].interactive
    assert service.staging.names(draft) == ["examples.csv"]


def test_removed_examples_are_gone_and_named(page, service, add):
    form = page.form
    shown = add("examples.csv", ["question,context,answer", *ROWS])
    assert shown[form.clear].visible
    draft = shown[form.draft]
    removed = call(page, form.remove_files, draft)
    assert "Deleted: examples.csv." in removed[form.report]
    assert (removed[form.draft], removed[form.clear].visible) == ("", False)
    assert not list(service.staging.folder.iterdir())
    assert "Deleted" not in call(page, form.remove_files, draft)[form.report], "nothing was left"


def test_another_task_reads_the_examples_again(page, add):
    form = page.form
    draft = add("examples.csv", ["question,context,answer", *ROWS])[form.draft]
    shown = call(page, form.read_again, request(), draft, "me", "evidence", "general", 5)
    assert "24 examples" in shown[form.report]


def test_without_examples_nothing_starts(page):
    form = page.form
    shown = call(page, form.start_run, request(), "", *FIELDS, "me")
    assert shown[form.started] == ""
    assert "refusal" in shown[form.refused]


def test_the_command_line_for_the_sample_names_its_file(page, service):
    shown = call(page, page.form.read_sample, request(), "", "me", *FIELDS)
    started = call(page, page.form.start_run, request(), shown[page.form.draft], *FIELDS, "me")
    run = service.runs.find(started[page.form.started])
    assert "finetune answers assets/examples/sample-answers.csv " in adapt_command(run)


@pytest.mark.parametrize(
    ("limit", "offered"), [(2, [("2 minutes", 2)]), (20, [("5 minutes", 5), ("15 minutes", 15)])]
)
def test_the_times_offered_are_those_allowed(service, limit, offered):
    service.settings = replace(service.settings, max_run_minutes=limit)
    with gr.Blocks():
        form = TeachForm(service, RateLimits(service.settings))
    assert (form.minutes.choices, form.minutes.value) == (offered, offered[0][1])
