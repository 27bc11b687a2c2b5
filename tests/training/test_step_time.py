from types import SimpleNamespace

import pytest
import torch

from mlm_demo.errors import TrainingError
from mlm_demo.training import step_time
from mlm_demo.training.config import AdaptConfig
from mlm_demo.training.dataset import make_blocks
from mlm_demo.training.step_time import MIN_STEPS, STEPS
from mlm_demo.training.train import masked_lm_step_time
from mlm_demo.training.trainer import MaskedLMTrainer
from tests.support.tiny_models import assert_same_weights
from tests.support.training import TEXTS, fresh, weights


def test_a_batch_that_does_not_fit_is_measured_by_halves(monkeypatch):
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
    assert masked_lm_step_time(mlm, blocks, config) > 0
    assert tried == [8, 4, 2]


def test_measuring_leaves_no_trace():
    mlm = fresh()
    before = weights(mlm)
    config = AdaptConfig(minutes=0.2, batch_size=4, block_size=32)
    assert masked_lm_step_time(mlm, make_blocks(mlm, TEXTS, [], config), config) < 1
    assert_same_weights(before, weights(mlm))
    assert not mlm.model.training


@pytest.mark.parametrize(("seconds", "steps"), [(0.0, STEPS), (4.0, 4), (60.0, MIN_STEPS)])
def test_slow_steps_are_measured_by_fewer(monkeypatch, seconds, steps):
    mlm, marks = fresh(), []

    def monotonic():  # read once at the end of each step
        marks.append(len(marks) * seconds)
        return marks[-1]

    monkeypatch.setattr(step_time, "time", SimpleNamespace(monotonic=monotonic))
    config = AdaptConfig(minutes=1, batch_size=2, block_size=32)
    blocks = make_blocks(mlm, TEXTS, [], config)
    assert masked_lm_step_time(mlm, blocks, config) == seconds
    assert len(marks) == steps


@pytest.mark.parametrize(
    "error",
    [MemoryError(), RuntimeError("DefaultCPUAllocator: can't allocate memory: you tried to allocate")],
)
def test_running_out_of_main_memory_counts_too(monkeypatch, error):
    def train(self):
        raise error

    monkeypatch.setattr(MaskedLMTrainer, "train", train)
    config = AdaptConfig(minutes=1, batch_size=2, block_size=32)
    mlm = fresh()
    blocks = make_blocks(mlm, TEXTS, [], config)
    with pytest.raises(
        TrainingError, match="does not fit this device's memory even with one block of 32 tokens"
    ):
        masked_lm_step_time(mlm, blocks, config)
