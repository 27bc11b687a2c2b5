"""The small BERT of the built-in models beside transformers' own, and beside itself as a file holds it."""

import json

import pytest
import torch
from safetensors.torch import load_file, save_file
from transformers import BertForMaskedLM, BertForPreTraining

from mlm_demo.models.native_bert import model as bert
from tests.support.paths import ROOT
from tests.support.tiny_models import save_tiny

BUILT_IN = [ROOT / "assets" / "models" / name for name in ("general", "biomedical")]


def ours(folder, mapped=True):
    config = json.loads((folder / "config.json").read_text())
    return bert.read(config, folder / "model.safetensors", mapped=mapped)


def rows(vocabulary, length=40):
    torch.manual_seed(0)
    ids = torch.randint(5, vocabulary, (3, length))
    attention_mask = torch.ones_like(ids)
    attention_mask[1, 9:], attention_mask[2, 1:] = 0, 0
    return {"input_ids": ids, "attention_mask": attention_mask}


@pytest.mark.parametrize("folder", BUILT_IN, ids=lambda folder: folder.name)
def test_the_built_in_models_give_the_logits_of_transformers(folder):
    theirs, inputs = BertForMaskedLM.from_pretrained(folder, dtype=torch.float32).eval(), rows(30522)
    real = inputs["attention_mask"].bool()
    with torch.inference_mode():
        wanted, found = theirs(**inputs).logits, ours(folder)(**inputs).logits
        torch.testing.assert_close(found[real], wanted[real], rtol=0, atol=1e-4)
        whole = {"input_ids": inputs["input_ids"], "attention_mask": torch.ones_like(inputs["input_ids"])}
        torch.testing.assert_close(ours(folder)(**whole).logits, theirs(**whole).logits, rtol=0, atol=1e-4)
    assert ours(folder).num_parameters() == theirs.num_parameters()


@pytest.mark.parametrize("mapped", [True, False])
def test_a_tiny_one_gives_the_logits_of_transformers(tmp_path, mapped):
    save_tiny(tmp_path)
    theirs = BertForMaskedLM.from_pretrained(tmp_path).eval()
    inputs = rows(theirs.config.vocab_size)
    with torch.inference_mode():
        wanted, found = theirs(**inputs).logits, ours(tmp_path, mapped)(**inputs).logits
    real = inputs["attention_mask"].bool()
    torch.testing.assert_close(found[real], wanted[real], rtol=0, atol=1e-5)


def test_embeddings_in_fewer_bits_are_used_as_they_lie_in_the_file(tmp_path):
    save_tiny(tmp_path)
    file = tmp_path / "model.safetensors"
    save_file({name: tensor.half() for name, tensor in load_file(file).items()}, file)
    model, theirs = ours(tmp_path), BertForMaskedLM.from_pretrained(tmp_path, dtype=torch.float32).eval()
    assert model.decoder_rows.dtype == torch.float16
    assert model.get_output_embeddings().weight.dtype == torch.float32
    inputs = rows(theirs.config.vocab_size)
    with torch.inference_mode():
        wanted, found = theirs(**inputs).logits, model(**inputs).logits
    torch.testing.assert_close(found[0], wanted[0], rtol=0, atol=1e-5)


def test_a_pre_training_checkpoint_holds_more_than_is_needed(tmp_path):
    save_tiny(tmp_path)
    theirs = BertForMaskedLM.from_pretrained(tmp_path).eval()
    whole = BertForPreTraining(theirs.config)
    whole.load_state_dict(theirs.state_dict(), strict=False)
    whole.tie_weights()
    whole.save_pretrained(tmp_path)
    inputs = rows(theirs.config.vocab_size)
    with torch.inference_mode():
        torch.testing.assert_close(
            ours(tmp_path)(**inputs).logits[0], theirs(**inputs).logits[0], rtol=0, atol=1e-5
        )


@pytest.mark.parametrize(
    ("change", "error"),
    [
        (lambda state: state.pop("bert.embeddings.LayerNorm.bias"), RuntimeError),
        (lambda state: state.pop("bert.embeddings.word_embeddings.weight"), KeyError),
        (lambda state: state.update({"cls.predictions.bias": torch.zeros(3)}), RuntimeError),
        (lambda state: state.update({"bert.more": torch.zeros(3)}), RuntimeError),
    ],
    ids=["a weight less", "no embeddings", "another size", "a weight more"],
)
def test_weights_of_another_model_are_not_taken(tmp_path, change, error):
    save_tiny(tmp_path)
    file = tmp_path / "model.safetensors"
    state = load_file(file)
    change(state)
    save_file(state, file)
    with pytest.raises(error):
        ours(tmp_path)
