import os

import pytest
import torch

from mlm_demo.errors import ModelError, ParameterError
from mlm_demo.models import catalogue as refs
from mlm_demo.models.catalogue import Catalogue, ModelRef
from mlm_demo.models.pool import ModelPool
from mlm_demo.settings import Settings
from tests.support.tiny_models import save_tiny

needs_int8 = pytest.mark.skipif(
    "fbgemm" not in torch.backends.quantized.supported_engines, reason="no 8-bit products on this processor"
)


def nobody(share, what):
    """Progress that nobody watches."""


@pytest.fixture
def models():
    return ModelPool(Settings(device="cpu", models_in_memory=2))


@pytest.fixture
def tiny(tmp_path, monkeypatch):
    """Three tiny models in the place of built-in ones."""
    monkeypatch.setattr(refs, "BUILT_IN_FOLDER", tmp_path)
    for seed in range(3):
        save_tiny(tmp_path / str(seed), seed=seed)
    return [ModelRef(str(seed), "built in", f"Tiny {seed}") for seed in range(3)]


def test_a_model_is_loaded_once_and_the_last_few_are_kept(models, tiny):
    assert models.names() == []
    first = models.get(tiny[0], "exact", nobody)
    assert models.get(tiny[0], "exact", nobody) is first
    assert models.holds(tiny[0], "exact")
    assert not models.holds(tiny[1], "exact")
    for ref in tiny:
        models.get(ref, "exact", nobody)
    assert models.names() == ["1", "2"]
    assert models.get(tiny[0], "exact", nobody) is not first


@needs_int8
def test_each_precision_is_a_model_of_its_own(models, tiny):
    exact, int8 = (models.get(tiny[0], precision, nobody) for precision in ("exact", "int8"))
    assert (exact.precision, int8.precision) == ("exact", "int8")
    assert models.names() == ["0", "0"]


def test_what_is_no_small_bert_is_loaded_by_transformers(models, tmp_path):
    said = []
    folder = Catalogue().find(str(save_tiny(tmp_path / "roberta", "RoBERTa")))
    mlm = models.get(folder, "exact", lambda share, what: said.append(what))
    assert mlm.describe()["architecture"] == "RobertaForMaskedLM"
    assert said[0] == "Starting torch"
    assert said[-1].startswith("Loading ")


def test_a_broken_model_is_told_and_may_be_mended(models, tiny):
    file = tiny[0].folder / "model.safetensors"
    whole = file.read_bytes()
    os.truncate(file, 100)
    with pytest.raises(ModelError, match="cannot be loaded, the file may be broken"):
        models.get(tiny[0], "exact", nobody)
    file.write_bytes(whole)
    assert models.get(tiny[0], "exact", nobody).vocab_size > 100


@pytest.mark.parametrize("there", [True, False])
def test_what_auto_is(models, there, monkeypatch):
    monkeypatch.setattr("mlm_demo.models.cpu.optimize.takes_int8", lambda device: there)
    assert models.precision("auto", plain=True) == ("int8" if there else "exact")
    assert models.precision("auto", plain=False) == "exact"
    assert models.precision("exact", plain=True) == "exact"


def test_a_precision_that_cannot_be_had(models, monkeypatch):
    with pytest.raises(ParameterError, match="The precision is 'int4'; it is one of auto, exact, int8"):
        models.precision("int4", plain=True)
    monkeypatch.setattr("mlm_demo.models.cpu.optimize.takes_int8", lambda device: False)
    with pytest.raises(ParameterError, match="needs a processor of the x86 kind"):
        models.precision("int8", plain=True)
