import pytest
import torch
from torch import nn

from mlm_demo.models.catalogue import Catalogue
from mlm_demo.models.cpu.fused import FusedLayer
from mlm_demo.models.cpu.linear import HalfLinear, ReorderedLinear
from mlm_demo.models.cpu.optimize import (
    CANDIDATES,
    Int8Vocabulary,
    optimize_for_cpu,
    optimize_task_for_cpu,
    takes_int8,
)
from mlm_demo.models.device import bfloat16_is_fast
from mlm_demo.models.loader import load
from mlm_demo.models.masked_lm import MaskedLM
from mlm_demo.models.task_loader import with_head
from mlm_demo.models.tasks import EVIDENCE, TASKS
from tests.support.nightly import some
from tests.support.tiny_models import FAMILIES, SENTENCES, build, tiny

CPU = torch.device("cpu")
needs_int8 = pytest.mark.skipif(not takes_int8(CPU), reason="this CPU has no 8-bit products in torch")


@pytest.fixture(autouse=True)
def _several_threads():
    """Compute with two threads, as a page does; the other tests use one."""
    before = torch.get_num_threads()
    torch.set_num_threads(2)
    yield
    torch.set_num_threads(before)


def fresh(architecture):
    """Return a new model, because these tests change it."""
    return MaskedLM(*build(architecture))


def linear(inputs, outputs, bias=True, seed=0):
    torch.manual_seed(seed)
    return nn.Linear(inputs, outputs, bias=bias)


def rows_of(mlm, count=4):
    """Return rows of different lengths, each with one mask, and the position of the mask."""
    torch.manual_seed(1)
    texts = [torch.randint(5, 40, (4 + 3 * number,)).tolist() for number in range(count)]
    rows = [mlm.with_special_tokens([*ids, mlm.mask_id]) for ids in texts]
    return rows, [[row.index(mlm.mask_id)] for row in rows]


@needs_int8
@pytest.mark.parametrize("bias", [True, False])
def test_the_best_candidates_of_the_int8_vocabulary_have_exact_scores(bias):
    layer, hidden = linear(64, 1000, bias), torch.randn(3, 2, 64)
    with torch.inference_mode():
        expected, found = layer(hidden), Int8Vocabulary(layer)(hidden)
    assert found.shape == expected.shape
    best = expected.topk(CANDIDATES // 2)
    assert torch.equal(found.topk(CANDIDATES // 2).indices, best.indices)
    torch.testing.assert_close(found.gather(-1, best.indices), best.values, rtol=0, atol=1e-5)
    assert 0 < (found - expected).abs().max() < 0.1, "the other scores are close"


@needs_int8
def test_candidates_are_rescored_with_the_rows_that_are_passed():
    layer, hidden = linear(64, 1000), torch.randn(3, 64)
    rows = layer.weight.detach().half()
    layer.weight.data = rows.float()
    with torch.inference_mode():
        best = layer(hidden).topk(CANDIDATES // 2)
        found = Int8Vocabulary(layer, rows)(hidden)
    torch.testing.assert_close(found.gather(-1, best.indices), best.values, rtol=0, atol=1e-5)


@needs_int8
def test_a_vocabulary_smaller_than_the_candidates_is_exact():
    layer, hidden = linear(32, 20), torch.randn(2, 32)
    with torch.inference_mode():
        torch.testing.assert_close(Int8Vocabulary(layer)(hidden), layer(hidden), rtol=0, atol=1e-5)


@pytest.mark.parametrize("architecture", FAMILIES)
def test_exact_layers_give_the_logits_of_the_model(architecture):
    mlm = fresh(architecture)
    rows, positions = rows_of(mlm)
    expected = mlm.logits_at(rows, positions)
    optimize_for_cpu(mlm, "exact")
    assert any(isinstance(module, ReorderedLinear) for module in mlm.model.modules())
    torch.testing.assert_close(mlm.logits_at(rows, positions), expected, rtol=0, atol=1e-4)
    assert mlm.precision == "exact"


@needs_int8
@pytest.mark.parametrize("architecture", FAMILIES)
def test_int8_layers_are_close_in_every_architecture(architecture):
    mlm = fresh(architecture)
    rows, positions = rows_of(mlm)
    expected = mlm.logits_at(rows, positions)
    optimize_for_cpu(mlm, "int8")
    found = mlm.logits_at(rows, positions)
    assert mlm.precision == "int8"
    # Wide random weights amplify rounding more than trained ones do; a wrong layer would give 1 or more.
    assert (found - expected).std() < 0.15 * expected.std()


@needs_int8
@pytest.mark.parametrize("name", some(["general", "biomedical"], 1))
def test_int8_and_exact_agree_in_the_built_in_models(name):
    sentences = [
        "The heart pumps [MASK] through the body.",
        "She poured the hot [MASK] into a cup.",
        "Paris is the [MASK] of France.",
        "The patient was treated with [MASK].",
    ]
    fast, exact = (load(Catalogue().find(name), device="cpu") for _ in range(2))
    optimize_for_cpu(fast, "int8")
    for sentence in sentences:
        ids = exact.with_special_tokens(exact.encode(sentence).ids)
        at = [ids.index(exact.mask_id)]
        one, two = (mlm.logits_at([ids], [at]).softmax(-1)[0] for mlm in (fast, exact))
        assert one.argmax() == two.argmax()
        assert (one - two).abs().max() < 0.03


def test_a_model_that_reads_the_weights_of_a_layer_is_left_unchanged():
    mlm = fresh("DistilBERT")
    rows, positions = rows_of(mlm)
    expected = mlm.logits_at(rows, positions)
    block = mlm.model.base_model.transformer.layer[0].ffn
    layer = block.lin1
    block.forward = lambda hidden: block.lin2(
        block.activation(nn.functional.linear(hidden, block.lin1.weight, block.lin1.bias))
    )
    optimize_for_cpu(mlm, "int8")
    assert block.lin1 is layer
    assert mlm.precision == "exact"
    torch.testing.assert_close(mlm.logits_at(rows, positions), expected, rtol=0, atol=1e-5)


def test_a_model_whose_logits_would_change_is_left_unchanged():
    mlm = fresh("BERT")
    layer = mlm.model.base_model.encoder.layer[0]
    layer.register_forward_hook(
        lambda module, inputs, output: output.flip(-1)
    )  # a fused layer has no such hook
    rows, positions = rows_of(mlm)
    expected = mlm.logits_at(rows, positions)
    optimize_for_cpu(mlm, "exact")
    assert mlm.model.base_model.encoder.layer[0] is layer
    torch.testing.assert_close(mlm.logits_at(rows, positions), expected, rtol=0, atol=1e-5)


@pytest.mark.parametrize("architecture", ["BERT", "RoBERTa", "ELECTRA", "XLM-R"])
def test_encoder_layers_of_the_bert_family_are_fused(architecture):
    mlm = fresh(architecture)
    count = mlm.model.config.num_hidden_layers
    optimize_for_cpu(mlm, "exact")
    assert sum(isinstance(module, FusedLayer) for module in mlm.model.modules()) == count


@needs_int8
@pytest.mark.parametrize("architecture", FAMILIES)
def test_the_encoder_has_float16_weights_where_bfloat16_is_slow(monkeypatch, architecture):
    monkeypatch.setattr("mlm_demo.models.cpu.optimize.bfloat16_is_fast", lambda device: False)
    mlm = fresh(architecture)
    rows, positions = rows_of(mlm)
    expected = mlm.logits_at(rows, positions)
    optimize_for_cpu(mlm, "int8")
    assert any(isinstance(module, HalfLinear) for module in mlm.model.modules())
    assert not any(isinstance(module, ReorderedLinear) for module in mlm.model.modules())
    found = mlm.logits_at(rows, positions)
    best = expected.topk(5).indices
    torch.testing.assert_close(found.gather(-1, best), expected.gather(-1, best), rtol=0, atol=0.02)


@pytest.mark.skipif(not bfloat16_is_fast(CPU), reason="this CPU has no bfloat16 products")
def test_the_encoder_is_in_bfloat16_where_that_is_fast():
    mlm = fresh("BERT")
    optimize_for_cpu(mlm, "int8")
    layers = [module for module in mlm.model.modules() if isinstance(module, ReorderedLinear)]
    assert {layer.dtype for layer in layers} == {torch.bfloat16}


@pytest.mark.parametrize("task", TASKS)
@pytest.mark.parametrize("architecture", FAMILIES)
def test_exact_layers_give_the_logits_of_a_fine_tuned_model(architecture, task):
    model = with_head(tiny(architecture), task)
    texts = [text for number in range(1, 5) for text in (" ".join(SENTENCES[:number]), SENTENCES[number])]
    windows = [model.pair_encoding("What is the capital of France?", text)[0] for text in texts]
    expected = model.logits(windows)
    optimize_task_for_cpu(model)
    assert any(isinstance(module, ReorderedLinear) for module in model.model.modules())
    for logits, before in zip(model.logits(windows), expected, strict=True):
        torch.testing.assert_close(logits, before, rtol=0, atol=1e-4)


def test_only_the_first_token_passes_the_end_of_an_evidence_model():
    model, lengths = with_head(tiny("BERT"), EVIDENCE), []
    optimize_task_for_cpu(model)
    model.model.bert.encoder.layer[-1].intermediate.register_forward_pre_hook(
        lambda _module, inputs: lengths.append(inputs[0].shape[1])
    )
    model.model.bert.encoder.layer[-1].output.register_forward_pre_hook(
        lambda _module, inputs: lengths.append(inputs[0].shape[1])
    )
    model.logits(model.pair_encoding("Who?", SENTENCES[0]))
    assert set(lengths) == {1}


def test_a_fine_tuned_model_that_would_change_stays_as_it_is(monkeypatch):
    model = with_head(tiny("BERT"), EVIDENCE)
    window = model.pair_encoding("Who?", SENTENCES[0])
    expected = model.logits(window)
    monkeypatch.setattr("mlm_demo.models.cpu.optimize._is_close", lambda *_: False)
    optimize_task_for_cpu(model)
    assert not any(isinstance(module, FusedLayer | ReorderedLinear) for module in model.model.modules())
    assert torch.equal(model.logits(window)[0], expected[0])
