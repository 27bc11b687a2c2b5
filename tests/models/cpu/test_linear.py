import pytest
import torch
from torch import nn

from mlm_demo.models.cpu.linear import ReorderedLinear
from mlm_demo.models.device import bfloat16_is_fast


def linear(inputs, outputs, bias=True):
    torch.manual_seed(0)
    return nn.Linear(inputs, outputs, bias=bias)


@pytest.mark.parametrize("bias", [True, False])
@pytest.mark.parametrize("rows", [1, 7, 300])
@torch.inference_mode()
def test_it_computes_what_the_layer_does(bias, rows):
    layer = linear(48, 80, bias)
    hidden = torch.randn(2, rows, 48)
    torch.testing.assert_close(ReorderedLinear(layer)(hidden), layer(hidden), rtol=0, atol=1e-5)


@torch.inference_mode()
def test_gelu_is_taken_with_the_product():
    layer, hidden = linear(48, 80), 3 * torch.randn(7, 48)
    found = ReorderedLinear(layer, activation="gelu")(hidden)
    torch.testing.assert_close(found, nn.functional.gelu(layer(hidden)), rtol=0, atol=1e-5)


@pytest.mark.skipif(not bfloat16_is_fast(torch.device("cpu")), reason="no bfloat16 products here")
@torch.inference_mode()
def test_in_bfloat16_it_is_off_by_its_rounding_and_not_by_more():
    layer, hidden = linear(64, 64), torch.randn(5, 64)
    reordered = ReorderedLinear(layer, torch.bfloat16)
    found, wanted = reordered(hidden), layer(hidden)
    assert found.dtype == torch.float32
    assert reordered.product(hidden).dtype == torch.bfloat16
    assert 0 < (found - wanted).abs().max() < 2**-7 * 2
