import torch

from mlm_demo.training.fast.precision import attention_for_training, rounded_products
from tests.support.tiny_models import build


def test_rounding_is_switched_back():
    switch = torch.backends.mkldnn.matmul
    before = switch.fp32_precision
    with rounded_products(True):
        assert switch.fp32_precision == "bf16"
    assert switch.fp32_precision == before
    with rounded_products(False):
        assert switch.fp32_precision == before


def test_attention_is_put_back():
    _, model = build("BERT")
    chosen = model.config._attn_implementation
    with attention_for_training(model, rounded=True):
        assert model.config._attn_implementation == ("eager" if chosen == "sdpa" else chosen)
    assert model.config._attn_implementation == chosen
    with attention_for_training(model, rounded=False):
        assert model.config._attn_implementation == chosen
