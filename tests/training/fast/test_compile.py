from functools import partial

import pytest
import torch

from mlm_demo.models.masked_lm import MaskedLM
from mlm_demo.training.fast.compile import Compiled, layers_of, layers_to_compile
from tests.support import tiny_models
from tests.support.tiny_models import ARCHITECTURES, build

LAYERS = {"ALBERT": 1}  # its one layer is used again and again
HOOKED = {"BERT", "RoBERTa", "XLM-R", "ELECTRA", "DeBERTa-v2"}  # the last layer is cut


@pytest.fixture
def compilations(monkeypatch):
    """A compiler that only counts the functions it receives."""
    given = []
    backend = lambda graph, _inputs: given.append(graph) or graph  # noqa: E731
    monkeypatch.setattr(torch, "compile", partial(torch.compile, backend=backend))
    torch._dynamo.reset()
    return given


@pytest.mark.parametrize("architecture", ARCHITECTURES)
def test_layers_of_every_architecture(architecture):
    tokenizer, model = build(architecture)
    MaskedLM(tokenizer, model)
    expected = LAYERS.get(architecture, model.config.num_hidden_layers) - (architecture in HOOKED)
    assert len(layers_to_compile(layers_of(model))) == expected


def test_layers_are_compiled_once_for_all_and_used_only_in_the_context(compilations, monkeypatch):
    monkeypatch.setitem(tiny_models.SMALL, "num_hidden_layers", 5)
    tokenizer, model = build("BERT")
    mlm = MaskedLM(tokenizer, model)
    layers = layers_of(mlm.model)
    compiled, names = Compiled(layers), list(mlm.model.state_dict())
    ids = torch.tensor([mlm.with_special_tokens([mlm.mask_id] * 3)])
    with torch.inference_mode():
        before = model(input_ids=ids).logits
        assert not compilations
        with compiled.in_use():
            torch.testing.assert_close(model(input_ids=ids).logits, before)
        assert len(compiled.compiled) == 4
        assert len(compilations) == 1
        assert list(mlm.model.state_dict()) == names
        assert torch.equal(model(input_ids=ids).logits, before)


def test_a_method_that_cannot_be_compiled_raises(compilations):
    class Prints:
        def forward(self, x):
            print(x)
            return x

    compiled = Compiled(methods=[(printing := Prints(), "forward")])
    with pytest.raises(RuntimeError), compiled.in_use():
        printing.forward(torch.zeros(2))
