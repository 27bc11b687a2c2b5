import math
from types import SimpleNamespace

import pytest
import torch

from mlm_demo.errors import TrainingError
from mlm_demo.training import plan
from mlm_demo.training.config import AdaptConfig
from mlm_demo.training.dataset import make_blocks
from mlm_demo.training.masking import Masking, make_masking, vocabulary_ids
from mlm_demo.training.plan import (
    FEWEST_STEPS,
    TRIAL_STEPS,
    is_worth_compiling,
    make_plan,
    trial,
)
from mlm_demo.training.trainer import MaskedLMTrainer
from tests.training.test_train import CONFIG, TEXTS, assert_same, fresh, weights


def test_minutes_are_measured_out_and_the_trial_leaves_no_trace(tmp_path):
    mlm = fresh()
    before = weights(mlm)
    blocks = make_blocks(mlm, TEXTS, [], CONFIG)
    config = AdaptConfig(minutes=0.2, batch_size=4, block_size=32)
    made = make_plan(mlm, blocks, Masking(mlm.mask_id, vocabulary_ids(mlm)), config)
    assert made.steps > 20
    assert_same(before, weights(mlm))
    assert not mlm.model.training


def test_a_trial_that_does_not_fit_is_made_with_half_the_blocks(monkeypatch):
    mlm, tried = fresh(), []
    stock = MaskedLMTrainer.train

    def train(self):
        tried.append(self.args.per_device_train_batch_size)
        if tried[-1] > 2:
            raise torch.OutOfMemoryError("CUDA out of memory")
        return stock(self)

    monkeypatch.setattr(MaskedLMTrainer, "train", train)
    config = AdaptConfig(minutes=1, batch_size=8, block_size=32)
    blocks = make_blocks(mlm, TEXTS, [], config)
    assert trial(mlm, blocks, make_masking(mlm, config), config) > 0
    assert tried == [8, 4, 2]


@pytest.mark.parametrize(("seconds_a_step", "steps"), [(0.0, TRIAL_STEPS), (4.0, 4), (60.0, FEWEST_STEPS)])
def test_a_trial_of_slow_steps_is_shorter(monkeypatch, seconds_a_step, steps):
    mlm, marks = fresh(), []

    def monotonic():  # read once at the end of each step
        marks.append(len(marks) * seconds_a_step)
        return marks[-1]

    monkeypatch.setattr(plan, "time", SimpleNamespace(monotonic=monotonic))
    config = AdaptConfig(minutes=1, batch_size=2, block_size=32)
    blocks = make_blocks(mlm, TEXTS, [], config)
    assert trial(mlm, blocks, make_masking(mlm, config), config) == seconds_a_step
    assert len(marks) == steps


@pytest.mark.parametrize(
    "error",
    [MemoryError(), RuntimeError("DefaultCPUAllocator: can't allocate memory: you tried to allocate")],
)
def test_the_machines_own_memory_counts_too(monkeypatch, error):
    def train(self):
        raise error

    monkeypatch.setattr(MaskedLMTrainer, "train", train)
    config = AdaptConfig(minutes=1, batch_size=2, block_size=32)
    mlm = fresh()
    blocks = make_blocks(mlm, TEXTS, [], config)
    with pytest.raises(
        TrainingError, match="does not fit this device's memory even with one block of 32 tokens"
    ):
        trial(mlm, blocks, make_masking(mlm, config), config)


def test_epochs_are_passes_over_the_blocks():
    mlm = fresh()
    blocks = make_blocks(mlm, TEXTS, [], CONFIG)
    made = make_plan(mlm, blocks, None, AdaptConfig(epochs=2, batch_size=4, block_size=32))
    assert made.steps == 2 * math.ceil(len(blocks) / 4)


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


@pytest.mark.parametrize(
    ("device", "budget", "seconds_a_step", "seconds", "steps", "watched"),
    [
        ("cpu", {"minutes": 2}, 0.12, 120, 940, 240),
        ("cuda", {"minutes": 2}, 0.12, 120, 1175, 240),  # it is compiled, and a step a fifth shorter then
        ("cuda", {"minutes": 1}, 0.12, 60, 470, 120),
        ("cuda", {"max_steps": 1000}, 0.12, 120, 1000, 240),
        ("cuda", {"max_steps": 1000}, None, None, 1000, 240),  # nobody knows how long that takes
    ],
)
def test_what_a_budget_comes_to(device, budget, seconds_a_step, seconds, steps, watched):
    mlm = SimpleNamespace(device=torch.device(device))
    made = make_plan(mlm, [None] * 64, None, AdaptConfig(**budget), seconds_a_step)
    assert (made.seconds, made.steps, made.watched_blocks) == (seconds, steps, watched)


@pytest.mark.parametrize(
    ("device", "seconds", "lends", "worth"),
    [
        ("cuda", 120, "", True),
        ("cuda", 119, "", False),
        ("cuda", None, "", False),
        ("cuda", 600, "true", False),
        ("cpu", 600, "", False),
    ],
)
def test_what_is_long_on_a_gpu_of_ones_own_is_compiled(monkeypatch, device, seconds, lends, worth):
    monkeypatch.setenv("SPACES_ZERO_GPU", lends)
    assert is_worth_compiling(SimpleNamespace(device=torch.device(device)), seconds) is worth


@pytest.mark.parametrize(
    ("device", "seconds_a_step", "every"),
    [("cuda", 0.01, 400), ("cuda", 0.05, 100), ("cuda", 1.0, 50), ("cuda", None, 50), ("cpu", 0.01, 50)],
)
def test_checkpoints_of_a_gpu_are_seconds_apart(device, seconds_a_step, every):
    mlm = SimpleNamespace(device=torch.device(device))
    config = AdaptConfig(max_steps=400)
    assert make_plan(mlm, [None] * 64, None, config, seconds_a_step).evaluate_every == every
