import json

import pytest
import torch
from transformers import (
    AutoModelForQuestionAnswering,
    AutoModelForSequenceClassification,
    BertConfig,
    BertForSequenceClassification,
)

from mlm_demo.errors import ModelError
from mlm_demo.models.task_loader import load_task_model, with_head
from mlm_demo.models.tasks import ANSWERS, EVIDENCE, TASKS
from tests.support.task_models import save_task
from tests.support.tiny_models import ARCHITECTURES, build, save_tiny, tiny, tokenizer_of

CLASSES = {EVIDENCE: AutoModelForSequenceClassification, ANSWERS: AutoModelForQuestionAnswering}


def change_config(folder, **changes):
    path = folder / "config.json"
    path.write_text(json.dumps({**json.loads(path.read_text()), **changes}))


@pytest.mark.parametrize("task", TASKS)
@pytest.mark.parametrize("architecture", ARCHITECTURES)
def test_every_architecture_gets_a_head_on_its_encoder(architecture, task, tmp_path):
    """The weights are those that transformers takes from the folder; what it draws is the head and a pooler."""
    model = with_head(tiny(architecture), task)
    theirs, info = CLASSES[task].from_pretrained(
        save_tiny(tmp_path, architecture), num_labels=1 if task == EVIDENCE else 2, output_loading_info=True
    )
    assert type(model.model) is type(theirs)
    drawn = set(info["missing_keys"])
    assert drawn
    for name, tensor in theirs.state_dict().items():
        assert name in drawn or torch.equal(tensor, model.model.state_dict()[name]), name


@pytest.mark.parametrize("task", TASKS)
@pytest.mark.parametrize("architecture", ARCHITECTURES)
def test_every_architecture_saves_and_loads(architecture, task, tmp_path):
    model = load_task_model(save_task(tmp_path, task, architecture), device="cpu")
    assert model.task == task
    assert model.name == str(tmp_path)
    assert len(model.revision) == 12
    window = model.pair_encoding("Who sat?", "The patient sat.")
    with torch.inference_mode():
        inputs = model.inputs(window)
        expected = with_head(tiny(architecture), task).model(**inputs)
        torch.testing.assert_close(model.model(**inputs)[0], expected[0])


def test_the_seed_draws_the_head_alone():
    one, same, other = (with_head(tiny("BERT"), ANSWERS, seed=seed).model for seed in (1, 1, 2))
    for name, tensor in one.state_dict().items():
        assert torch.equal(tensor, same.state_dict()[name])
        assert torch.equal(tensor, other.state_dict()[name]) == ("qa_outputs.weight" not in name)


def test_drawing_a_head_leaves_the_random_numbers_of_others_alone():
    torch.manual_seed(5)
    expected = torch.rand(1)
    torch.manual_seed(5)
    with_head(tiny("BERT"), EVIDENCE)
    assert torch.equal(torch.rand(1), expected)


def test_the_masked_language_model_stays_unchanged():
    mlm = tiny("BERT")
    model = with_head(mlm, EVIDENCE)
    before = mlm.model.bert.embeddings.word_embeddings.weight.clone()
    with torch.no_grad():
        model.model.bert.embeddings.word_embeddings.weight.zero_()
    assert torch.equal(mlm.model.bert.embeddings.word_embeddings.weight, before)
    assert mlm.model.config.num_labels == 2
    assert mlm.model.config.architectures is None


def test_a_type_without_such_a_model_is_refused(monkeypatch):
    monkeypatch.setitem(
        with_head.__globals__["ARCHITECTURES"], ANSWERS, {"roberta": "RobertaForQuestionAnswering"}
    )
    with pytest.raises(
        ModelError, match="of the type 'bert', for which transformers has no model for question"
    ):
        with_head(tiny("BERT"), ANSWERS)


def test_a_masked_language_model_is_not_fine_tuned(tmp_path):
    with pytest.raises(
        ModelError, match="'it' is a BertForMaskedLM, which answers no questions; name the folder"
    ):
        load_task_model(save_tiny(tmp_path), "it")
    with pytest.raises(ModelError, match=r"is not a transformers folder: it has no config\.json"):
        load_task_model(tmp_path / "none", "it")


def test_a_model_for_another_task_is_refused(tmp_path):
    save_task(tmp_path, EVIDENCE)
    with pytest.raises(
        ModelError, match=r"was fine-tuned for evidence .* answers needs a model for question"
    ):
        load_task_model(tmp_path, "it", task=ANSWERS)
    assert load_task_model(tmp_path, "it", task=EVIDENCE, device="cpu").task == EVIDENCE


def test_a_config_of_another_architecture_is_refused(tmp_path):
    change_config(save_task(tmp_path, ANSWERS), model_type="gpt2", architectures=["GPT2LMHeadModel"])
    with pytest.raises(ModelError, match="'it' is a GPT2LMHeadModel, which answers no questions"):
        load_task_model(tmp_path, "it")
    change_config(tmp_path, architectures=["BertForQuestionAnswering"])
    with pytest.raises(ModelError, match="which answers no questions"):
        load_task_model(tmp_path, "it")
    change_config(tmp_path, architectures=None)
    with pytest.raises(ModelError, match="'it' is of the type 'gpt2', which answers"):
        load_task_model(tmp_path, "it")


def test_a_classifier_with_several_labels_is_refused(tmp_path):
    tokenizer = tokenizer_of("BERT")
    tokenizer.save_pretrained(tmp_path)
    sizes = {"hidden_size": 16, "num_hidden_layers": 1, "num_attention_heads": 2, "intermediate_size": 16}
    for labels in (2, 3):
        config = BertConfig(vocab_size=len(tokenizer), num_labels=labels, **sizes)
        BertForSequenceClassification(config).save_pretrained(tmp_path)
        with pytest.raises(ModelError, match=f"'it' sorts texts into {labels} classes, but evidence needs"):
            load_task_model(tmp_path, "it")


def test_weights_without_the_head_are_refused(tmp_path):
    """transformers would load them with a random head."""
    save_tiny(tmp_path)
    change_config(tmp_path, architectures=["BertForQuestionAnswering"])
    with pytest.raises(ModelError, match=r"such as qa_outputs\.bias\), so it would answer at random"):
        load_task_model(tmp_path, "it")


def test_a_pickle_is_refused_unless_allowed(tmp_path):
    save_task(tmp_path, ANSWERS)
    (tmp_path / "model.safetensors").unlink()
    torch.save(with_head(tiny("BERT"), ANSWERS).model.state_dict(), tmp_path / "pytorch_model.bin")
    with pytest.raises(ModelError, match=r"only as a pickle file \(pytorch_model.bin\)"):
        load_task_model(tmp_path, "it")
    assert load_task_model(tmp_path, "it", allow_pickle=True, device="cpu").task == ANSWERS


def test_broken_files_are_errors(tmp_path):
    weights = save_task(tmp_path, ANSWERS) / "model.safetensors"
    weights.write_bytes(weights.read_bytes()[:-500])
    with pytest.raises(ModelError, match=r"weights of 'it' cannot be loaded, the file may be broken"):
        load_task_model(tmp_path, "it")
    (tmp_path / "config.json").write_text("{")
    with pytest.raises(ModelError, match=r"The config.json of 'it' cannot be read"):
        load_task_model(tmp_path, "it")


def test_a_tokenizer_of_another_model_is_refused(tmp_path):
    save_task(tmp_path, ANSWERS)
    build("RoBERTa")[0].save_pretrained(tmp_path)
    with pytest.raises(ModelError, match="does not fit its model"):
        load_task_model(tmp_path, "it")
