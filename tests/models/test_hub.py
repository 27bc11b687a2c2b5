import json
import os
import shutil
import subprocess
import sys
import threading
import time
from pathlib import Path
from types import SimpleNamespace

import pytest
from huggingface_hub import constants

from mlm_demo.cli.main import main
from mlm_demo.errors import HubError, ModelError
from mlm_demo.models import hub, hub_cache
from mlm_demo.models.catalogue import Catalogue, ModelRef
from mlm_demo.models.loader import load
from tests.support.hub_fixtures import fetch
from tests.support.hub_stand_in import COMMIT, CONVERSION
from tests.support.paths import ROOT
from tests.support.runs import until


def test_a_model_is_downloaded_once_and_reports_progress(endpoint):
    reported = []
    ref = Catalogue().find("good/tiny")
    assert ref.availability == "to be downloaded"
    mlm = load(ref, device="cpu", on_progress=lambda share, what: reported.append((share, what)))
    assert mlm.revision == COMMIT[:12]
    assert reported[0] == (0.0, "Asking the Hub for good/tiny")
    assert reported[-1] == (1.0, "Loading good/tiny")
    assert any(what.startswith("Downloading good/tiny: ") and " MB" in what for _, what in reported)
    assert [share for share, _ in reported] == sorted(share for share, _ in reported)
    assert Catalogue().find("good/tiny").availability == "downloaded"
    endpoint.requests.clear()
    load(ref, device="cpu")
    assert endpoint.requests == []


def test_all_shards_of_a_model_are_downloaded(endpoint):
    folder = fetch("good/sharded")
    assert len(hub_cache.shards(folder / hub_cache.SHARDED)) > 1
    assert load(Catalogue().find("good/sharded"), device="cpu").vocab_size > 100
    (folder / hub_cache.shards(folder / hub_cache.SHARDED)[0]).unlink()
    assert hub_cache.cached_folder("good/sharded") is None


def test_safetensors_in_a_pull_request_of_the_hubs_bot_are_used(endpoint):
    folder = fetch("converted/tiny")
    assert folder.name == CONVERSION
    assert (folder / "model.safetensors").is_file()
    assert Catalogue().find("converted/tiny").availability == "downloaded"


def test_a_pickle_in_the_cache_does_not_hide_safetensors(endpoint, models):
    ref = Catalogue().find("converted/tiny")
    repo = Path(constants.HF_HUB_CACHE) / "models--converted--tiny"
    (repo / "refs").mkdir(parents=True)
    (repo / "refs" / "main").write_text("0" * 40)
    shutil.copytree(models["pickle"], pickled := repo / "snapshots" / ("0" * 40))
    assert ref.folder == pickled
    assert load(ref, device="cpu").revision == CONVERSION[:12]
    assert ref.folder.name == CONVERSION


def test_a_pickle_is_refused_unless_allowed(endpoint):
    with pytest.raises(HubError, match=r"only as a pickle file .* set MLM_DEMO_ALLOW_PICKLE=1"):
        fetch("pickled/tiny")
    assert not any("resolve" in request for request in endpoint.requests)
    assert (fetch("pickled/tiny", allow_pickle=True) / "pytorch_model.bin").is_file()


@pytest.mark.parametrize(
    ("repo_id", "message"),
    [
        ("private/tiny", r"The Hub has no model 'private/tiny' that can be read from here \(answer 401\)"),
        ("missing/tiny", r"The Hub has no model 'missing/tiny' .* \(answer 404\): check the spelling"),
        ("good/nowhere", r"The Hub has no model 'good/nowhere' .* \(answer 404\)"),
        ("limited/tiny", r"rate limit is exceeded \(answer 429\); wait a few minutes"),
        ("failing/tiny", r"The Hub answered 500 for 'failing/tiny'; try again later"),
        ("gated/tiny", r"'gated/tiny' is gated: accept its terms"),
        ("good/empty", r"'good/empty' is not a transformers model: it has no config.json"),
        ("broken/tiny", r"The file model.safetensors of 'broken/tiny' arrived corrupt .* and was deleted"),
    ],
)
def test_a_refusal_is_one_sentence(endpoint, repo_id, message):
    with pytest.raises(HubError, match=message) as caught:
        fetch(repo_id, timeout=15)
    assert "\n" not in str(caught.value)
    assert hub_cache.cached_folder(repo_id) is None


REFUSED = {
    "gpt2": ({"model_type": "gpt2", "architectures": ["GPT2LMHeadModel"]}, "of the type 'gpt2'"),
    "t5": (
        {"model_type": "t5", "architectures": ["T5ForConditionalGeneration"]},
        "transformers has no masked language model",
    ),
    "discriminator": (
        {"model_type": "electra", "architectures": ["ElectraForPreTraining"]},
        "is a ElectraForPreTraining, .* pick its generator",
    ),
    "sentences": ({"architectures": ["BertModel"]}, "is a BertModel, not a masked language model"),
    "classifier": (
        {"architectures": ["BertForSequenceClassification"]},
        "is a BertForSequenceClassification",
    ),
    "decoder": ({"is_decoder": True}, "is a causal language model"),
    "own code": ({"model_type": "own", "auto_map": {}}, "code from a model's folder is never run"),
    "perceiver": ({"model_type": "perceiver", "architectures": None}, "of the type 'perceiver', which reads"),
}


@pytest.fixture
def refused(endpoint, models, tmp_path):
    """A model on the Hub, changed by the test; the folder to change it in."""
    folder = tmp_path / "refused"
    shutil.copytree(models["tiny"], folder)
    endpoint.models["refused"] = folder
    yield folder
    del endpoint.models["refused"]


def fetched(endpoint):
    return {name.rsplit("/", 1)[1] for name in endpoint.requests if "/resolve/" in name}


@pytest.mark.parametrize(("changes", "message"), REFUSED.values(), ids=REFUSED)
def test_a_model_is_refused_by_its_config_and_nothing_else_is_fetched(endpoint, refused, changes, message):
    config = json.loads((refused / "config.json").read_text())
    (refused / "config.json").write_text(json.dumps({**config, **changes}))
    with pytest.raises(ModelError, match=message):
        load(Catalogue().find("good/refused"), device="cpu")
    assert fetched(endpoint) == {"config.json"}
    assert hub_cache.cached_folder("good/refused") is None


@pytest.mark.parametrize("fault", ["no mask token", "no tokenizer", "broken", "slow"])
def test_a_model_is_refused_by_its_tokenizer_before_its_weights_are_fetched(endpoint, refused, fault):
    if fault == "no mask token":
        config = json.loads((refused / "tokenizer_config.json").read_text())
        (refused / "tokenizer_config.json").write_text(json.dumps({**config, "mask_token": None}))
    elif fault == "broken":
        (refused / "tokenizer.json").write_text("{")
    else:
        for path in refused.glob("tokenizer*"):
            path.unlink()
        if fault == "slow":  # as ESM's
            (refused / "vocab.txt").write_text("<cls>\n<pad>\n<eos>\n<unk>\nL\n<mask>\n")
            (refused / "tokenizer_config.json").write_text('{"tokenizer_class": "EsmTokenizer"}')
    with pytest.raises(ModelError, match="okenizer of 'good/refused'"):
        load(Catalogue().find("good/refused"), device="cpu")
    assert "config.json" in fetched(endpoint)
    assert not any(name.startswith("model") for name in fetched(endpoint))


def test_the_size_of_the_weights_is_asked_for_without_a_download(endpoint, models):
    policy = hub.DownloadPolicy(timeout=20)
    assert hub.size_of_weights("good/tiny", policy) == (models["tiny"] / "model.safetensors").stat().st_size
    assert endpoint.requests == ["GET api/models/good/tiny"]
    for repo_id in ("missing/tiny", "pickled/tiny"):
        with pytest.raises(HubError):
            hub.size_of_weights(repo_id, policy)


def test_a_second_download_of_a_model_waits_for_the_first(endpoint):
    """Longer than its timeout; the two would otherwise wait for each other's files."""
    endpoint.acts["good"] = "held"
    endpoint.release.clear()
    weights, found = "GET good/tiny/resolve/main/model.safetensors", []
    threads = [
        threading.Thread(target=lambda timeout=timeout: found.append(fetch("good/tiny", timeout)))
        for timeout in (30, 1)
    ]
    threads[0].start()
    until(lambda: weights in endpoint.requests, 10)
    threads[1].start()
    time.sleep(1.5)
    endpoint.release.set()
    for thread in threads:
        thread.join()
    del endpoint.acts["good"]
    assert len(found) == 2
    assert endpoint.requests.count(weights) == 1


def test_a_download_waits_for_that_of_another_process(endpoint):
    lock = Path(constants.HF_HUB_CACHE, ".locks", "mlm_demo--good--tiny.lock")
    lock.parent.mkdir(parents=True, exist_ok=True)
    program = (
        "import sys, time; from pathlib import Path; from mlm_demo.system import locks\n"
        "with locks.exclusive(Path(sys.argv[1])): print(flush=True); time.sleep(1.5)"
    )
    with subprocess.Popen([sys.executable, "-c", program, str(lock)], stdout=subprocess.PIPE) as other:
        other.stdout.readline()
        began = time.monotonic()
        fetch("good/tiny", 1)
        assert time.monotonic() - began > 1.4


def test_a_slow_but_steady_download_continues(endpoint, monkeypatch):
    monkeypatch.setattr(hub, "CHUNK_BYTES", 8192)
    monkeypatch.setattr(constants, "DOWNLOAD_CHUNK_SIZE", constants.DOWNLOAD_CHUNK_SIZE)
    start = time.monotonic()
    fetch("steady/tiny", timeout=1.5)
    assert time.monotonic() - start > 1.5


@pytest.mark.parametrize("owner", ["silent", "stalling", "dripping", "dropping"])
def test_a_slow_or_dropping_hub_is_given_up_within_the_timeout(endpoint, owner):
    start = time.monotonic()
    with pytest.raises(HubError, match=rf"'{owner}/tiny'") as caught:
        fetch(f"{owner}/tiny", timeout=2)
    assert time.monotonic() - start < 8
    assert "\n" not in str(caught.value)


def test_an_unreachable_hub_is_one_sentence(endpoint, monkeypatch):
    monkeypatch.setattr(constants, "ENDPOINT", "http://127.0.0.1:9")
    with pytest.raises(
        HubError, match=r"cannot be reached \(http://127.0.0.1:9\).* check the network|sent nothing"
    ):
        fetch("good/tiny", timeout=15)


def test_offline_mode_is_an_error(endpoint, monkeypatch):
    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", True)
    with pytest.raises(HubError, match="HF_HUB_OFFLINE forbids downloads"):
        fetch("good/tiny")


def test_the_command_line_downloads_from_hf_endpoint(stand_in, tmp_path):
    environ = {
        **os.environ,
        "HF_ENDPOINT": stand_in.address,
        "HF_HOME": str(tmp_path),
        "MLM_DEMO_DEVICE": "cpu",
    }
    environ.pop("HF_HUB_CACHE", None)

    answered = subprocess.run(
        [sys.executable, "-m", "mlm_demo", "fill", "the <mask> sat", "--model", "good/tiny", "--json"],
        capture_output=True,
        text=True,
        env=environ,
        cwd=ROOT,
        timeout=120,
    )
    assert answered.returncode == 0, answered.stderr
    assert json.loads(answered.stdout)["model"]["revision"] == COMMIT[:12]


def test_the_command_line_refuses_a_model_that_is_not_there(endpoint, capsys):
    assert main(["fill", "the <mask> sat", "--model", "missing/tiny"]) == 1
    printed = capsys.readouterr()
    assert printed.out == ""
    assert printed.err.startswith("mlm_demo: The Hub has no model 'missing/tiny'")
    assert printed.err.count("\n") == 1


@pytest.mark.parametrize("name", ["a b", "a/b/c", "-a", "a--b", "../x/y", "a/b.git", "é/x", ""])
def test_an_invalid_hub_id(name):
    assert not hub.is_repo_id(name)


def test_the_availability_includes_the_size_of_the_download():
    assert ModelRef("a/b", "hub", "B", megabytes=331).availability == "downloads 331 MB"


def test_a_model_that_is_too_large_is_not_downloaded(endpoint):
    with pytest.raises(
        HubError, match=r"'good/tiny' has [\d.]+ MB, more than the 0.001 MB .* pick a smaller model"
    ):
        hub.download("good/tiny", hub.DownloadPolicy(timeout=20, megabytes=0.001))
    assert not any("safetensors" in request for request in endpoint.requests)
    assert hub_cache.cached_folder("good/tiny") is None


def test_a_model_that_would_fill_the_disk_is_not_downloaded(endpoint, monkeypatch):
    monkeypatch.setattr("shutil.disk_usage", lambda folder: SimpleNamespace(free=2_000_000_500))
    with pytest.raises(
        HubError, match=r"'good/tiny' has 0 MB, but of the 2,000 MB free here 2,000 MB must stay"
    ):
        hub.download("good/tiny", hub.DownloadPolicy(timeout=20))
    assert not any("safetensors" in request for request in endpoint.requests)
    assert hub_cache.cached_folder("good/tiny") is None


def test_a_model_of_another_owner_is_never_requested(endpoint):
    with pytest.raises(ModelError, match="loads only models of anna"):
        load(Catalogue().find("good/tiny"), device="cpu", policy=hub.DownloadPolicy(owners=("anna",)))
    assert endpoint.requests == []
