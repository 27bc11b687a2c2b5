import pytest
import torch
from torch import nn

from mlm_demo.models.cpu.linear import HalfLinear, ReorderedLinear
from mlm_demo.models.cpu.optimize import takes_int8
from mlm_demo.models.device import bfloat16_is_fast

CPU = torch.device("cpu")
needs_fbgemm = pytest.mark.skipif(not takes_int8(CPU), reason="this CPU has no FBGEMM products in torch")


def linear(inputs, outputs, bias=True):
    torch.manual_seed(0)
    return nn.Linear(inputs, outputs, bias=bias)


@pytest.mark.parametrize("bias", [True, False])
@pytest.mark.parametrize("rows", [1, 7, 300])
@torch.inference_mode()
def test_a_reordered_layer_computes_the_same(bias, rows):
    layer = linear(48, 80, bias)
    hidden = torch.randn(2, rows, 48)
    torch.testing.assert_close(ReorderedLinear(layer)(hidden), layer(hidden), rtol=0, atol=1e-5)


@torch.inference_mode()
def test_gelu_is_fused_into_the_product():
    layer, hidden = linear(48, 80), 3 * torch.randn(7, 48)
    found = ReorderedLinear(layer, activation="gelu")(hidden)
    torch.testing.assert_close(found, nn.functional.gelu(layer(hidden)), rtol=0, atol=1e-5)


@pytest.mark.skipif(not bfloat16_is_fast(CPU), reason="this CPU has no bfloat16 products")
@torch.inference_mode()
def test_bfloat16_differs_by_its_rounding_only():
    layer, hidden = linear(64, 64), torch.randn(5, 64)
    reordered = ReorderedLinear(layer, torch.bfloat16)
    found, expected = reordered(hidden), layer(hidden)
    assert found.dtype == torch.float32
    assert reordered.product(hidden).dtype == torch.bfloat16
    assert 0 < (found - expected).abs().max() < 2**-7 * 2


@needs_fbgemm
@pytest.mark.parametrize("bias", [True, False])
@pytest.mark.parametrize("rows", [1, 7, 300])
@torch.inference_mode()
def test_float16_weights_are_not_rounded_again(bias, rows):
    layer = linear(48, 80, bias)
    layer.weight.data = layer.weight.half().float()
    hidden = torch.randn(2, rows, 48)
    found = HalfLinear(layer)(hidden)
    assert found.dtype == torch.float32
    torch.testing.assert_close(found, layer(hidden), rtol=0, atol=1e-5)


@needs_fbgemm
@torch.inference_mode()
def test_float32_weights_differ_by_their_rounding_only():
    layer, hidden = linear(64, 64), torch.randn(5, 64)
    difference = (HalfLinear(layer)(hidden) - layer(hidden)).abs()
    bound = hidden.abs() @ layer.weight.abs().t() * 2**-11
    assert difference.max() > 0
    assert (difference <= bound + 1e-6).all()


@needs_fbgemm
@torch.inference_mode()
def test_gelu_follows_the_product():
    layer, hidden = linear(48, 80), 3 * torch.randn(7, 48)
    plain, found = HalfLinear(layer), HalfLinear(layer, activation="gelu")
    torch.testing.assert_close(found(hidden), nn.functional.gelu(plain(hidden)), rtol=0, atol=1e-6)


@needs_fbgemm
@torch.inference_mode()
def test_a_transposed_input_gives_the_same():
    """The output of attention is transposed."""
    layer, hidden = linear(48, 80), torch.randn(48, 7).t()
    half = HalfLinear(layer)
    assert not hidden.is_contiguous()
    torch.testing.assert_close(half.product(hidden), half(hidden.contiguous()), rtol=0, atol=0)
