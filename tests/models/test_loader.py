import json
import shutil
from concurrent.futures import ThreadPoolExecutor

import pytest
import torch
from safetensors.torch import load_file, save_file
from transformers import (
    BertConfig,
    BertForSequenceClassification,
    BertLMHeadModel,
    GPT2Config,
    GPT2LMHeadModel,
)

from mlm_demo.errors import ModelError
from mlm_demo.models.catalogue import BUILT_IN_FOLDER, Catalogue
from mlm_demo.models.loader import load_folder
from tests.support.tiny_models import ARCHITECTURES, build, save_tiny, tokenizer_of

SIZES = {"hidden_size": 16, "num_hidden_layers": 1, "num_attention_heads": 2, "intermediate_size": 16}


def load_from(folder, **options):
    return load_folder(folder, "it", device="cpu", **options)


def change_config(folder, **changes):
    path = folder / "config.json"
    config = {**json.loads(path.read_text()), **changes}
    path.write_text(json.dumps({k: v for k, v in config.items() if v is not None}))


def test_several_models_load_at_once(tmp_path):
    names = ("BERT", "RoBERTa", "DistilBERT", "XLM-R") * 4
    for name in set(names):
        save_tiny(tmp_path / name, name)
    with ThreadPoolExecutor(4) as pool:
        assert len(list(pool.map(lambda name: load_from(tmp_path / name), names))) == len(names)


@pytest.mark.parametrize("architecture", ARCHITECTURES)
def test_every_architecture_saves_and_loads(architecture, tmp_path):
    mlm = load_from(save_tiny(tmp_path, architecture))
    original = build(architecture)[1]
    row = mlm.with_special_tokens(mlm.encode("the fox").ids)
    with torch.inference_mode():
        expected = original(torch.tensor([row])).logits[0, 1]
    torch.testing.assert_close(mlm.logits_at([row], [[1]])[0], expected, atol=2e-5, rtol=1e-4)


def test_built_in_models_are_float16_on_disk_and_float32_in_memory(general):
    on_disk = load_file(BUILT_IN_FOLDER / "general" / "model.safetensors")
    assert {t.dtype for t in on_disk.values()} == {torch.float16}
    assert {p.dtype for p in general.model.parameters()} == {torch.float32}


def test_a_folder_without_a_model_is_an_error(tmp_path):
    with pytest.raises(ModelError, match=r"'it' is not a transformers folder: it has no config\.json"):
        load_from(tmp_path)
    with pytest.raises(ModelError, match="There is no folder '/no/such'"):
        Catalogue().find("/no/such")


def test_missing_weights_are_an_error(tmp_path):
    (save_tiny(tmp_path) / "model.safetensors").unlink()
    with pytest.raises(ModelError, match=r"'it' has no weights: its folder has no model.safetensors"):
        load_from(tmp_path)


def test_a_pickle_is_refused_unless_allowed(tmp_path):
    (save_tiny(tmp_path) / "model.safetensors").unlink()
    torch.save(build("BERT")[1].state_dict(), tmp_path / "pytorch_model.bin")
    with pytest.raises(ModelError, match=r"only as a pickle file \(pytorch_model.bin\)"):
        load_from(tmp_path)
    assert load_from(tmp_path, allow_pickle=True).vocab_size > 100


def test_a_git_lfs_pointer_is_an_error(tmp_path):
    (save_tiny(tmp_path) / "model.safetensors").write_text(
        "version https://git-lfs.github.com/spec/v1\noid sha256:0\n"
    )
    with pytest.raises(ModelError, match=r"are a git-LFS pointer, not the file itself; run `git lfs pull`"):
        load_from(tmp_path)


def test_a_truncated_file_is_an_error(tmp_path):
    weights = save_tiny(tmp_path) / "model.safetensors"
    weights.write_bytes(weights.read_bytes()[:-500])
    with pytest.raises(ModelError, match=r"weights of 'it' cannot be loaded, the file may be broken"):
        load_from(tmp_path)


def test_running_out_of_memory_is_not_reported_as_a_broken_file(tmp_path, monkeypatch):
    def full(*_, **__):
        raise RuntimeError("DefaultCPUAllocator: can't allocate memory")

    monkeypatch.setattr("mlm_demo.models.loader.AutoModelForMaskedLM.from_pretrained", full)
    with pytest.raises(RuntimeError, match="can't allocate memory"):
        load_from(save_tiny(tmp_path))


@pytest.mark.parametrize("content", ["", "{", "[]", "\x00\x01"])
def test_a_broken_config_is_an_error(tmp_path, content):
    (save_tiny(tmp_path) / "config.json").write_text(content)
    with pytest.raises(ModelError, match=r"The config.json of 'it' cannot be read"):
        load_from(tmp_path)


def test_a_causal_model_is_refused(tmp_path):
    tokenizer_of("RoBERTa").save_pretrained(tmp_path)
    GPT2LMHeadModel(GPT2Config(vocab_size=400, n_embd=16, n_layer=1, n_head=2)).save_pretrained(tmp_path)
    with pytest.raises(ModelError, match="'it' is of the type 'gpt2', for which transformers has no masked"):
        load_from(tmp_path)


def test_a_decoder_of_a_masked_family_is_refused(tmp_path):
    tokenizer = tokenizer_of("BERT")
    tokenizer.save_pretrained(tmp_path)
    BertLMHeadModel(BertConfig(vocab_size=len(tokenizer), is_decoder=True, **SIZES)).save_pretrained(tmp_path)
    with pytest.raises(ModelError, match="is a BertLMHeadModel, not a masked language model"):
        load_from(tmp_path)
    change_config(tmp_path, architectures=["BertForMaskedLM"])
    with pytest.raises(ModelError, match="is a causal language model"):
        load_from(tmp_path)


def test_a_classifier_is_refused_by_name_and_by_its_weights(tmp_path):
    tokenizer = tokenizer_of("BERT")
    tokenizer.save_pretrained(tmp_path)
    BertForSequenceClassification(BertConfig(vocab_size=len(tokenizer), **SIZES)).save_pretrained(tmp_path)
    with pytest.raises(ModelError, match="is a BertForSequenceClassification, not a masked language model"):
        load_from(tmp_path)
    change_config(tmp_path, architectures=None)
    with pytest.raises(
        ModelError, match=r"lacks weights that a masked language model needs .* random numbers"
    ):
        load_from(tmp_path)


def test_code_from_a_models_folder_is_not_run(tmp_path):
    save_tiny(tmp_path)
    canary = tmp_path / "fired"
    (tmp_path / "modeling_own.py").write_text(f"open({str(canary)!r}, 'w')")
    change_config(tmp_path, model_type="own", auto_map={"AutoModelForMaskedLM": "modeling_own.Own"})
    with pytest.raises(ModelError, match="code from a model's folder is never run"):
        load_from(tmp_path)
    assert not canary.exists()


def test_a_tokenizer_without_a_mask_token_is_refused(tmp_path):
    save_tiny(tmp_path)
    path = tmp_path / "tokenizer_config.json"
    config = json.loads(path.read_text())
    config["mask_token"] = None
    path.write_text(json.dumps(config))
    with pytest.raises(ModelError, match="has no mask token, so there is nothing to fill"):
        load_from(tmp_path)


def test_a_broken_tokenizer_is_an_error(tmp_path):
    (save_tiny(tmp_path) / "tokenizer.json").write_text("{")
    with pytest.raises(ModelError, match="tokenizer of 'it' cannot be loaded"):
        load_from(tmp_path)


def test_a_tokenizer_larger_than_the_embeddings_is_refused(tmp_path):
    save_tiny(tmp_path)
    for path in (BUILT_IN_FOLDER / "general").glob("tokenizer*"):
        shutil.copy(path, tmp_path)
    with pytest.raises(
        ModelError, match=r"does not fit its model: its ids go up to 30521, but the model has \d+"
    ):
        load_from(tmp_path)


def test_weights_of_another_shape_are_refused(tmp_path):
    save_tiny(tmp_path)
    weights = load_file(tmp_path / "model.safetensors")
    weights["cls.predictions.transform.dense.weight"] = torch.zeros(8, 8)
    save_file(weights, tmp_path / "model.safetensors", metadata={"format": "pt"})
    with pytest.raises(ModelError, match=r"lacks weights|cannot be loaded"):
        load_from(tmp_path)
