import random
from itertools import pairwise, product

import pytest
import torch

from mlm_demo.errors import ModelError
from mlm_demo.models import task_model
from mlm_demo.models.task_loader import with_head
from mlm_demo.models.tasks import ANSWERS, EVIDENCE, TASKS
from tests.support.tiny_models import ARCHITECTURES, POSITIONS, SENTENCES, tiny

QUESTION = "What is the capital of France?"


@pytest.mark.parametrize("architecture", ARCHITECTURES)
def test_a_padded_batch_gives_the_logits_of_each_pair_alone(architecture):
    model = with_head(tiny(architecture), EVIDENCE)
    windows = [model.pair_encoding(QUESTION, sentence)[0] for sentence in SENTENCES]
    assert len({len(window) for window in windows}) > 1
    with torch.inference_mode():
        together = model.model(**model.inputs(windows)).logits
        alone = torch.cat([model.model(**model.inputs([window])).logits for window in windows])
    assert together.shape == (len(SENTENCES), 1)
    torch.testing.assert_close(together, alone, atol=1e-4, rtol=1e-4)


@pytest.mark.parametrize("architecture", ARCHITECTURES)
def test_inputs_are_those_of_the_tokenizer(architecture):
    model = with_head(tiny(architecture), ANSWERS)
    inputs = model.inputs(model.pair_encoding(QUESTION, SENTENCES[0]))
    expected = model.tokenizer(QUESTION, SENTENCES[0], return_tensors="pt", return_token_type_ids=True)
    assert inputs["input_ids"].tolist() == expected["input_ids"].tolist()
    if model.takes_types:
        assert inputs["token_type_ids"].tolist() == expected["token_type_ids"].tolist()
    with torch.inference_mode():
        output = model.model(**inputs)
    assert output.start_logits.shape == output.end_logits.shape == inputs["input_ids"].shape


def test_only_models_with_two_types_of_text_take_token_types():
    taking = {name for name in ARCHITECTURES if with_head(tiny(name), EVIDENCE).takes_types}
    assert {"BERT", "ALBERT", "ELECTRA"} <= taking
    assert not {"DistilBERT", "MPNet", "ModernBERT", "DeBERTa-v2"} & taking


@pytest.mark.parametrize("architecture", ARCHITECTURES)
def test_the_longest_input_is_read(architecture):
    model = with_head(tiny(architecture), ANSWERS)
    assert model.max_tokens == POSITIONS
    window = model.pair_encoding(QUESTION, " ".join(SENTENCES * 2))[0]
    assert len(window) == POSITIONS
    with torch.inference_mode():
        assert model.model(**model.inputs([window])).start_logits.isfinite().all()


@pytest.mark.parametrize("task", TASKS)
@pytest.mark.parametrize("architecture", ARCHITECTURES)
def test_logits_are_those_of_a_plain_forward_pass_of_each_window(architecture, task):
    model = with_head(tiny(architecture), task)
    windows = model.pairs.windows([QUESTION] * 7, [*SENTENCES, " ".join(SENTENCES)], 40, 8)
    windows = [window for of_pair in windows for window in of_pair]
    found = model.logits(windows)
    for window, logits in zip(windows, found, strict=True):
        with torch.inference_mode():
            output = model.model(**model.inputs([window]))
        expected = output.logits[0, 0] if task == EVIDENCE else torch.cat([output[0], output[1]])
        torch.testing.assert_close(logits, expected, atol=1e-4, rtol=0)


def test_a_pass_is_never_longer_than_its_limit():
    model, passes = with_head(tiny("BERT"), EVIDENCE), []
    model.model.register_forward_pre_hook(
        lambda _module, _arguments, named: passes.append(named["input_ids"].numel()), with_kwargs=True
    )
    model.tokens_per_pass = 60
    model.logits([model.pair_encoding(QUESTION, text)[0] for text in SENTENCES])
    assert len(passes) > 2
    assert max(passes) <= 60
    model.tokens_per_pass = 1
    model.logits(model.pair_encoding(QUESTION, SENTENCES[0]))
    assert len(passes) > 3, "a window that is longer than the limit has a pass for itself"


def test_the_order_of_windows_changes_no_bit():
    model = with_head(tiny("BERT"), ANSWERS)
    windows = [model.pair_encoding(QUESTION, text)[0] for text in SENTENCES]
    there, back = model.logits(windows), model.logits(windows[::-1])[::-1]
    assert all(torch.equal(one, other) for one, other in zip(there, back, strict=True))


def test_broken_weights_are_an_error():
    model = with_head(tiny("BERT"), EVIDENCE)
    torch.nn.init.constant_(model.model.classifier.bias, float("nan"))
    with pytest.raises(ModelError, match="gives values that are not finite"):
        model.logits(model.pair_encoding(QUESTION, SENTENCES[0]))


def work_of(batches, lengths):
    return sum(max(lengths[i] for i in batch) * len(batch) + task_model.TOKENS_OF_A_PASS for batch in batches)


def test_passes_take_the_least_work_of_all_ways():
    chance = random.Random(0)
    for _ in range(50):
        lengths = sorted(chance.randint(10, 90) for _ in range(chance.randint(1, 9)))
        found = task_model._batches(lengths, 128)
        assert [number for batch in found for number in batch] == list(range(len(lengths)))
        every_way = []
        for cuts in product([False, True], repeat=len(lengths) - 1):
            places = [0, *(place + 1 for place, cut in enumerate(cuts) if cut), len(lengths)]
            way = [range(start, stop) for start, stop in pairwise(places)]
            if all(len(batch) == 1 or lengths[batch[-1]] * len(batch) <= 128 for batch in way):
                every_way.append(work_of(way, lengths))
        assert work_of(found, lengths) == min(every_way)


def test_nothing_has_no_pass():
    assert with_head(tiny("BERT"), EVIDENCE).logits([]) == []


@pytest.mark.parametrize(
    ("written", "points"),
    [
        ([[-1.0, 0.5, 0.9], [2, 1, 0.1]], [(-1.0, 0.5), (2.0, 1.0)]),
        (None, []),
        ("high", []),
        ([[1]], []),
        ([[float("nan"), 0.5, 1]], []),
    ],
)
def test_the_expected_precision_is_what_calibration_wrote(written, points):
    model = with_head(tiny("BERT"), ANSWERS)
    if written is not None:
        model.model.config.answer_precision = written
    assert model.describe()["expected_precision"] == points
