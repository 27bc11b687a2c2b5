"""Extraction in the background: the same table as at once, stopped, resumed, cut off, deleted."""

import json

import pytest

from mlm_demo.corpus.papers import paper_of
from mlm_demo.errors import ModelError, RunError
from mlm_demo.inference.engine import Engine
from mlm_demo.runs.run import Run
from mlm_demo.runs.tasks.extract import (
    FINDINGS,
    ExtractRequest,
    answered_of,
    extraction_of,
    read_rows,
    write_rows,
)
from mlm_demo.runs.worker import work
from tests.support.runs import waiting_service

PAPERS = [
    paper_of(f"Paper {name}\n\nThe heart pumps blood. Paris is a city of {name}.", f"{name}.txt")
    for name in ("France", "Lyon", "Rome", "France")
] + [paper_of("", "empty.txt")]
QUESTIONS = ("What pumps?", "What is a city?")


@pytest.fixture
def service(tmp_path):
    return waiting_service(tmp_path / "data")


@pytest.fixture
def run(service, taught_folder, tmp_path):
    write_rows(tmp_path / "5 papers.json", PAPERS)
    draft = service.staging.add([tmp_path / "5 papers.json"])
    return service.start(draft, ExtractRequest(QUESTIONS, taught_folder), "me")


def at_once(service, taught_folder):
    return Engine(service.settings).extract(PAPERS, QUESTIONS, taught_folder)


def test_the_table_is_that_of_an_extraction_at_once(service, run, taught_folder):
    assert extraction_of(run) is None
    assert answered_of(run) == ""
    work(run, service.settings)
    assert run.state == "done"
    found, expected = extraction_of(run), at_once(service, taught_folder)
    assert found.rows == expected.rows
    assert found.notes == expected.notes
    assert found.threshold == expected.threshold
    answers = sum(row["answer"] is not None for row in expected.rows)
    assert answered_of(run) == f"{answers} of 10 answered"
    assert service.status(run)["figures"]["papers"] == 5
    assert not run.input.exists()


def test_a_stopped_run_keeps_what_is_known_and_goes_on(service, run, taught_folder, monkeypatch):
    append, asked = Run.log, []

    def log(self, line):
        append(self, line)
        asked.append(line)

    monkeypatch.setattr(Run, "log", log)
    monkeypatch.setattr("mlm_demo.runs.tasks.extract.SECONDS_BETWEEN_LINES", 0)
    extract = Engine.extract

    def stop_at_the_third(self, papers, *given, **named):
        if papers[0][0] == "Rome.txt":
            run.ask_to_stop()
        return extract(self, papers, *given, **named)

    monkeypatch.setattr(Engine, "extract", stop_at_the_third)
    work(run, service.settings)
    assert run.state == "stopped"
    assert run.message == "Stopped after 2 of 5 papers. They are kept, and Resume continues."
    assert len(extraction_of(run).findings) == 4
    assert [line["done"] for line in asked if "done" in line] == [0.0, 0.2, 0.4]
    monkeypatch.setattr(Engine, "extract", extract)
    service.queue.resume(run)
    work(run, service.settings)
    assert run.state == "done"
    assert extraction_of(run).rows == at_once(service, taught_folder).rows


def test_a_line_that_was_cut_off_is_asked_again(service, run, taught_folder):
    work(run, service.settings)
    expected, path = extraction_of(run).rows, run.output / FINDINGS
    path.write_bytes(path.read_bytes()[:-40])
    assert len(extraction_of(run).findings) == 8
    (run.folder / "ended.json").write_text(json.dumps({"state": "interrupted"}))
    service.queue.resume(run)
    work(run, service.settings)
    assert extraction_of(run).rows == expected


def test_a_model_that_fills_masks_is_refused_before_the_run(service, tmp_path):
    write_rows(tmp_path / "p.json", PAPERS)
    draft = service.staging.add([tmp_path / "p.json"])
    with pytest.raises(ModelError, match="'general' was taught no task"):
        service.start(draft, ExtractRequest(QUESTIONS, "general"), "me")
    assert service.runs.all() == []


@pytest.mark.parametrize("text", ["no JSON", "[1]", '[["a"]]', "{}x"])
def test_papers_that_the_page_did_not_write_are_refused(tmp_path, text):
    (tmp_path / "p.json").write_text(text)
    with pytest.raises(RunError, match="cannot be read"):
        read_rows(tmp_path / "p.json")


def test_the_command_line_asks_the_same():
    request = ExtractRequest(QUESTIONS, "taught")
    assert ExtractRequest.from_json(json.loads(json.dumps(request.to_json()))) == request
    assert request.to_argv() == [
        "--question", "What pumps?", "--question", "What is a city?", "--model", "taught",
    ]  # fmt: skip
    assert request.budget == "2 questions"
    decided = ExtractRequest(QUESTIONS, threshold=-1.5)
    assert ExtractRequest.from_json(json.loads(json.dumps(decided.to_json()))) == decided
    assert decided.to_argv()[-1] == "--threshold=-1.5"
    assert ExtractRequest.from_json({"questions": [], "model": ""}).threshold is None, "as 0.1.0 wrote it"
