"""Connections to the Hub that break at every tenth of a file, and a cache that a crash left half written."""

import shutil
from types import SimpleNamespace

import pytest
from huggingface_hub import constants, file_download

from mlm_demo.errors import HubError, ModelError
from mlm_demo.models import hub, hub_cache
from mlm_demo.models.catalogue import Catalogue
from mlm_demo.models.loader import load
from tests.support.hub_fixtures import fetch

TRIES = 12


@pytest.fixture(autouse=True)
def _no_pauses(monkeypatch):
    """huggingface_hub waits a second before it takes a download up again."""
    monkeypatch.setattr(
        file_download, "time", SimpleNamespace(**{**vars(file_download.time), "sleep": lambda seconds: None})
    )


def weights_of(endpoint):
    return (endpoint.models["tiny"] / "model.safetensors").read_bytes()


def fetched_in_the_end(repo_id):
    """Try again as the sentence says, and no half file is ever taken for the model."""
    told = ""
    for _ in range(TRIES):
        try:
            return fetch(repo_id)
        except HubError as error:
            told = str(error)
        assert "\n" not in told
        assert f"'{repo_id}'" in told
        assert hub_cache.cached_folder(repo_id) is None
    raise AssertionError(f"not fetched in {TRIES} tries: {told}")


@pytest.fixture(params=[10_000_000, 1_000], ids=["begins again", "goes on"])
def taken_up(request, monkeypatch):
    """huggingface_hub goes on from the last whole chunk, of 10 MB; a smaller file begins again."""
    monkeypatch.setattr(constants, "DOWNLOAD_CHUNK_SIZE", request.param)


@pytest.mark.parametrize("percent", range(10, 100, 10))
def test_a_connection_broken_at_each_tenth_costs_no_byte(endpoint, taken_up, percent):
    endpoint.dropped.clear()
    folder = fetched_in_the_end(f"once{percent}/tiny")
    assert sum(endpoint.dropped.values()) == 1
    assert (folder / "model.safetensors").read_bytes() == weights_of(endpoint)
    assert load(Catalogue().find(f"once{percent}/tiny"), device="cpu").vocab_size > 100


def test_connections_broken_at_one_tenth_after_the_other_bring_the_model_in_the_end(endpoint, taken_up):
    endpoint.dropped.clear()
    folder = fetched_in_the_end("tenths/tiny")
    assert sum(endpoint.dropped.values()) == 9
    assert (folder / "model.safetensors").read_bytes() == weights_of(endpoint)
    assert load(Catalogue().find("tenths/tiny"), device="cpu").vocab_size > 100


def cut(path, share=0.5):
    """What a file is after a crash: the first part of it."""
    blob = path.resolve()
    blob.write_bytes(blob.read_bytes()[: int(blob.stat().st_size * share)])


def empty(path):
    cut(path, 0)


def dangling(path):
    path.resolve().unlink()


HALF = {
    "weights cut off": lambda repo, folder: cut(folder / "model.safetensors"),
    "weights empty": lambda repo, folder: empty(folder / "model.safetensors"),
    "weights a link to nothing": lambda repo, folder: dangling(folder / "model.safetensors"),
    "config cut off": lambda repo, folder: cut(folder / "config.json"),
    "config empty": lambda repo, folder: empty(folder / "config.json"),
    "config a link to nothing": lambda repo, folder: dangling(folder / "config.json"),
    "tokenizer cut off": lambda repo, folder: cut(folder / "tokenizer.json"),
    "tokenizer a link to nothing": lambda repo, folder: dangling(folder / "tokenizer.json"),
    "refs/main empty": lambda repo, folder: (repo / "refs" / "main").write_text(""),
    "refs/main zeros": lambda repo, folder: (repo / "refs" / "main").write_bytes(bytes(40)),
    "refs/main of a commit that is not there": lambda repo, folder: (repo / "refs" / "main").write_text(
        "9" * 40
    ),
    "no refs": lambda repo, folder: shutil.rmtree(repo / "refs"),
    "no blobs": lambda repo, folder: shutil.rmtree(repo / "blobs"),
    "an .incomplete beside what is there": lambda repo, folder: left(
        folder / "model.safetensors", gone=False
    ),
    "an .incomplete in place of it": lambda repo, folder: left(folder / "model.safetensors", gone=True),
}


def left(path, gone):
    blob = path.resolve()
    for name in (f"{blob.name}.incomplete", f"{blob.name}.1234abcd.incomplete"):
        (blob.parent / name).write_bytes(blob.read_bytes()[:1000])
    if gone:
        blob.unlink()
        path.unlink()


@pytest.mark.parametrize("half", HALF)
def test_a_half_written_cache_is_mended_by_fetching_anew(endpoint, half):
    folder = fetch("good/tiny")
    before = {path.name: path.read_bytes() for path in folder.iterdir()}
    HALF[half](folder.parent.parent, folder)
    checkpoint = Catalogue().find("good/tiny")
    assert checkpoint.availability in ("downloaded", "to be downloaded")
    assert load(checkpoint, device="cpu").vocab_size > 100
    assert {path.name: path.read_bytes() for path in hub_cache.cached_folder("good/tiny").iterdir()} == before


@pytest.mark.parametrize("half", HALF)
def test_without_the_hub_it_is_refused_with_a_sentence_and_loads_once_the_hub_is_back(
    endpoint, half, monkeypatch
):
    folder = fetch("good/tiny")
    HALF[half](folder.parent.parent, folder)
    checkpoint = Catalogue().find("good/tiny")
    with monkeypatch.context() as away:
        away.setattr(constants, "ENDPOINT", "http://127.0.0.1:9")
        template = "http://127.0.0.1:9/{repo_id}/resolve/{revision}/{filename}"
        away.setattr(constants, "HUGGINGFACE_CO_URL_TEMPLATE", template)
        if "beside what is there" in half:
            load(checkpoint, device="cpu", rules=hub.Rules(timeout=15))
        else:
            with pytest.raises(ModelError, match="cannot be reached") as told:
                load(checkpoint, device="cpu", rules=hub.Rules(timeout=15))
            assert "\n" not in str(told.value)
    assert load(checkpoint, device="cpu").vocab_size > 100


@pytest.mark.parametrize("share", [0.0, 0.5])
def test_shards_missing_or_cut_off_are_fetched_anew(endpoint, share):
    folder = fetch("good/sharded")
    shards = hub_cache.shards(folder / hub_cache.SHARDED)
    cut(folder / shards[0], share)
    assert load(Catalogue().find("good/sharded"), device="cpu").vocab_size > 100
    cut(folder / hub_cache.SHARDED, share)
    with pytest.raises(
        HubError, match=r"index\.json of 'good/sharded' arrived broken .* was deleted; try again"
    ):
        load(Catalogue().find("good/sharded"), device="cpu")
    assert load(Catalogue().find("good/sharded"), device="cpu").vocab_size > 100
    (folder / shards[-1]).unlink()
    assert hub_cache.cached_folder("good/sharded") is None
    assert load(Catalogue().find("good/sharded"), device="cpu").vocab_size > 100
