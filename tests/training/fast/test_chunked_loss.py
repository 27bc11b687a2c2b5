import pytest
import torch
from torch.nn.functional import cross_entropy

import mlm_demo.training.fast.chunked_loss as module
from mlm_demo.models.masked_lm import MaskedLM
from mlm_demo.training.fast.chunked_loss import ChunkedLoss
from mlm_demo.training.masking import IGNORED
from tests.support.tiny_models import ARCHITECTURES, build
from tests.support.training import needs_gpu


@pytest.mark.parametrize("device", ["cpu", pytest.param("cuda", marks=needs_gpu)])
@pytest.mark.parametrize("bfloat16", [False, True])
def test_chunks_give_the_loss_and_gradients_of_the_whole_batch(monkeypatch, bfloat16, device):
    """Several chunks, the last one short, and one ignored token."""
    monkeypatch.setattr(module, "CHUNK_BYTES", {"cpu": 1, "cuda": 1})  # 16 rows per chunk
    tokenizer, model = build("BERT")
    mlm = MaskedLM(tokenizer, model.to(device))
    loss = ChunkedLoss(mlm, bfloat16)
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
    tolerance = 2e-2 if bfloat16 else 1e-5
    torch.testing.assert_close(ours, plain, rtol=tolerance / 10, atol=1e-4)
    for one, two in zip(found, expected, strict=True):
        torch.testing.assert_close(one, two, rtol=tolerance, atol=tolerance)


@pytest.mark.parametrize("architecture", ARCHITECTURES)
def test_the_loss_leaves_the_model_unchanged(architecture):
    mlm = MaskedLM(*build(architecture))
    ids = torch.tensor([mlm.with_special_tokens([mlm.mask_id])])
    with torch.inference_mode():
        before = mlm.model(input_ids=ids).logits
        loss = ChunkedLoss(mlm, bfloat16=False)
        with loss.projection_deferred():
            outputs = mlm.model(input_ids=ids).logits
        assert torch.equal(mlm.model(input_ids=ids).logits, before)
        if loss.chunked:
            torch.testing.assert_close(loss.layer(outputs), before, atol=1e-4, rtol=1e-4)
        else:
            assert torch.equal(outputs, before)


def test_a_head_that_changes_its_logits_is_not_chunked():
    tokenizer, model = build("BERT")
    mlm = MaskedLM(tokenizer, model)
    model.cls.register_forward_hook(lambda module, inputs, output: output.tanh() + 1)
    assert not ChunkedLoss(mlm, bfloat16=False).chunked
