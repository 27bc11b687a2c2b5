import pytest
import torch
from torch import nn
from transformers.activations import ACT2FN

from mlm_demo.models.cpu.fused import FusedLayer, is_fusible
from mlm_demo.models.cpu.linear import ReorderedLinear
from tests.support.tiny_models import FAMILIES, build

FUSED = ["BERT", "RoBERTa", "ELECTRA", "XLM-R"]


def layers_of(architecture):
    return [module for module in build(architecture)[1].eval().modules() if is_fusible(module)]


@pytest.mark.parametrize("architecture", FAMILIES)
def test_only_the_layers_of_bert_and_its_kin_are_taken(architecture):
    assert bool(layers_of(architecture)) == (architecture in FUSED)


@pytest.mark.parametrize("architecture", FUSED)
@pytest.mark.parametrize("padded", [False, True])
@torch.inference_mode()
def test_it_computes_what_the_layer_does(architecture, padded):
    layer = layers_of(architecture)[0]
    torch.manual_seed(0)
    hidden = torch.randn(3, 7, layer.attention.output.dense.in_features)
    mask = None
    if padded:  # True where a position may be looked at, as torch's attention takes it
        mask = (torch.arange(7) < torch.tensor([7, 4, 5])[:, None])[:, None, None, :].expand(3, 1, 7, 7)
    found = FusedLayer(layer, ReorderedLinear)(hidden, mask)
    torch.testing.assert_close(found, layer(hidden, mask), rtol=0, atol=1e-5)


@pytest.mark.parametrize("activation", ["relu", "gelu_new", "gelu_10", "quick_gelu", "gelu_fast"])
def test_only_gelu_itself_is_taken(activation):
    (layer, *_) = layers_of("BERT")
    layer.intermediate.intermediate_act_fn = ACT2FN[activation]
    assert not is_fusible(layer)
    for same in (nn.GELU(), ACT2FN["gelu"], ACT2FN["gelu_python"]):
        layer.intermediate.intermediate_act_fn = same
        assert is_fusible(layer)


@pytest.mark.parametrize("change", ["more in attention", "a norm of its own", "decoder"])
def test_what_is_built_otherwise_is_not_taken(change):
    (layer, *_) = layers_of("BERT")
    if change == "more in attention":
        layer.attention.self.distance_embedding = nn.Embedding(3, 4)
    elif change == "a norm of its own":
        layer.output.LayerNorm = nn.Identity()
    else:
        layer.is_decoder = True
    assert not is_fusible(layer)
