"""A file in the background: the shell's answers, stopped, resumed, cut off, refused."""

import csv as csv_reader
import io
import json
from dataclasses import replace

import pytest

from mlm_demo.cli.main import main
from mlm_demo.errors import ModelError, ParameterError
from mlm_demo.inference.engine import Engine
from mlm_demo.runs.answered_file import FILL, PAIRS, SCORE, csv, json_lines
from mlm_demo.runs.run import Run
from mlm_demo.runs.tasks import batch
from mlm_demo.runs.tasks.batch import (
    ROWS,
    BatchRequest,
    count_rows,
    notes_of,
    request_of,
    result_of_batch,
    rows_of,
    summed_up,
)
from mlm_demo.runs.worker import work
from mlm_demo.settings import Settings
from tests.support.runs import waiting_service

SENTENCES = "".join(f"The heart pumps blood {word}.\n" for word in ("cat", "dog", "fox", "mat", "heart"))
BLANKS = "The <mask> sat.\nNo mask here.\nA <mask> and a <mask>.\n" + "The cat <mask>.\n" * 20
PAIR_FILE = (
    "phenomenon,good,bad\nagreement,The cat sat.,The cats sat.\norder,The fox jumps.,Fox the jumps.\n"
    "same,One.,One.\nmask,A <mask>.,A dog.\n"
)


@pytest.fixture
def service(tmp_path):
    return waiting_service(tmp_path / "data")


@pytest.fixture
def start(service, tmp_path, tiny):
    """A function that puts a run of a file into the queue."""

    def start(verb, name, text, **more):
        (tmp_path / name).write_text(text)
        draft = service.staging.add([tmp_path / name])
        rows = len(text.splitlines())
        return service.start(draft, BatchRequest(verb, tiny, rows=rows, **more), "me")

    return start


def lines_of_shell(capsys, *argv):
    capsys.readouterr()
    assert main([*argv, "--json"]) == 0
    return [json.loads(line) for line in capsys.readouterr().out.splitlines()]


def without_seconds(lines):
    return [{name: value for name, value in line.items() if name != "seconds"} for line in lines]


def lines_of(run):
    return without_seconds(line for row in rows_of(run) for line in json_lines(row))


@pytest.mark.parametrize(
    ("verb", "text", "options", "argv"),
    [
        (FILL, BLANKS, {"top_k": 2, "targets": "", "joint": True}, ["--top-k", "2", "--joint"]),
        (SCORE, SENTENCES + "A <mask>.\n", {"method": "original"}, ["--method", "original"]),
    ],
)
def test_the_answers_are_those_of_the_shell(
    service, start, tmp_path, tiny, capsys, verb, text, options, argv
):
    run = start(verb, "a.txt", text, options=options)
    assert (list(rows_of(run)), result_of_batch(run)) == ([], "")
    work(run, service.settings)
    assert run.state == "done"
    command = [verb, str(tmp_path / "a.txt"), "--model", tiny, *argv]
    assert lines_of(run) == without_seconds(lines_of_shell(capsys, *command))
    assert main(command) == 0
    assert csv(verb, rows_of(run)) == capsys.readouterr().out
    assert not run.input.exists()
    rows = len(text.splitlines())
    assert result_of_batch(run) == f"{rows} sentences answered, 1 of them not by every model"
    assert service.status(run)["figures"] == {"rows": rows, "failed": 1}
    assert BatchRequest.from_json(run.request.request).to_argv() == ["--model", tiny, *argv]


def test_pairs_are_judged_as_in_the_shell(service, start, tmp_path, tiny, capsys):
    run = start(PAIRS, "a.csv", PAIR_FILE, options={"method": "within_word"})
    work(run, service.settings)
    assert main(["pairs", str(tmp_path / "a.csv"), "--model", tiny, "--json"]) == 0
    (expected,), (found,) = (
        json.loads(capsys.readouterr().out)["models"],
        summed_up(rows_of(run), request_of(run)),
    )
    assert json.loads(json.dumps(found["together"])) == expected["together"]
    assert json.loads(json.dumps(found["left_out"])) == expected["left_out"]
    for one, other in zip(found["pairs"], expected["pairs"], strict=True):
        assert one == pytest.approx(other, abs=1e-4)
    assert found["model"] == expected["model"]
    assert any("its two sentences are the same" in note for note in notes_of(run))
    assert result_of_batch(run) == "3 pairs answered, 1 of them not by every model"


def test_several_models_answer_each_row(service, start, tiny):
    run = start(SCORE, "a.txt", SENTENCES, more_models=("general",), options={"method": "within_word"})
    work(run, service.settings)
    table = list(csv_reader.DictReader(io.StringIO(csv(SCORE, rows_of(run)))))
    assert [row["model"] for row in table] == [tiny, "general"] * 5
    alone = Engine(service.settings).score(table[1]["text"], ["general"])["scores"][0]
    assert float(table[1]["log_likelihood"]) == pytest.approx(alone["log_likelihood"], abs=1e-4)


def test_a_stopped_run_keeps_its_groups_and_goes_on(service, start, monkeypatch):
    logged, log = [], Run.log
    monkeypatch.setattr(Run, "log", lambda self, line: (log(self, line), logged.append(line)))
    monkeypatch.setattr(batch, "SECONDS_BETWEEN_LINES", 0)
    run = start(FILL, "a.txt", BLANKS, options={"top_k": 1})
    fill_mask = Engine.fill_mask

    def stop_at_the_twentieth(self, text, *given, **named):
        if count_rows(run) == 16:
            run.ask_to_stop()
        return fill_mask(self, text, *given, **named)

    monkeypatch.setattr(Engine, "fill_mask", stop_at_the_twentieth)
    work(run, service.settings)
    assert run.state == "stopped"
    assert run.message == "Stopped after 16 of 23 sentences. They are kept, and Resume continues."
    assert len(lines_of(run)) == 16
    shares = [line["done"] for line in logged if "done" in line]
    assert shares == sorted(shares)
    assert max(shares) < 1
    assert any(line["stage"].startswith("8 of 23 sentences") for line in logged if "done" in line)

    asked = []
    monkeypatch.setattr(
        Engine,
        "fill_mask",
        lambda self, text, *a, **k: (asked.append(text), fill_mask(self, text, *a, **k))[1],
    )
    service.queue.resume(run)
    work(run, service.settings)
    assert run.state == "done"
    assert len(asked) == 7, "what was known is not asked again"
    assert [row["where"] for row in rows_of(run)] == [f"a.txt, line {n}" for n in range(1, 24)]


def test_rows_that_a_crash_cut_off_are_asked_again(service, start):
    run = start(FILL, "a.txt", BLANKS, options={"top_k": 1})
    (run.folder / "stop").touch()
    run.output.mkdir()
    work(run, service.settings)
    assert run.message == "Stopped before the first of 23 sentences was answered. Resume begins again."
    service.queue.resume(run)
    work(run, service.settings)
    expected, path = lines_of(run), run.output / ROWS
    for cut in (1, 40, 4_000):
        again = start(FILL, "a.txt", BLANKS, options={"top_k": 1})
        again.output.mkdir()
        (again.output / ROWS).write_bytes(path.read_bytes()[:-cut])
        assert 0 < len(lines_of(again)) < 23
        work(again, service.settings)
        assert lines_of(again) == expected


def test_a_file_that_holds_nothing_to_score_fails_with_its_reason(service, start):
    run = start(PAIRS, "a.csv", "good,bad\nA <mask>.,A dog.\n", options={"method": "within_word"})
    with pytest.raises(ModelError, match="holds a mask"):
        work(run, service.settings)
    assert run.state == "failed"


def test_too_many_sentences_and_unknown_models_are_refused(service, start, tmp_path):
    service.settings = Settings(data=str(tmp_path / "data"), max_file_sentences=9)
    with pytest.raises(ParameterError, match="has 10 sentences; the limit is 9"):
        start(PAIRS, "a.csv", "good,bad\n" * 5)
    with pytest.raises(ModelError, match="no such"):
        start(SCORE, "a.txt", SENTENCES, more_models=("no such",))
    assert service.runs.all() == []


def test_the_request_of_a_run_is_read_again():
    request = BatchRequest(FILL, "general", ("biomedical",), {"top_k": 3, "targets": "a,b"}, 7)
    assert BatchRequest.from_json(json.loads(json.dumps(request.to_json()))) == request
    assert request.to_argv() == ["--model", "general", "--top-k", "3", "--targets", "a,b"]
    pairs = replace(request, verb=PAIRS, options={})
    assert pairs.to_argv() == ["--model", "general", "--model", "biomedical"]
    assert request.exact
    assert request.budget == "7 sentences"
    assert BatchRequest(PAIRS, rows=1).budget == "1 pair"
