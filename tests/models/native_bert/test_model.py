"""The native BERT compared with that of transformers."""

import json

import pytest
import torch
from safetensors.torch import load_file, save_file
from transformers import BertForMaskedLM, BertForPreTraining

from mlm_demo.models.native_bert.model import read_model
from tests.support.paths import ROOT
from tests.support.tiny_models import save_tiny

BUILT_IN = [ROOT / "assets" / "models" / name for name in ("general", "biomedical")]


def ours(folder, mapped=True):
    config = json.loads((folder / "config.json").read_text())
    return read_model(config, folder / "model.safetensors", mapped=mapped)


def rows(vocabulary, length=40):
    torch.manual_seed(0)
    ids = torch.randint(5, vocabulary, (3, length))
    attention_mask = torch.ones_like(ids)
    attention_mask[1, 9:], attention_mask[2, 1:] = 0, 0
    return {"input_ids": ids, "attention_mask": attention_mask}


@pytest.mark.parametrize("folder", BUILT_IN, ids=lambda folder: folder.name)
def test_built_in_models_give_the_logits_of_transformers(folder):
    theirs, inputs = BertForMaskedLM.from_pretrained(folder, dtype=torch.float32).eval(), rows(30522)
    real = inputs["attention_mask"].bool()
    with torch.inference_mode():
        expected, found = theirs(**inputs).logits, ours(folder)(**inputs).logits
        torch.testing.assert_close(found[real], expected[real], rtol=0, atol=1e-4)
        unpadded = {"input_ids": inputs["input_ids"], "attention_mask": torch.ones_like(inputs["input_ids"])}
        torch.testing.assert_close(
            ours(folder)(**unpadded).logits, theirs(**unpadded).logits, rtol=0, atol=1e-4
        )
    assert ours(folder).num_parameters() == theirs.num_parameters()


@pytest.mark.parametrize("mapped", [True, False])
def test_a_tiny_model_gives_the_logits_of_transformers(tmp_path, mapped):
    save_tiny(tmp_path)
    theirs = BertForMaskedLM.from_pretrained(tmp_path).eval()
    inputs = rows(theirs.config.vocab_size)
    with torch.inference_mode():
        expected, found = theirs(**inputs).logits, ours(tmp_path, mapped)(**inputs).logits
    real = inputs["attention_mask"].bool()
    torch.testing.assert_close(found[real], expected[real], rtol=0, atol=1e-5)


def test_mapped_embeddings_keep_the_type_of_the_file(tmp_path):
    save_tiny(tmp_path)
    file = tmp_path / "model.safetensors"
    save_file({name: tensor.half() for name, tensor in load_file(file).items()}, file)
    model, theirs = ours(tmp_path), BertForMaskedLM.from_pretrained(tmp_path, dtype=torch.float32).eval()
    assert model.decoder_rows.dtype == torch.float16
    assert model.get_output_embeddings().weight.dtype == torch.float32
    inputs = rows(theirs.config.vocab_size)
    with torch.inference_mode():
        expected, found = theirs(**inputs).logits, model(**inputs).logits
    torch.testing.assert_close(found[0], expected[0], rtol=0, atol=1e-5)


def test_the_extra_weights_of_a_pre_training_model_are_ignored(tmp_path):
    save_tiny(tmp_path)
    theirs = BertForMaskedLM.from_pretrained(tmp_path).eval()
    pretrained = BertForPreTraining(theirs.config)
    pretrained.load_state_dict(theirs.state_dict(), strict=False)
    pretrained.tie_weights()
    pretrained.save_pretrained(tmp_path)
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
    ids=["missing weight", "missing embeddings", "other shape", "extra weight"],
)
def test_weights_that_do_not_fit_are_an_error(tmp_path, change, error):
    save_tiny(tmp_path)
    file = tmp_path / "model.safetensors"
    state = load_file(file)
    change(state)
    save_file(state, file)
    with pytest.raises(error):
        ours(tmp_path)
