import json
import os
import signal

import pytest

from mlm_demo.cli.main import main
from tests.support.pretraining import TEXTS

QUICK = ("--max-steps", "2", "--vocab-size", "300", "--layers", "1", "--hidden", "32", "--block-size", "32")


@pytest.fixture(autouse=True)
def _on_the_processor(monkeypatch, judged_on_little):
    monkeypatch.setenv("MLM_DEMO_DEVICE", "cpu")


@pytest.fixture
def stories(tmp_path):
    (tmp_path / "stories.txt").write_text("\n\n".join(TEXTS))
    return str(tmp_path / "stories.txt")


def test_pretrain_fill_adapt_go_together(stories, tmp_path, capsys):
    out = str(tmp_path / "toy")
    assert main(["pretrain", stories, "--output", out, *QUICK]) == 0
    printed = capsys.readouterr().out
    for expected in (
        "verdict: small for a model",
        "note: The vocabulary has",
        "| Bits per byte |",
        "2 steps in",
    ):
        assert expected in printed
    assert main(["fill", "--model", out, "Anna went to the <mask>.", "--json"]) == 0
    assert len(json.loads(capsys.readouterr().out)["masks"][0]) == 5
    more = ["--max-steps", "1", "--batch-size", "4", "--json"]
    assert main(["adapt", stories, "--model", out, "--output", str(tmp_path / "more"), *more]) == 0
    assert json.loads(capsys.readouterr().out)["config"]["max_steps"] == 1


def test_pretrain_prints_json_and_a_report(stories, tmp_path, capsys):
    asked = [
        "pretrain",
        stories,
        "--output",
        str(tmp_path / "toy"),
        "--tokenizer",
        "byte-level",
        *QUICK,
        "--json",
    ]
    assert main([*asked, "--report"]) == 0
    assert json.loads(capsys.readouterr().out)["language"] == "en"
    assert not (tmp_path / "toy").exists()
    assert main(asked) == 0
    printed = json.loads(capsys.readouterr().out)
    assert printed["model"]["architecture"] == "RobertaForMaskedLM"
    assert printed["report"]["tokens"] == printed["corpus"]["tokens"]


def test_ctrl_c_keeps_the_progress_and_resume_goes_on(stories, tmp_path, capsys, monkeypatch):
    """The first Ctrl-C comes with the first log line."""
    from mlm_demo.cli import terminal

    lines = []

    def interrupt(line):
        if "loss" in line and not lines:
            lines.append(line)
            os.kill(os.getpid(), signal.SIGINT)

    asked = ["pretrain", stories, "--output", str(tmp_path / "toy"), *QUICK]
    monkeypatch.setattr(terminal, "training", interrupt)
    assert main(asked) == 0
    assert "repeat the command with --resume" in capsys.readouterr().out
    monkeypatch.setattr(terminal, "training", lambda line: None)
    assert main([*asked, "--resume"]) == 0
    assert "Stopped early" not in capsys.readouterr().out


@pytest.mark.parametrize(
    ("text", "options", "message"),
    [
        ("too little", (), "The corpus holds 2 words of text after removing duplicates; at least 200"),
        (None, ("--hidden", "200"), "hidden is 200, which 3 attention heads cannot share"),
        (None, ("--vocab-size", "10"), "vocab_size is 10; it must be from 300"),
    ],
)
def test_bad_input_is_refused_in_a_sentence(stories, text, options, message, tmp_path, capsys):
    if text:
        (tmp_path / "stories.txt").write_text(text)
    assert main(["pretrain", stories, "--output", str(tmp_path / "toy"), "--max-steps", "1", *options]) == 1
    error = capsys.readouterr().err.strip().splitlines()[-1]
    assert error.startswith(f"mlm_demo: {message}")
    assert not (tmp_path / "toy").exists()


def test_a_text_of_another_script_is_learned_from(tmp_path, capsys):
    line = "пчёлы собирают нектар и пыльцу на лугу у реки каждое утро"
    (tmp_path / "ru.txt").write_text("\n\n".join(f"{line}. {number} {line}." for number in range(60)))
    asked = [
        "pretrain",
        str(tmp_path / "ru.txt"),
        "--output",
        str(tmp_path / "toy"),
        "--keep-near-duplicates",
    ]
    assert main([*asked, *QUICK, "--json"]) == 0
    printed = json.loads(capsys.readouterr().out)
    assert printed["figures"]["unknown_share"] == 0
    assert not any("English model" in note for note in printed["report"]["notes"])
