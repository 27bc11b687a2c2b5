import zipfile

import pytest
from huggingface_hub import constants

from mlm_demo.errors import HubError, ModelError
from mlm_demo.models.loader import load_folder
from mlm_demo.training.export import check_push, push_error, push_model, zip_model
from tests.support.hub_stand_in import HubStandIn
from tests.support.tiny_models import save_tiny


@pytest.fixture
def model(tmp_path):
    folder = save_tiny(tmp_path / "bees")
    (folder / "result.json").write_text("{}")
    (folder / "README.md").write_text("---\nlibrary_name: transformers\n---\n# bees")
    (folder / "checkpoints").mkdir()
    (folder / "checkpoints" / "optimizer.pt").write_text("large")
    (folder / "seeds" / "best").mkdir(parents=True)  # of a fine-tuning that was stopped
    (folder / "seeds" / "best" / "model.safetensors").write_text("large")
    return folder


@pytest.fixture
def stand_in(monkeypatch):
    server = HubStandIn({})
    monkeypatch.setattr(constants, "ENDPOINT", server.address)
    monkeypatch.setattr(constants, "HF_HUB_DISABLE_XET", True)
    yield server
    server.close()


def test_the_zip_holds_a_model_that_loads_and_no_checkpoints(model, tmp_path):
    packed = zip_model(model)
    assert packed == tmp_path / "bees.zip"
    with zipfile.ZipFile(packed) as opened:
        opened.extractall(tmp_path / "unpacked")
    assert load_folder(tmp_path / "unpacked" / "bees", "bees", device="cpu").vocab_size > 100
    assert not {path.name for path in (tmp_path / "unpacked" / "bees").iterdir()} & {"checkpoints", "seeds"}
    assert [p.name for p in tmp_path.iterdir() if "part" in p.name] == []


def test_a_push_brings_every_file_whole(model, stand_in):
    address = push_model(model, "me/bees", token="may-write")
    assert address == f"{stand_in.address}/me/bees"
    for path in model.glob("*.*"):
        assert stand_in.pushed[path.name] == path.read_bytes(), path.name
    assert not any("optimizer" in path for path in stand_in.pushed)


def test_a_token_without_write_access_is_an_error_and_never_quoted(model, stand_in, caplog):
    with pytest.raises(HubError, match=r"does not let you write to 'me/bees' \(answer 401\)") as caught:
        push_model(model, "me/bees", token="hf_secret")
    assert stand_in.requests == ["GET api/whoami-v2"]
    assert "hf_secret" not in str(caught.value) + caplog.text
    assert caught.value.__cause__ is None
    assert not any(b"hf_secret" in path.read_bytes() for path in model.rglob("*") if path.is_file())


@pytest.mark.parametrize(
    ("repo_id", "token", "message"),
    [
        ("me/bees", "may-read", r"to 'me/bees': your token may only read; sign in with `hf auth login`"),
        ("ours/bees", "may-read", "your token may only read"),
        ("bob/bees", "may-write", r"to 'bob/bees': its owner is neither you \(anna\) nor an organization"),
        ("me/bees", "expired", r"\(answer 401\)"),
    ],
)
def test_an_upload_that_cannot_succeed_is_refused_before_any_work(stand_in, repo_id, token, message):
    with pytest.raises(HubError, match=message):
        check_push(repo_id, token)
    assert stand_in.requests == ["GET api/whoami-v2"]


@pytest.mark.parametrize("repo_id", ["me/bees", "ours/bees", "bees"])
@pytest.mark.parametrize("token", ["may-write", "some-rights"])
def test_a_token_that_may_write_is_accepted(stand_in, repo_id, token):
    check_push(repo_id, token)


def test_a_fine_grained_token_is_judged_by_the_upload(stand_in):
    check_push("unseen/bees", "some-rights")


def test_a_hub_that_cannot_be_reached_is_one_sentence(model, monkeypatch):
    monkeypatch.setattr(constants, "ENDPOINT", "http://127.0.0.1:9")
    with pytest.raises(HubError, match=r"'me/bees' could not be uploaded to http://127.0.0.1:9"):
        push_model(model, "me/bees", token="may-write")


def test_an_error_names_the_status():
    error = Exception()
    error.response = type("Response", (), {"status_code": 503})()
    assert str(push_error(error, "me/x")) == "The Hub answered 503 to the upload of 'me/x'; try again later."


def test_an_invalid_name_or_an_unfinished_run_is_an_error(model, tmp_path):
    with pytest.raises(HubError, match="'a b' is not a valid name for a model on the Hub"):
        push_model(model, "a b")
    (model / "result.json").unlink()
    for take_home in (zip_model, lambda folder: push_model(folder, "me/bees")):
        with pytest.raises(ModelError, match="holds no finished run"):
            take_home(model)
