import json
import os
import signal

import pytest

from mlm_demo.cli.main import main

QUICK = ("--max-steps", "2", "--batch-size", "4", "--seeds", "2")
ROWS = [f"Who has number {n}?,The cat sat. Number {n} belongs to Paris.,Paris" for n in range(24)]


@pytest.fixture(autouse=True)
def _on_the_processor(monkeypatch):
    monkeypatch.setenv("MLM_DEMO_DEVICE", "cpu")


@pytest.fixture
def answers(tmp_path):
    (tmp_path / "answers.csv").write_text(
        "\n".join(["question,context,answer", *ROWS, "Who?,Nobody is here.,Paris"])
    )
    return str(tmp_path / "answers.csv")


@pytest.fixture
def evidence(tmp_path):
    rows = [f"Who has {n}?,Paris has number {n}.,1\nWho has {n}?,The cat sat.,0" for n in range(24)]
    (tmp_path / "evidence.csv").write_text("\n".join(["question,sentence,label", *rows]))
    return str(tmp_path / "evidence.csv")


def finetune(task, files, model, output, *more):
    return ["finetune", task, files, "--model", model, "--output", str(output), *QUICK, *more]


def test_finetune_evaluate_and_extract_go_together(answers, tiny, tmp_path, capsys):
    out = tmp_path / "out"
    assert main(finetune("answers", answers, tiny, out)) == 0
    printed = capsys.readouterr().out
    for expected in (
        "24 examples of",
        "note: answers.csv, row 26: its answer is not in its context",
        "| F1 |",
        "| exact match |",
        "seed 1: 2 steps in",
        f"--model {out}",
    ):
        assert expected in printed
    assert main(["evaluate", answers, "--task", "answers", "--model", str(out), "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert [row["metric"] for row in found["rows"]] == ["f1", "em"]
    assert (
        main(["evaluate", answers, "--task", "answers", "--model", str(out), "--threshold", "99", "--json"])
        == 0
    )
    silent = json.loads(capsys.readouterr().out)
    assert (silent["threshold"], silent["rows"][0]["model"]["value"]) == (99, 0)
    (tmp_path / "paper.txt").write_text("A paper\n\nNumber 3 belongs to Paris.")
    ask = [
        "extract",
        str(tmp_path / "paper.txt"),
        "--question",
        "Who has number 3?",
        "--model",
        str(out),
        "--json",
    ]
    assert main(ask) == 0
    assert len(json.loads(capsys.readouterr().out)["rows"]) == 1


def test_finetune_prints_json(evidence, tiny, tmp_path, capsys):
    assert main(finetune("evidence", evidence, tiny, tmp_path / "out", "--json")) == 0
    printed = json.loads(capsys.readouterr().out)
    assert printed["task"] == "evidence"
    assert len(printed["seeds"]) == 2
    assert printed["report"]["examples"] == 24


def test_ctrl_c_keeps_the_progress_and_resume_goes_on(answers, tiny, tmp_path, capsys, monkeypatch):
    """The first Ctrl-C comes with the first log line."""
    from mlm_demo.cli import terminal

    lines = []

    def interrupt(line):
        if "loss" in line and not lines:
            lines.append(line)
            os.kill(os.getpid(), signal.SIGINT)

    monkeypatch.setattr(terminal, "training", interrupt)
    assert main(finetune("answers", answers, tiny, tmp_path / "out")) == 0
    assert (
        "Stopped early; to continue from here, repeat the command with --resume." in capsys.readouterr().out
    )
    monkeypatch.setattr(terminal, "training", lambda line: None)
    assert main(finetune("answers", answers, tiny, tmp_path / "out", "--resume")) == 0
    assert "Stopped early" not in capsys.readouterr().out


@pytest.mark.parametrize(
    ("rows", "task", "message"),
    [
        (
            ["question,context,answer", *ROWS[:5]],
            "answers",
            "The files hold 5 examples, which is too few: 20 are",
        ),
        (
            ["question,sentence,label", *(f"Who has {n}?,It is {n}.,1" for n in range(24))],
            "evidence",
            "All 24 sentences are labeled relevant, so there is nothing to tell apart",
        ),
        (["a,b", "1,2"], "answers", "does not name the columns of examples"),
    ],
)
def test_bad_examples_are_refused_in_a_sentence(rows, task, message, tiny, tmp_path, capsys):
    (tmp_path / "a.csv").write_text("\n".join(rows))
    assert main(finetune(task, str(tmp_path / "a.csv"), tiny, tmp_path / "out")) == 1
    assert message in capsys.readouterr().err
    assert not (tmp_path / "out").exists()


def test_a_model_of_another_task_is_not_measured(answers, evidence, tiny, tmp_path, capsys):
    assert main(finetune("evidence", evidence, tiny, tmp_path / "out")) == 0
    assert main(["evaluate", answers, "--task", "answers", "--model", str(tmp_path / "out")]) == 1
    assert "was fine-tuned for another task than answers" in capsys.readouterr().err


@pytest.mark.parametrize("questions", [1, 4])
def test_too_few_questions_are_refused_before_anything_is_trained(questions, tiny, tmp_path, capsys):
    rows = [f"Who has {n}?,Paris has number {m}.,{m % 2}" for n in range(questions) for m in range(40)]
    (tmp_path / "few.csv").write_text("\n".join(["question,sentence,label", *rows]))
    assert main(finetune("evidence", str(tmp_path / "few.csv"), tiny, tmp_path / "out")) == 1
    message = capsys.readouterr().err
    assert (
        "All examples have the same question and the same document"
        if questions == 1
        else "hold 4 questions, too few"
    ) in message
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("verb", ["finetune", "evaluate"])
def test_a_seed_out_of_range_is_named(verb, evidence, tiny, tmp_path, capsys):
    argv = (
        finetune("evidence", evidence, tiny, tmp_path / "out", "--seed", "-1")
        if verb == "finetune"
        else ["evaluate", evidence, "--model", tiny, "--seed", "-1"]
    )
    assert main(argv) == 1
    assert "seed is -1; it must be from 0 to 4,294,967,195." in capsys.readouterr().err
