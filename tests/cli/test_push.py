import json

import pytest
from huggingface_hub import constants

from mlm_demo.cli.main import main
from mlm_demo.errors import HubError
from mlm_demo.training import export
from tests.support.hub_stand_in import HubStandIn
from tests.support.tiny_models import SENTENCES


@pytest.fixture(autouse=True)
def stand_in(monkeypatch, judged_on_little):
    server = HubStandIn({})
    monkeypatch.setattr(constants, "ENDPOINT", server.address)
    monkeypatch.setattr(constants, "HF_HUB_DISABLE_XET", True)
    monkeypatch.setenv("HF_TOKEN", "may-write")
    monkeypatch.setenv("MLM_DEMO_DEVICE", "cpu")
    yield server
    server.close()


@pytest.fixture
def command(tmp_path, tiny):
    (tmp_path / "corpus.jsonl").write_text(
        "\n".join(json.dumps({"text": f"{s} {t}"}) for s in SENTENCES for t in SENTENCES)
    )
    options = ["--model", tiny, "--max-steps", "1", "--batch-size", "2", "--block-size", "32"]
    output = str(tmp_path / "out")
    return ["adapt", str(tmp_path / "corpus.jsonl"), "--output", output, *options, "--push-to", "me/bees"]


def test_a_token_that_may_only_read_is_noticed_before_the_corpus_is_read(
    command, stand_in, capsys, monkeypatch
):
    monkeypatch.setenv("HF_TOKEN", "may-read")
    assert main([*command[:1], "/no/such/file", *command[2:]]) == 1
    assert "your token may only read" in capsys.readouterr().err


def test_an_upload_that_failed_is_repeated_without_training(command, stand_in, capsys, monkeypatch):
    def fail(folder, repo_id):
        raise HubError("The Hub answered 503.")

    with monkeypatch.context() as failing:
        failing.setattr(export, "push_model", fail)
        assert main(command) == 1
    output = command[3]
    hint = f"to upload it without training: python -m mlm_demo push {output} me/bees"
    assert capsys.readouterr().err.endswith(f"The Hub answered 503. The model is whole; {hint}\n")
    assert stand_in.pushed == {}
    assert main(["push", output, "me/bees"]) == 0
    assert capsys.readouterr().out == f"{stand_in.address}/me/bees\n"
    assert {"model.safetensors", "README.md", "result.json"} <= set(stand_in.pushed)
    assert main(["push", output, "me/bees", "--json"]) == 0
    assert json.loads(capsys.readouterr().out) == {"hub": f"{stand_in.address}/me/bees"}


def test_a_folder_without_a_finished_run_is_refused(tmp_path, capsys):
    assert main(["push", str(tmp_path), "me/bees"]) == 1
    assert "holds no finished run" in capsys.readouterr().err
