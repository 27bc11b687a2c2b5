import pytest
import torch

from mlm_demo.models.task_loader import from_masked_lm
from mlm_demo.models.task_model import ANSWERS, EVIDENCE
from tests.support.tiny_models import ARCHITECTURES, POSITIONS, SENTENCES, tiny

QUESTION = "What is the capital of France?"


@pytest.mark.parametrize("architecture", ARCHITECTURES)
def test_a_padded_batch_gives_the_logits_of_each_pair_alone(architecture):
    model = from_masked_lm(tiny(architecture), EVIDENCE)
    windows = [model.pair_encoding(QUESTION, sentence)[0] for sentence in SENTENCES]
    assert len({len(window) for window in windows}) > 1
    with torch.inference_mode():
        together = model.model(**model.inputs(windows)).logits
        alone = torch.cat([model.model(**model.inputs([window])).logits for window in windows])
    assert together.shape == (len(SENTENCES), 1)
    torch.testing.assert_close(together, alone, atol=1e-4, rtol=1e-4)


@pytest.mark.parametrize("architecture", ARCHITECTURES)
def test_inputs_are_those_of_the_tokenizer(architecture):
    model = from_masked_lm(tiny(architecture), ANSWERS)
    inputs = model.inputs(model.pair_encoding(QUESTION, SENTENCES[0]))
    expected = model.tokenizer(QUESTION, SENTENCES[0], return_tensors="pt", return_token_type_ids=True)
    assert inputs["input_ids"].tolist() == expected["input_ids"].tolist()
    if model.takes_types:
        assert inputs["token_type_ids"].tolist() == expected["token_type_ids"].tolist()
    with torch.inference_mode():
        output = model.model(**inputs)
    assert output.start_logits.shape == output.end_logits.shape == inputs["input_ids"].shape


def test_only_models_with_two_types_of_text_take_token_types():
    taking = {name for name in ARCHITECTURES if from_masked_lm(tiny(name), EVIDENCE).takes_types}
    assert {"BERT", "ALBERT", "ELECTRA"} <= taking
    assert not {"DistilBERT", "MPNet", "ModernBERT", "DeBERTa-v2"} & taking


@pytest.mark.parametrize("architecture", ARCHITECTURES)
def test_the_longest_input_is_read(architecture):
    model = from_masked_lm(tiny(architecture), ANSWERS)
    assert model.max_tokens == POSITIONS
    window = model.pair_encoding(QUESTION, " ".join(SENTENCES * 2))[0]
    assert len(window) == POSITIONS
    with torch.inference_mode():
        assert model.model(**model.inputs([window])).start_logits.isfinite().all()
