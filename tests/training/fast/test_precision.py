import torch

from mlm_demo.training.fast.precision import attention_for_training, bfloat16_matmul
from tests.support.tiny_models import build


def test_bfloat16_products_are_switched_off_again():
    switch = torch.backends.mkldnn.matmul
    before = switch.fp32_precision
    with bfloat16_matmul(True):
        assert switch.fp32_precision == "bf16"
    assert switch.fp32_precision == before
    with bfloat16_matmul(False):
        assert switch.fp32_precision == before


def test_attention_for_training_is_temporary():
    _, model = build("BERT")
    chosen = model.config._attn_implementation
    with attention_for_training(model, bfloat16=True):
        assert model.config._attn_implementation == ("eager" if chosen == "sdpa" else chosen)
    assert model.config._attn_implementation == chosen
    with attention_for_training(model, bfloat16=False):
        assert model.config._attn_implementation == chosen
