import pytest
import torch
from torch import nn

from mlm_demo.models.cpu.half_linear import HalfLinear
from mlm_demo.models.cpu.optimize import takes_int8
from tests.models.cpu.test_linear import linear

pytestmark = pytest.mark.skipif(not takes_int8(torch.device("cpu")), reason="no FBGEMM here")


@pytest.mark.parametrize("bias", [True, False])
@pytest.mark.parametrize("rows", [1, 7, 300])
@torch.inference_mode()
def test_weights_that_come_in_float16_lose_nothing(bias, rows):
    layer = linear(48, 80, bias)
    layer.weight.data = layer.weight.half().float()
    hidden = torch.randn(2, rows, 48)
    found = HalfLinear(layer)(hidden)
    assert found.dtype == torch.float32
    torch.testing.assert_close(found, layer(hidden), rtol=0, atol=1e-5)


@torch.inference_mode()
def test_others_are_off_by_their_rounding_and_not_by_more():
    layer, hidden = linear(64, 64), torch.randn(5, 64)
    off = (HalfLinear(layer)(hidden) - layer(hidden)).abs()
    most = hidden.abs() @ layer.weight.abs().t() * 2**-11
    assert off.max() > 0
    assert (off <= most + 1e-6).all()


@torch.inference_mode()
def test_gelu_follows_the_product():
    layer, hidden = linear(48, 80), 3 * torch.randn(7, 48)
    plain, found = HalfLinear(layer), HalfLinear(layer, activation="gelu")
    torch.testing.assert_close(found(hidden), nn.functional.gelu(plain(hidden)), rtol=0, atol=1e-6)


@torch.inference_mode()
def test_what_lies_in_memory_otherwise_gives_the_same():
    """Attention's result comes transposed."""
    layer, hidden = linear(48, 80), torch.randn(48, 7).t()
    half = HalfLinear(layer)
    assert not hidden.is_contiguous()
    torch.testing.assert_close(half.product(hidden), half(hidden.contiguous()), rtol=0, atol=0)
