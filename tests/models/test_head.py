import pytest
import torch

from mlm_demo.models.head import WantedPositions
from mlm_demo.models.masked_lm import MaskedLM
from tests.support.tiny_models import FAMILIES, build

# Families whose last layer is cut to the wanted positions; in the others only the head is.
CUT = {"BERT", "RoBERTa", "ELECTRA", "XLM-R", "DeBERTa-v2"}


def fresh(architecture):
    """Return a new model, because these tests change it."""
    return MaskedLM(*build(architecture))


@pytest.fixture(params=FAMILIES)
def family(request):
    return request.param


def test_the_logits_equal_those_of_a_full_pass(family):
    mlm = fresh(family)
    ids = torch.randint(5, 40, (3, 12))
    rows, columns = torch.tensor([2, 0, 0, 1]), torch.tensor([3, 11, 0, 5])
    with torch.inference_mode():
        full = mlm.model(input_ids=ids).logits[rows, columns]
        with mlm.positions.at(rows, columns):
            reduced = mlm.positions.pick(mlm.model(input_ids=ids).logits, rows, columns)
    torch.testing.assert_close(reduced, full, rtol=0, atol=1e-5)


def test_the_last_layer_runs_at_the_wanted_positions_only(family):
    mlm = fresh(family)
    seen = []
    layer = list(mlm.model.base_model.modules())
    hooks = [
        m.register_forward_hook(lambda _m, _i, out: seen.append(out)) for m in layer if _is_feed_forward(m)
    ]
    rows, columns = torch.tensor([0, 1]), torch.tensor([3, 5])
    with torch.inference_mode(), mlm.positions.at(rows, columns):
        mlm.model(input_ids=torch.randint(5, 40, (2, 12)))
    for hook in hooks:
        hook.remove()
    shapes = [tuple(out.shape[:2]) for out in seen]
    assert len(shapes) >= 2
    assert shapes[-1] == ((1, 2) if family in CUT else (2, 12))
    assert set(shapes[:-1]) == {(2, 12)}


def test_outside_the_context_the_model_is_unchanged(family):
    mlm = fresh(family)
    ids = torch.randint(5, 40, (2, 7))
    with torch.inference_mode():
        hooked = mlm.model(input_ids=ids).logits
        mlm.positions.remove()
        bare = mlm.model(input_ids=ids).logits
    mlm.positions = WantedPositions(mlm.model)
    assert torch.equal(hooked, bare)


def _is_feed_forward(module) -> bool:
    """Return whether this is the linear layer that expands to the feed-forward size; each encoder layer has one."""
    return isinstance(module, torch.nn.Linear) and module.out_features > module.in_features
