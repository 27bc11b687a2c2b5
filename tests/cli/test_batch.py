import csv
import io
import json

import pytest

from mlm_demo.cli.main import main
from tests.support.tiny_models import save_tiny


@pytest.fixture
def model(tmp_path):
    return str(save_tiny(tmp_path / "model"))


def table(capsys):
    return list(csv.DictReader(io.StringIO(capsys.readouterr().out)))


def test_every_sentence_of_a_file_is_filled_and_a_bad_one_is_named(tmp_path, model, capsys):
    (tmp_path / "a.txt").write_text("The <mask> sat.\nNo mask here.\nA <mask> and a <mask>.\n")
    assert main(["fill", str(tmp_path / "a.txt"), "--model", model, "--top-k", "2"]) == 0
    rows = table(capsys)
    assert [(row["where"], row["mask"], row["rank"]) for row in rows] == [
        ("a.txt, line 1", "1", "1"), ("a.txt, line 1", "1", "2"),
        ("a.txt, line 2", "", ""),
        *(("a.txt, line 3", mask, rank) for mask in "12" for rank in "12"),
    ]  # fmt: skip
    assert "has no mask" in rows[2]["error"] or "mask" in rows[2]["error"]
    assert main(["fill", "The <mask> sat.", "--model", model, "--top-k", "2", "--json"]) == 0
    alone = json.loads(capsys.readouterr().out)["masks"][0]
    assert [row["word"] for row in rows[:2]] == [row["word"] for row in alone]
    assert [float(row["score"]) for row in rows[:2]] == [row["score"] for row in alone]


def test_every_sentence_of_a_table_is_scored_as_it_is_alone(tmp_path, model, capsys):
    (tmp_path / "a.csv").write_text("kind,sentence\na,The cat sat.\nb,The heart pumps blood.\n")
    assert main(["score", str(tmp_path / "a.csv"), "--model", model]) == 0
    rows = table(capsys)
    assert main(["score", "The cat sat.", "--model", model, "--json"]) == 0
    alone = json.loads(capsys.readouterr().out)
    assert rows[0]["text"] == "The cat sat."
    assert float(rows[0]["log_likelihood"]) == pytest.approx(alone["log_likelihood"], abs=1e-4)
    assert (rows[0]["tokens"], rows[0]["words"]) == (str(alone["tokens"]), "3"), (
        "words are between spaces, as for bits per word"
    )
    assert len(rows) == 2


def test_json_lines_hold_the_whole_answers(tmp_path, model, capsys):
    (tmp_path / "a.txt").write_text("The cat sat.\n\nA dog ran.\n")
    assert main(["score", str(tmp_path / "a.txt"), "--model", model, "--json"]) == 0
    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [line["where"] for line in lines] == ["a.txt, line 1", "a.txt, line 3"]
    assert lines[0]["words"][0]["tokens"]


def test_a_missing_file_is_an_error_and_not_a_sentence(model, capsys):
    assert main(["score", "pairs.txt", "--model", model]) == 1
    assert "There is no file 'pairs.txt'" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("more", "message"),
    [
        (["--model", "no model"], "'no model' does not name a model"),
        (["--top-k", "0"], "top_k is '0'"),
        (["--top-k", "0", "--targets", "cat"], "top_k is '0'"),
    ],
)
def test_what_is_wrong_with_every_sentence_is_said_once(tmp_path, model, capsys, more, message):
    (tmp_path / "a.txt").write_text("The <mask> sat.\nA <mask> ran.\n")
    assert main(["fill", str(tmp_path / "a.txt"), "--model", model, *more]) == 1
    out, err = capsys.readouterr()
    assert out == ""
    assert err.startswith(f"mlm_demo: {message}")
    assert err.count("\n") == 1


def test_a_cell_that_a_spreadsheet_would_compute_is_text(tmp_path, model, capsys):
    (tmp_path / "a.txt").write_text("=1+1 <mask>\n")
    assert main(["fill", str(tmp_path / "a.txt"), "--model", model, "--top-k", "1"]) == 0
    assert table(capsys)[0]["text"] == "'=1+1 <mask>"
