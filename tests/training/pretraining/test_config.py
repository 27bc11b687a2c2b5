import pytest

from mlm_demo.errors import TrainingError
from mlm_demo.training.pretraining.config import BYTE_LEVEL, WORDPIECE, PretrainConfig
from tests.support.pretraining import fresh


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"hidden": 200}, "hidden is 200, which 3 attention heads cannot share; .* such as 192 or 256"),
        ({"tokenizer": "unigram"}, "tokenizer is 'unigram'; choose wordpiece or byte-level"),
        ({"vocab_size": 100}, "vocab_size is 100; it must be from 300 to 100,000"),
        ({"layers": 0}, "layers is 0; it must be above 0 and at most 48"),
        ({"block_size": 8}, "block_size is 8; it must be from 16"),
        ({"minutes": 1}, "The budget is one of epochs, max_steps and minutes"),
    ],
)
def test_values_that_cannot_be_used_are_refused(options, message):
    with pytest.raises(TrainingError, match=message):
        PretrainConfig(max_steps=1, **options)


@pytest.mark.parametrize(("hidden", "heads"), [(32, 1), (64, 1), (96, 1), (128, 2), (256, 4), (384, 6)])
def test_heads_follow_from_the_hidden_size(hidden, heads):
    assert PretrainConfig(max_steps=1, hidden=hidden).heads == heads


@pytest.mark.parametrize("kind", [WORDPIECE, BYTE_LEVEL])
def test_the_number_of_parameters_is_known_beforehand(kind):
    mlm, config = fresh(kind, hidden=64, layers=2)
    assert mlm.vocab_size <= config.vocab_size
    estimate = config.parameters - (config.vocab_size - mlm.vocab_size) * config.hidden
    assert estimate == pytest.approx(mlm.parameters, rel=0.03)


@pytest.mark.parametrize("kind", [WORDPIECE, BYTE_LEVEL])
def test_a_model_reads_one_block_and_is_the_same_for_the_same_seed(kind):
    one, config = fresh(kind)
    two, _ = fresh(kind)
    other, _ = fresh(kind, seed=1)
    assert one.max_tokens == config.block_size
    weights = [mlm.model.get_input_embeddings().weight for mlm in (one, two, other)]
    assert weights[0].equal(weights[1])
    assert not weights[0].equal(weights[2])
