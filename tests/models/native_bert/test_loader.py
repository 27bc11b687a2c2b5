import json
import os
import subprocess
import sys

import pytest
import torch
from safetensors.torch import load_file, save_file
from transformers import AutoTokenizer

from mlm_demo.errors import ModelError
from mlm_demo.models import catalogue
from mlm_demo.models.catalogue import Catalogue, ModelRef
from mlm_demo.models.loader import load
from mlm_demo.models.native_bert import loader
from mlm_demo.models.native_bert.loader import load_native
from mlm_demo.runs.adapted_models import adapted_model
from tests.support.paths import ROOT
from tests.support.tiny_models import save_tiny

TEXT = "Paris is the [MASK] of France, and it is [MASK]."


@pytest.fixture
def built_in(tmp_path, monkeypatch):
    """A tiny model in place of a built-in one."""
    monkeypatch.setattr(catalogue, "BUILT_IN_FOLDER", tmp_path)
    save_tiny(tmp_path / "tiny")
    return ModelRef("tiny", "built in", "Tiny BERT")


def logits(mlm):
    row = mlm.with_special_tokens(mlm.encode(TEXT).ids)
    return mlm.logits_at([row], [[i for i, token in enumerate(row) if token == mlm.mask_id]])


def assert_same(native, original):
    torch.testing.assert_close(logits(native), logits(original), rtol=0, atol=1e-4)
    assert native.describe() == original.describe()
    for name in ("max_tokens", "prefix", "suffix", "piece_style", "mask_absorbs_space", "capacity"):
        assert getattr(native, name) == getattr(original, name), name
    assert [native.piece(token) for token in range(0, 200, 7)] == [
        original.piece(token) for token in range(0, 200, 7)
    ]


@pytest.mark.parametrize("name", ["general", "biomedical"])
def test_a_built_in_model_equals_the_one_transformers_loads(name):
    ref = Catalogue().find(name)
    assert_same(load_native(ref, "cpu"), load(ref, device="cpu"))


def test_an_adapted_model_equals_the_one_transformers_loads(finished):
    ref = adapted_model(finished)
    assert_same(load_native(ref, "cpu"), load(ref, device="cpu"))


def test_an_adapted_model_does_not_depend_on_its_file(finished):
    mlm = load_native(adapted_model(finished), "cpu")
    before = logits(mlm)
    os.truncate(finished.output / "model.safetensors", 0)  # reading a mapped file would kill the process now
    assert torch.equal(logits(mlm), before)


def test_answers_need_no_transformers():
    code = """
import sys
from mlm_demo.inference.engine import Engine
from mlm_demo.settings import Settings
engine = Engine(Settings(device="cpu"))
assert engine.fill_mask("Paris is the <mask> of France.")["masks"][0][0]["word"] == "capital"
engine.compare("The patient has <mask>.", ["general", "biomedical"], targets="asthma,hepatosplenomegaly")
engine.fill_mask("<mask> and <mask>", joint=True)
engine.score("The patient sat.")
found = {"transformers", "torch._dynamo", "sympy"} & set(sys.modules)
assert not found, found
"""
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, check=False, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


def test_other_kinds_of_models_are_left_to_transformers(tmp_path):
    folder = save_tiny(tmp_path / "tiny")
    assert load_native(Catalogue().find(str(folder)), "cpu") is None
    assert load_native(ModelRef("a/b", "hub", "B"), "cpu") is None


@pytest.mark.parametrize(
    "change",
    [
        {"model_type": "roberta"}, {"hidden_act": "gelu_new"}, {"position_embedding_type": "relative_key"},
        {"tie_word_embeddings": False}, {"is_decoder": True}, {"vocab_size": 20}, {"num_hidden_layers": 1},
        {"num_hidden_layers": "two"}, {"model_type": ""},
    ],
    ids=str,
)  # fmt: skip
def test_another_config_is_left_to_transformers(built_in, change):
    file = built_in.folder / "config.json"
    file.write_text(json.dumps({**json.loads(file.read_text()), **change}))
    assert load_native(built_in, "cpu") is None


def test_another_tokenizer_is_left_to_transformers(built_in):
    tokenizer = AutoTokenizer.from_pretrained(built_in.folder)
    tokenizer.add_tokens(["hepatomegaly"])
    tokenizer.save_pretrained(built_in.folder)
    assert load_native(built_in, "cpu") is None


@pytest.mark.parametrize(
    "name", ["config.json", "tokenizer.json", "tokenizer_config.json", "model.safetensors"]
)
@pytest.mark.parametrize("damage", ["truncated", "empty", "missing"])
def test_broken_files_are_left_to_transformers(built_in, name, damage):
    file = built_in.folder / name
    if damage == "missing":
        file.unlink()
    else:
        os.truncate(file, file.stat().st_size // 2 if damage == "truncated" else 0)
    assert load_native(built_in, "cpu") is None


def test_a_missing_weight_is_left_to_transformers(built_in):
    file = built_in.folder / "model.safetensors"
    state = load_file(file)
    del state["cls.predictions.transform.dense.bias"]
    save_file(state, file, metadata={"format": "pt"})
    assert load_native(built_in, "cpu") is None
    with pytest.raises(ModelError, match="lacks weights"):
        load(built_in, device="cpu")


def test_running_out_of_memory_is_not_left_to_transformers(built_in, monkeypatch):
    def full(*_, **__):
        raise MemoryError

    monkeypatch.setattr(loader, "read_model", full)
    with pytest.raises(MemoryError):
        load_native(built_in, "cpu")


def test_a_missing_device_is_an_error(built_in, monkeypatch):
    monkeypatch.setattr(torch.backends.mps, "is_available", lambda: False)
    with pytest.raises(ModelError, match="finds no mps device"):
        load_native(built_in, "mps")
