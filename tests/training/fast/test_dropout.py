"""Dropout: the share that is dropped, the mean, the gradient, the random numbers, and where it is off."""

import pytest
import torch
from torch.nn import functional
from transformers import BertConfig, BertForQuestionAnswering

from mlm_demo.training.fast.dropout import QuickDropout, no_dropout


def dropped(p: float, size: tuple[int, ...] = (400, 257), dtype: torch.dtype = torch.float32) -> torch.Tensor:
    """Return ones after dropout."""
    torch.manual_seed(0)
    with QuickDropout():
        return functional.dropout(torch.ones(size, dtype=dtype), p)


@pytest.mark.parametrize("p", [0.1, 0.25, 0.5, 0.9])
def test_the_share_is_dropped_and_the_mean_stays(p):
    found = dropped(p)
    assert float((found == 0).float().mean()) == pytest.approx(p, abs=0.01)
    assert float(found.mean()) == pytest.approx(1, abs=0.02)
    assert len(found.unique()) == 2


def test_neighbors_are_dropped_independently():
    kept = (dropped(0.5) != 0).float().flatten()
    for distance in (1, 2, 7, 8, 257):
        both = float((kept[:-distance] * kept[distance:]).mean())
        assert both == pytest.approx(0.25, abs=0.01)


@pytest.mark.parametrize("p", [0.0, 1.0])
def test_nothing_and_everything_are_as_in_torch(p):
    assert torch.equal(dropped(p), functional.dropout(torch.ones(400, 257), p))


def test_bfloat16_stays_bfloat16():
    assert dropped(0.1, dtype=torch.bfloat16).dtype == torch.bfloat16


def test_the_gradient_has_the_same_mask():
    weights = torch.ones(50, 33, requires_grad=True)
    with QuickDropout():
        found = torch.nn.Dropout(0.3)(weights)
    found.sum().backward()
    assert torch.equal(weights.grad, found.detach())


def test_the_seed_of_torch_decides_and_calls_differ():
    assert torch.equal(dropped(0.5), dropped(0.5))
    with QuickDropout():
        first, second = (functional.dropout(torch.ones(999), 0.5) for _ in range(2))
    assert not torch.equal(first, second)


def test_a_model_has_it_in_training_and_not_in_evaluation():
    config = BertConfig(
        vocab_size=50, hidden_size=16, num_hidden_layers=1, num_attention_heads=2, intermediate_size=16
    )
    model = BertForQuestionAnswering(config)
    ids = torch.arange(40)[None]

    def logits() -> torch.Tensor:
        with torch.no_grad(), QuickDropout():
            return model(input_ids=ids).start_logits

    model.eval()
    assert torch.equal(logits(), logits())
    model.train()
    assert not torch.equal(logits(), logits())
    no_dropout(model)
    assert torch.equal(logits(), logits())
    assert model.config.hidden_dropout_prob == 0.1
