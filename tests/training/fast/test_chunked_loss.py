import pytest
import torch
from torch.nn.functional import cross_entropy

import mlm_demo.training.fast.chunked_loss as module
from mlm_demo.models.masked_lm import MaskedLM
from mlm_demo.training.fast.chunked_loss import VocabularyLoss
from mlm_demo.training.masking import IGNORED
from tests.support.tiny_models import ARCHITECTURES, build
from tests.training.fast.test_cuda_graph import needs_gpu


@pytest.mark.parametrize("device", ["cpu", pytest.param("cuda", marks=needs_gpu)])
@pytest.mark.parametrize("rounded", [False, True])
def test_in_parts_as_at_once(monkeypatch, rounded, device):
    """Several parts, the last one short, one token unknown: the loss and all gradients are those of the plain way."""
    monkeypatch.setattr(module, "BYTES_AT_ONCE", {"cpu": 1, "cuda": 1})  # 16 rows at a time
    tokenizer, model = build("BERT")
    mlm = MaskedLM(tokenizer, model.to(device))
    loss = VocabularyLoss(mlm, rounded)
    layer = loss.layer
    torch.manual_seed(0)
    hidden = torch.randn(37, layer.in_features, device=device, requires_grad=True)
    labels = torch.randint(0, layer.out_features, (37,), device=device)
    labels[3] = IGNORED
    inputs = [hidden, layer.weight, layer.bias]
    plain = cross_entropy(layer(hidden), labels, reduction="sum", ignore_index=IGNORED)
    expected = torch.autograd.grad(plain / 3, inputs)
    ours = loss.sum_of_losses(hidden, labels)
    found = torch.autograd.grad(ours / 3, inputs)
    tolerance = 2e-2 if rounded else 1e-5
    torch.testing.assert_close(ours, plain, rtol=tolerance / 10, atol=1e-4)
    for one, two in zip(found, expected, strict=True):
        torch.testing.assert_close(one, two, rtol=tolerance, atol=tolerance)


@pytest.mark.parametrize("architecture", ARCHITECTURES)
def test_the_model_is_as_it_was_afterwards(architecture):
    mlm = MaskedLM(*build(architecture))
    ids = torch.tensor([mlm.with_special_tokens([mlm.mask_id])])
    with torch.inference_mode():
        before = mlm.model(input_ids=ids).logits
        loss = VocabularyLoss(mlm, rounded=False)
        with loss.asked():
            given = mlm.model(input_ids=ids).logits
        assert torch.equal(mlm.model(input_ids=ids).logits, before)
        if loss.in_parts:
            torch.testing.assert_close(loss.layer(given), before, atol=1e-4, rtol=1e-4)
        else:
            assert torch.equal(given, before)


def test_a_head_that_goes_on_after_its_last_layer_is_left_whole():
    tokenizer, model = build("BERT")
    mlm = MaskedLM(tokenizer, model)
    model.cls.register_forward_hook(lambda module, inputs, output: output.tanh() + 1)
    assert not VocabularyLoss(mlm, rounded=False).in_parts
