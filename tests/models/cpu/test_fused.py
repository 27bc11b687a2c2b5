import pytest
import torch
from torch import nn
from transformers.activations import ACT2FN

from mlm_demo.models.cpu.fused import FusedLayer, is_fusible
from mlm_demo.models.cpu.linear import ReorderedLinear
from tests.support.tiny_models import FAMILIES, build

FUSIBLE = ["BERT", "RoBERTa", "ELECTRA", "XLM-R"]


def fusible_layers(architecture):
    return [module for module in build(architecture)[1].eval().modules() if is_fusible(module)]


@pytest.mark.parametrize("architecture", FAMILIES)
def test_only_layers_of_the_bert_family_are_fusible(architecture):
    assert bool(fusible_layers(architecture)) == (architecture in FUSIBLE)


@pytest.mark.parametrize("architecture", FUSIBLE)
@pytest.mark.parametrize("padded", [False, True])
@torch.inference_mode()
def test_a_fused_layer_computes_the_same(architecture, padded):
    layer = fusible_layers(architecture)[0]
    torch.manual_seed(0)
    hidden = torch.randn(3, 7, layer.attention.output.dense.in_features)
    mask = None
    if padded:  # True where attention may look, as torch's attention expects it
        mask = (torch.arange(7) < torch.tensor([7, 4, 5])[:, None])[:, None, None, :].expand(3, 1, 7, 7)
    found = FusedLayer(layer, ReorderedLinear)(hidden, mask)
    torch.testing.assert_close(found, layer(hidden, mask), rtol=0, atol=1e-5)


@pytest.mark.parametrize("activation", ["relu", "gelu_new", "gelu_10", "quick_gelu", "gelu_fast"])
def test_only_exact_gelu_is_fusible(activation):
    (layer, *_) = fusible_layers("BERT")
    layer.intermediate.intermediate_act_fn = ACT2FN[activation]
    assert not is_fusible(layer)
    for exact in (nn.GELU(), ACT2FN["gelu"], ACT2FN["gelu_python"]):
        layer.intermediate.intermediate_act_fn = exact
        assert is_fusible(layer)


@pytest.mark.parametrize("change", ["more in attention", "another norm", "decoder"])
def test_a_layer_built_differently_is_not_fusible(change):
    (layer, *_) = fusible_layers("BERT")
    if change == "more in attention":
        layer.attention.self.distance_embedding = nn.Embedding(3, 4)
    elif change == "another norm":
        layer.output.LayerNorm = nn.Identity()
    else:
        layer.is_decoder = True
    assert not is_fusible(layer)
