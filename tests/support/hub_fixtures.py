"""Fixtures that replace the Hub with a local server of tiny models and use an empty cache."""

import pytest
import torch
from huggingface_hub import constants

from mlm_demo.models import hub
from tests.support.hub_stand_in import HubStandIn
from tests.support.tiny_models import build, save_tiny


@pytest.fixture(scope="module")
def models(tmp_path_factory):
    folder = tmp_path_factory.mktemp("models")
    tiny = save_tiny(folder / "tiny")
    pickle = save_tiny(folder / "pickle")
    (pickle / "model.safetensors").unlink()
    torch.save(build("BERT")[1].state_dict(), pickle / "pytorch_model.bin")
    empty = folder / "empty"
    empty.mkdir()
    (empty / "README.md").write_text("nothing")
    sharded = save_tiny(folder / "sharded")
    (sharded / "model.safetensors").unlink()
    build("BERT")[1].save_pretrained(sharded, max_shard_size="8KB")
    return {"tiny": tiny, "pickle": pickle, "empty": empty, "sharded": sharded}


@pytest.fixture(scope="module")
def stand_in(models):
    server = HubStandIn(models)
    yield server
    server.close()


def direct_to(server, cache, monkeypatch):
    """Let huggingface_hub ask a server and keep what it fetches in a folder."""
    file_address = server.address + "/{repo_id}/resolve/{revision}/{filename}"
    monkeypatch.setattr(constants, "ENDPOINT", server.address)
    monkeypatch.setattr(constants, "HUGGINGFACE_CO_URL_TEMPLATE", file_address)
    monkeypatch.setattr(constants, "HF_HUB_CACHE", str(cache))


@pytest.fixture
def endpoint(stand_in, tmp_path, monkeypatch):
    """Direct huggingface_hub to the stand-in, with an empty cache."""
    direct_to(stand_in, tmp_path, monkeypatch)
    stand_in.requests.clear()
    return stand_in


def fetch(repo_id, timeout=20.0, allow_pickle=False):
    return hub.download(repo_id, hub.DownloadPolicy(timeout=timeout, pickle=allow_pickle))
