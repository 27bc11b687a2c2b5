import json

import pytest

from mlm_demo.cli.main import main

FILE = "subject,object,template,relation\nhepatitis,liver,[X] of the [Y].,organ\nParis,France,[X] is in [Y].,place\n"


@pytest.fixture
def file(tmp_path):
    path = tmp_path / "facts.csv"
    path.write_text(f"{FILE}only a subject,,,\n")
    return str(path)


def test_a_row_per_model_and_relation(file, capsys):
    assert main(["facts", file, "--model", "general", "--model", "biomedical", "--top-k", "7"]) == 0
    printed = capsys.readouterr()
    lines = printed.out.splitlines()
    assert "in 7" in lines[0]
    names = [line.split()[:2] for line in lines[1:]]
    assert names == [[model, row] for model in ("general", "biomedical") for row in ("organ", "place", "all")]
    assert [line.count("% (") for line in lines] == [0] + [4] * 6
    assert "facts.csv, row 4 was left out: it has no template" in printed.err


def test_json_has_the_rank_of_every_object(file, capsys):
    assert main(["facts", file, "--model", "general", "--json"]) == 0
    (asked,) = json.loads(capsys.readouterr().out)["models"]
    assert asked["model"]["title"]
    assert [fact["object"] for fact in asked["facts"]] == ["liver", "France"]
    assert all(fact["rank"] >= 1 for fact in asked["facts"])


def test_errors_name_what_is_wrong(file, capsys):
    assert main(["facts", "nothing.csv"]) == 1
    assert "nothing.csv" in capsys.readouterr().err
    assert main(["facts", file, "--top-k", "0"]) == 1
    assert "top_k is '0'" in capsys.readouterr().err
