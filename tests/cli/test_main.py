import json
import re

import pytest

from mlm_demo.cli.main import command_line, main
from mlm_demo.cli.options import config_of
from mlm_demo.cli.terminal import status
from mlm_demo.errors import ModelError
from mlm_demo.inference.engine import Engine
from mlm_demo.runs.store import RunStore
from mlm_demo.runs.tasks.extract import ExtractRequest
from mlm_demo.runs.tasks.finetune import FinetuneRequest
from mlm_demo.training.downstream.config import FinetuneConfig


@pytest.fixture(autouse=True)
def _on_the_processor(monkeypatch):
    monkeypatch.setenv("MLM_DEMO_DEVICE", "cpu")


def test_fill_prints_a_line_a_word(capsys):
    line = ["fill", "Paris is the [mask] of France.", "--top-k", "2", "--precision", "exact"]
    assert main(line) == 0
    out, err = capsys.readouterr()
    lines = out.splitlines()
    assert [line[6:] for line in lines] == [
        "  capital  Paris is the capital of France.",
        "  city     Paris is the city of France.",
    ]
    assert [float(line[:6]) for line in lines] == pytest.approx(
        [0.8662, 0.0454], abs=2e-4
    )  # by the processor
    assert err == "note: [mask] was read as this model's mask token, [MASK].\n"


def test_fill_prints_json(capsys):
    assert (
        main(["fill", "A <mask> and a <mask>.", "--json", "--joint", "--model", "biomedical", "--top-k", "4"])
        == 0
    )
    answer = json.loads(capsys.readouterr().out)
    assert answer["model"]["name"] == "biomedical"
    assert [len(mask) for mask in answer["masks"]] == [4, 4]
    assert len(answer["joint"]) == 4


def test_fill_ranks_targets(capsys):
    assert main(["fill", "The patient has <mask>.", "--targets", "diabetes,hepatosplenomegaly"]) == 0
    out = capsys.readouterr().out
    assert "(one piece)" in out
    assert "pieces, left to right)" in out


def test_fill_prints_several_masks_and_their_joint_filling(capsys):
    assert main(["fill", "A <mask> and a <mask>.", "--joint", "--top-k", "1"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert [lines[0], lines[2], lines[4]] == ["mask 1", "mask 2", "together"]


def test_score_prints_bits_and_sums(capsys):
    assert main(["score", "The patient sat."]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].endswith("bits  The")
    assert re.match(r"pseudo-perplexity [\d.]+ per token, [\d.]+ bits per word, log-likelihood", lines[-1])
    assert main(["score", "The patient sat.", "--json", "--method", "original"]) == 0
    assert json.loads(capsys.readouterr().out)["method"] == "original"


def test_models_lists_the_catalogue(capsys):
    assert main(["models"]) == 0
    assert capsys.readouterr().out.splitlines()[0].split() == [
        "general",
        "general",
        "Apache-2.0",
        "built",
        "in",
    ]
    assert main(["models", "--json"]) == 0
    assert len(json.loads(capsys.readouterr().out)) == 6


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["fill", "no mask here"], "The sentence holds no mask"),
        (["fill", "<mask>", "--top-k", "0"], "top_k is '0'"),
        (["fill", "<mask>", "--top-k", "1.5"], "top_k is '1.5'"),
        (["fill", "<mask>", "--top-k", "ten"], "top_k is 'ten'"),
        (["fill", "<mask>", "--model", "/no/such"], "There is no folder"),
        (["fill", "<mask>", "--model", "no model"], "'no model' does not name a model"),
        (["score", "a <mask>"], "The sentence holds a mask"),
    ],
)
def test_a_users_error_is_one_line_and_exit_code_1(capsys, arguments, message):
    assert main(arguments) == 1
    out, err = capsys.readouterr()
    assert out == ""
    assert err.startswith(f"mlm_demo: {message}")
    assert err.count("\n") == 1


@pytest.mark.parametrize(
    "arguments", [[], ["fill"], ["guess"], ["fill", "a", "--no-such"], ["score", "a", "--method", "x"]]
)
def test_wrong_usage_is_exit_code_2(capsys, arguments):
    with pytest.raises(SystemExit) as caught:
        main(arguments)
    assert caught.value.code == 2


def test_runs_are_listed_as_json_with_the_command_that_does_the_same(
    capsys, monkeypatch, service, draft, choices
):
    service.queue.starts = False
    run = service.start(draft(), choices(6), "me")
    monkeypatch.setenv("MLM_DEMO_DATA", str(service.settings.data_folder))
    assert main(["runs", "--json"]) == 0
    (row,) = json.loads(capsys.readouterr().out)
    assert (row["id"], row["state"], row["name"]) == (run.id, "waiting", "tiny on bees")
    assert row["command"][:4] == ["-m", "mlm_demo", "adapt", str(run.input / "0" / "bees.txt")]
    options = command_line().parse_args(row["command"][2:])
    assert config_of(options) == choices(6).config
    assert main(["runs"]) == 0
    assert capsys.readouterr().out.startswith(f"{run.id}  ")


def test_the_command_of_a_run_can_be_repeated_or_is_empty(capsys, monkeypatch, tmp_path):
    runs = RunStore(tmp_path / "runs")
    finetune = FinetuneRequest(FinetuneConfig(max_steps=3), "answers").to_json()
    for task, request in (("finetune", finetune), ("extract", ExtractRequest(("Who?",)).to_json())):
        runs.create(lambda run: [run.input / "0" / "a.csv"], title=task, task=task, request=request)
    monkeypatch.setenv("MLM_DEMO_DATA", str(tmp_path))
    assert main(["runs", "--json"]) == 0
    taught, extracted = json.loads(capsys.readouterr().out)
    options = command_line().parse_args(taught["command"][2:])
    assert (options.task, [file.name for file in options.files]) == ("answers", ["a.csv"])
    assert extracted["command"] == [], "its papers are in a file of the page's own"


@pytest.mark.parametrize("verb", ["work", "read"])
def test_child_process_commands_are_hidden_and_refuse_an_unknown_id(capsys, verb, monkeypatch, tmp_path):
    monkeypatch.setenv("MLM_DEMO_DATA", str(tmp_path))
    with pytest.raises(SystemExit):
        main(["--help"])
    assert verb not in capsys.readouterr().out.split()
    for id in ("../x", "0" * 32):
        assert main([verb, id]) == 1
        assert capsys.readouterr().err.startswith("mlm_demo: The")


@pytest.mark.parametrize("verb", [[], ["fill"], ["score"], ["models"], ["serve"]])
def test_every_verb_has_help(capsys, verb):
    with pytest.raises(SystemExit) as caught:
        main([*verb, "--help"])
    assert caught.value.code == 0
    assert "usage: python -m mlm_demo" in capsys.readouterr().out


def test_a_bad_setting_is_one_line(capsys, monkeypatch):
    monkeypatch.setenv("MLM_DEMO_PORT", "http")
    assert main(["models"]) == 1
    assert capsys.readouterr().err.startswith("mlm_demo: MLM_DEMO_PORT is 'http'")


@pytest.mark.parametrize(
    ("error", "code", "last"), [(ModelError("No."), 1, "mlm_demo: No.\n"), (KeyboardInterrupt(), 130, "")]
)
def test_the_status_line_is_cleared_before_an_error(capsys, monkeypatch, error, code, last):
    def fail(*_arguments, **_options):
        status("Asking the Hub")
        raise error

    monkeypatch.setattr("sys.stderr.isatty", lambda: True)
    monkeypatch.setattr(Engine, "models", fail)
    assert main(["models"]) == code
    assert capsys.readouterr().err == f"\r\033[KAsking the Hub\r\033[K{last}"


def test_small_probabilities_keep_their_size(capsys, monkeypatch):
    monkeypatch.setenv("MLM_DEMO_DEVICE", "cpu")
    targets = "city,hepatosplenomegaly"
    assert main(["fill", "Paris is a <mask>.", "--model", "general", "--targets", targets]) == 0
    scores = [line.split()[0] for line in capsys.readouterr().out.splitlines()]
    assert len(scores) == 2
    assert re.fullmatch(r"0\.\d{4}", scores[0])
    assert re.fullmatch(r"\d\.\de-\d\d", scores[1])
