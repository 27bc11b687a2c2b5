import json

import pytest

from mlm_demo.cli.main import main
from mlm_demo.corpus.pairs import phenomena
from tests.support.tiny_models import save_tiny

FILE = "good,bad,phenomenon\nThe cat sat.,Cat the sat.,order\nThe fox is lazy.,The fox are lazy.,agreement\n"


@pytest.fixture
def models(tmp_path):
    return [str(save_tiny(tmp_path / f"model{seed}", seed=seed)) for seed in (0, 1)]


def test_a_row_per_phenomenon_and_a_column_per_model(tmp_path, models, capsys):
    (tmp_path / "pairs.csv").write_text(f"{FILE}only good,,\n")
    assert main(["pairs", str(tmp_path / "pairs.csv"), "--model", models[0], "--model", models[1]]) == 0
    printed = capsys.readouterr()
    lines = printed.out.splitlines()
    assert [line.split()[0] for line in lines] == ["phenomenon", "order", "agreement", "all"]
    assert [line.count("% (") for line in lines] == [0, 2, 2, 2]
    assert "pairs.csv, row 4 was left out: it lacks" in printed.err


def test_json_has_the_scores_of_every_pair(tmp_path, models, capsys):
    (tmp_path / "pairs.csv").write_text(FILE)
    assert main(["pairs", str(tmp_path / "pairs.csv"), "--model", models[0], "--json"]) == 0
    (judged,) = json.loads(capsys.readouterr().out)["models"]
    assert main(["score", "The cat sat.", "--model", models[0], "--json"]) == 0
    alone = json.loads(capsys.readouterr().out)["log_likelihood"]
    assert judged["pairs"][0]["good_log_likelihood"] == pytest.approx(alone, abs=1e-4)
    assert judged["together"]["pairs"] == 2


def test_without_a_file_the_built_in_pairs_are_judged(models, capsys, monkeypatch):
    monkeypatch.setattr(phenomena, "PAIRS_EACH", 1)
    assert main(["pairs", "--model", models[0]]) == 0
    assert [line.split()[0] for line in capsys.readouterr().out.splitlines()][-1] == "all"


def test_a_missing_file_is_an_error(models, capsys):
    assert main(["pairs", "nothing.csv", "--model", models[0]]) == 1
    assert "nothing.csv" in capsys.readouterr().err
