import math

import pytest
from test_training import CONFIG, TEXTS, assert_same, fresh, weights

from mlm_demo.errors import TrainingError
from mlm_demo.evaluation import vocabulary_ids
from mlm_demo.masking import Masking
from mlm_demo.plan import AdaptConfig, make_plan
from mlm_demo.training import make_blocks


def test_minutes_are_measured_out_and_the_trial_leaves_no_trace(tmp_path):
    mlm = fresh()
    before = weights(mlm)
    blocks = make_blocks(mlm, TEXTS, [], CONFIG)
    config = AdaptConfig(minutes=0.2, batch_size=4, block_size=32)
    plan = make_plan(mlm, blocks, Masking(mlm.mask_id, vocabulary_ids(mlm)), config)
    assert plan.steps > 20
    assert_same(before, weights(mlm))


def test_epochs_are_passes_over_the_blocks():
    mlm = fresh()
    blocks = make_blocks(mlm, TEXTS, [], CONFIG)
    plan = make_plan(mlm, blocks, None, AdaptConfig(epochs=2, batch_size=4, block_size=32))
    assert plan.steps == 2 * math.ceil(len(blocks) / 4)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({}, r"The budget is one of epochs, max_steps and minutes \(none given\)"),
        ({"epochs": 1, "minutes": 1}, r"\(epochs, minutes given\); choose one"),
        ({"minutes": 0}, "minutes is 0; it must be above 0"),
        ({"max_steps": -1}, "max_steps is -1"),
        ({"max_steps": 1, "mlm_probability": 1}, "mlm_probability is 1; it must be above 0 and at most 0.9"),
        ({"max_steps": 1, "learning_rate": 1}, "learning_rate is 1"),
        ({"max_steps": 1, "learning_rate": float("nan")}, "learning_rate is nan"),
        ({"max_steps": 1, "replay": 1}, "replay is 1; it must be from 0 to 0.9"),
        ({"max_steps": 1, "batch_size": 0}, "batch_size is 0"),
    ],
)
def test_a_setting_out_of_range_is_named(options, message):
    with pytest.raises(TrainingError, match=message):
        AdaptConfig(**options)
