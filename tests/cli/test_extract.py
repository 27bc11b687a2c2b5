import csv
import io
import json

import pytest

from mlm_demo.cli.main import main
from mlm_demo.models import extractor

QUESTION = "What does the heart do?"


@pytest.fixture(autouse=True)
def _on_the_processor(monkeypatch):
    monkeypatch.setenv("MLM_DEMO_DEVICE", "cpu")


@pytest.fixture
def files(tmp_path):
    (tmp_path / "a.txt").write_text("The heart\n\nThe heart pumps blood. Paris is a city.")
    (tmp_path / "b.txt").write_text("Lyon is a city of France.")
    return [str(tmp_path / name) for name in ("a.txt", "b.txt")]


def test_extract_prints_json(files, taught_folder, capsys):
    line = [
        "extract",
        *files,
        "--question",
        QUESTION,
        "--question",
        "Who?",
        "--model",
        taught_folder,
        "--threshold",
        "-99",
    ]
    assert main([*line, "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert set(found) == {"model", "threshold", "questions", "rows", "notes"}
    assert found["questions"] == [QUESTION, "Who?"]
    assert found["threshold"] == -99
    assert found["model"]["name"] == taught_folder
    assert {(row["document"], row["title"]) for row in found["rows"]} == {
        ("a.txt", "The heart"),
        ("b.txt", "b.txt"),
    }
    assert len(found["rows"]) == 4
    for row in found["rows"]:
        assert row["answer"] in row["sentence"]


def test_extract_prints_csv(files, taught_folder, capsys):
    assert (
        main(
            [
                "extract",
                *files,
                "--question",
                QUESTION,
                "--model",
                taught_folder,
                "--threshold",
                "1e9",
                "--csv",
            ]
        )
        == 0
    )
    rows = list(csv.DictReader(io.StringIO(capsys.readouterr().out)))
    assert [row["answer"] for row in rows] == ["", ""]
    assert {row["document"] for row in rows} == {"a.txt", "b.txt"}


def test_extract_prints_a_line_a_paper(files, taught_folder, capsys):
    assert (
        main(
            [
                "extract",
                *files,
                "missing.txt",
                "--question",
                QUESTION,
                "--model",
                taught_folder,
                "--threshold",
                "99",
            ]
        )
        == 0
    )
    out, err = capsys.readouterr()
    lines = out.splitlines()
    assert lines[0] == f"{QUESTION}  answered in 0 of 2"
    assert len(lines) == 3
    assert all(line.endswith("no answer found") for line in lines[1:])
    assert err == "note: There is no file 'missing.txt'; check its name.\n"


def test_an_answer_stands_above_its_sentence(files, taught_folder, capsys):
    assert (
        main(["extract", files[1], "--question", QUESTION, "--model", taught_folder, "--threshold", "-99"])
        == 0
    )
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == f"{QUESTION}  answered in 1 of 1"
    answer = lines[1].partition(": ")[2]
    assert lines[2:] in ([], ["        Lyon is a city of France."])
    assert answer in "Lyon is a city of France."


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--question", " "], "The question '' is empty"),
        (["--question", "fox " * 300], "shorten it"),
        ([word for number in range(9) for word in ("--question", str(number))], "There are 9 questions"),
        (["--question", "Who?", "--model", "/no/such"], "There is no folder '/no/such'"),
    ],
)
def test_a_mistake_is_one_line(files, taught_folder, capsys, words, message):
    words = words if "--model" in words else [*words, "--model", taught_folder]
    assert main(["extract", *files, *words]) == 1
    out, err = capsys.readouterr()
    assert out == ""
    assert message in err
    assert err.count("\n") == 1


def test_without_the_built_in_model_the_command_says_so(files, capsys, monkeypatch, tmp_path):
    monkeypatch.setattr(extractor, "BUILT_IN_FOLDER", tmp_path)
    assert main(["extract", *files, "--question", QUESTION]) == 1
    assert "There is no built-in model for extraction in this copy" in capsys.readouterr().err


def test_the_built_in_model_is_the_default(files, taught_folder, capsys, monkeypatch, tmp_path):
    (tmp_path / "extract").symlink_to(taught_folder)
    monkeypatch.setattr(extractor, "BUILT_IN_FOLDER", tmp_path)
    assert main(["extract", *files, "--question", QUESTION, "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["model"]["name"] == "extract"
