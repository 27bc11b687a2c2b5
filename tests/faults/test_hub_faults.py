"""Connections to the Hub that break at every tenth of a file, and a cache that a crash left corrupt."""

import shutil
from types import SimpleNamespace

import pytest
from huggingface_hub import constants, file_download

from mlm_demo.errors import HubError, ModelError
from mlm_demo.models import hub, hub_cache
from mlm_demo.models.catalogue import Catalogue
from mlm_demo.models.loader import load
from tests.support.hub_fixtures import fetch
from tests.support.nightly import some

TRIES = 12


@pytest.fixture(autouse=True)
def _no_pauses(monkeypatch):
    """Do not wait; huggingface_hub waits a second before it resumes a download."""
    monkeypatch.setattr(
        file_download, "time", SimpleNamespace(**{**vars(file_download.time), "sleep": lambda seconds: None})
    )


def weights_of(endpoint):
    return (endpoint.models["tiny"] / "model.safetensors").read_bytes()


def fetch_with_retries(repo_id):
    """Retry as the error message suggests; a partial file must never count as the model."""
    message = ""
    for _ in range(TRIES):
        try:
            return fetch(repo_id)
        except HubError as error:
            message = str(error)
        assert "\n" not in message
        assert f"'{repo_id}'" in message
        assert hub_cache.cached_folder(repo_id) is None
    raise AssertionError(f"not fetched in {TRIES} tries: {message}")


@pytest.fixture(params=[10_000_000, 1_000], ids=["restarts", "resumes"])
def chunk_size(request, monkeypatch):
    """huggingface_hub resumes after the last whole chunk of 10 MB; a smaller file restarts."""
    monkeypatch.setattr(constants, "DOWNLOAD_CHUNK_SIZE", request.param)


@pytest.mark.parametrize("percent", some(range(10, 100, 10), 3))
def test_a_connection_that_breaks_once_loses_nothing(endpoint, chunk_size, percent):
    endpoint.dropped.clear()
    folder = fetch_with_retries(f"once{percent}/tiny")
    assert sum(endpoint.dropped.values()) == 1
    assert (folder / "model.safetensors").read_bytes() == weights_of(endpoint)
    assert load(Catalogue().find(f"once{percent}/tiny"), device="cpu").vocab_size > 100


def test_a_download_whose_connection_breaks_ten_times_succeeds(endpoint, chunk_size):
    endpoint.dropped.clear()
    folder = fetch_with_retries("tenths/tiny")
    assert sum(endpoint.dropped.values()) == 9
    assert (folder / "model.safetensors").read_bytes() == weights_of(endpoint)
    assert load(Catalogue().find("tenths/tiny"), device="cpu").vocab_size > 100


def truncate(path, share=0.5):
    """Keep the first part of a file, as after a crash."""
    blob = path.resolve()
    blob.write_bytes(blob.read_bytes()[: int(blob.stat().st_size * share)])


def empty(path):
    truncate(path, 0)


def dangling(path):
    path.resolve().unlink()


CORRUPT = {
    "weights truncated": lambda repo, folder: truncate(folder / "model.safetensors"),
    "weights empty": lambda repo, folder: empty(folder / "model.safetensors"),
    "weights a dangling link": lambda repo, folder: dangling(folder / "model.safetensors"),
    "config truncated": lambda repo, folder: truncate(folder / "config.json"),
    "config empty": lambda repo, folder: empty(folder / "config.json"),
    "config a dangling link": lambda repo, folder: dangling(folder / "config.json"),
    "tokenizer truncated": lambda repo, folder: truncate(folder / "tokenizer.json"),
    "tokenizer a dangling link": lambda repo, folder: dangling(folder / "tokenizer.json"),
    "refs/main empty": lambda repo, folder: (repo / "refs" / "main").write_text(""),
    "refs/main zeros": lambda repo, folder: (repo / "refs" / "main").write_bytes(bytes(40)),
    "refs/main of a missing commit": lambda repo, folder: (repo / "refs" / "main").write_text("9" * 40),
    "no refs": lambda repo, folder: shutil.rmtree(repo / "refs"),
    "no blobs": lambda repo, folder: shutil.rmtree(repo / "blobs"),
    "an .incomplete beside the file": lambda repo, folder: leave_incomplete(
        folder / "model.safetensors", gone=False
    ),
    "an .incomplete in place of the file": lambda repo, folder: leave_incomplete(
        folder / "model.safetensors", gone=True
    ),
}


def leave_incomplete(path, gone):
    blob = path.resolve()
    for name in (f"{blob.name}.incomplete", f"{blob.name}.1234abcd.incomplete"):
        (blob.parent / name).write_bytes(blob.read_bytes()[:1000])
    if gone:
        blob.unlink()
        path.unlink()


@pytest.mark.parametrize("damage", CORRUPT)
def test_a_corrupt_cache_is_repaired_by_a_new_download(endpoint, damage):
    folder = fetch("good/tiny")
    before = {path.name: path.read_bytes() for path in folder.iterdir()}
    CORRUPT[damage](folder.parent.parent, folder)
    ref = Catalogue().find("good/tiny")
    assert ref.availability in ("downloaded", "to be downloaded")
    assert load(ref, device="cpu").vocab_size > 100
    assert {path.name: path.read_bytes() for path in hub_cache.cached_folder("good/tiny").iterdir()} == before


@pytest.mark.parametrize("damage", CORRUPT)
def test_a_corrupt_cache_is_an_error_until_the_hub_is_back(endpoint, damage, monkeypatch):
    folder = fetch("good/tiny")
    CORRUPT[damage](folder.parent.parent, folder)
    ref = Catalogue().find("good/tiny")
    with monkeypatch.context() as offline:
        offline.setattr(constants, "ENDPOINT", "http://127.0.0.1:9")
        template = "http://127.0.0.1:9/{repo_id}/resolve/{revision}/{filename}"
        offline.setattr(constants, "HUGGINGFACE_CO_URL_TEMPLATE", template)
        if "beside the file" in damage:
            load(ref, device="cpu", policy=hub.DownloadPolicy(timeout=15))
        else:
            with pytest.raises(ModelError, match="cannot be reached") as caught:
                load(ref, device="cpu", policy=hub.DownloadPolicy(timeout=15))
            assert "\n" not in str(caught.value)
    assert load(ref, device="cpu").vocab_size > 100


@pytest.mark.parametrize("share", [0.0, 0.5])
def test_missing_or_truncated_shards_are_downloaded_again(endpoint, share):
    folder = fetch("good/sharded")
    shards = hub_cache.shards(folder / hub_cache.SHARDED)
    truncate(folder / shards[0], share)
    assert load(Catalogue().find("good/sharded"), device="cpu").vocab_size > 100
    truncate(folder / hub_cache.SHARDED, share)
    with pytest.raises(
        HubError, match=r"index\.json of 'good/sharded' arrived corrupt .* was deleted; try again"
    ):
        load(Catalogue().find("good/sharded"), device="cpu")
    assert load(Catalogue().find("good/sharded"), device="cpu").vocab_size > 100
    (folder / shards[-1]).unlink()
    assert hub_cache.cached_folder("good/sharded") is None
    assert load(Catalogue().find("good/sharded"), device="cpu").vocab_size > 100
