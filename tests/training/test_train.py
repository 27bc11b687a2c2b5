from dataclasses import replace

import numpy as np
import pytest
import torch

from mlm_demo.errors import TrainingError
from mlm_demo.training import trainer
from mlm_demo.training.checkpoints import last_checkpoint
from mlm_demo.training.config import AdaptConfig
from mlm_demo.training.dataset import make_blocks
from mlm_demo.training.train import train
from mlm_demo.training.trainer import MaskedLMTrainer
from tests.support.tiny_models import assert_same_weights
from tests.support.training import CONFIG, TEXTS, fresh, run, weights


def test_the_same_seed_gives_the_same_weights_and_another_does_not(tmp_path):
    one, _ = run(tmp_path / "a")
    two, _ = run(tmp_path / "b")
    assert_same_weights(weights(one), weights(two))
    other, _ = run(tmp_path / "c", replace(CONFIG, seed=1))
    assert any((weights(one)[n] != t).any() for n, t in weights(other).items())


@pytest.mark.parametrize("stop_at", [3, 11])
def test_stopped_and_resumed_gives_the_weights_of_an_uninterrupted_run(tmp_path, stop_at):
    """Over an epoch's end too: 13 steps of 4 blocks are more than one epoch. From step 11 on, less is masked."""
    config = AdaptConfig(max_steps=13, batch_size=4, block_size=32, learning_rate=1e-3)
    whole, _ = run(tmp_path / "whole", config)
    steps = []
    _, trained = run(
        tmp_path / "stopped", config, should_stop=lambda: steps.append(1) or len(steps) >= stop_at
    )
    assert (trained.stopped, trained.steps) == (True, stop_at)
    assert last_checkpoint(tmp_path / "stopped").name == f"checkpoint-{stop_at}"
    resumed, trained = run(tmp_path / "stopped", config, resume=True)
    assert (trained.stopped, trained.steps) == (False, 13)
    assert_same_weights(weights(whole), weights(resumed))


def test_out_of_memory_keeps_the_size_of_a_step_and_the_start_of_the_curve(tmp_path, monkeypatch):
    """Nine blocks fit, then three, then one; the second time there is a checkpoint."""
    stock, sizes = MaskedLMTrainer.train, []

    def fails_twice(self, **options):
        size = self.args.per_device_train_batch_size, self.args.gradient_accumulation_steps
        sizes.append(size)
        if size[0] > 1:
            if size[0] == 3:
                self.args.max_steps = 4
                stock(self, **options)
            raise torch.OutOfMemoryError("CUDA out of memory")
        return stock(self, **options)

    monkeypatch.setattr(MaskedLMTrainer, "train", fails_twice)
    _, trained = run(tmp_path, replace(CONFIG, batch_size=9), eval_texts=TEXTS[:4])
    assert sizes == [(9, 1), (3, 3), (1, 9)]
    steps = [line["step"] for line in trained.log if "eval_loss" in line]
    assert steps == sorted(steps)


def test_tokens_per_second_counts_the_last_batch_as_it_is(tmp_path):
    """Seven blocks in batches of four: two steps an epoch."""
    blocks = make_blocks(fresh(), TEXTS, [], CONFIG)
    few = blocks.select(np.arange(7))
    trained = train(fresh(), few, None, CONFIG, tmp_path)
    assert trained.tokens_per_second * trained.seconds == pytest.approx(8 * few.tokens / 2)


def test_two_accumulated_half_batches_make_the_same_step(tmp_path, monkeypatch):
    """Out of memory: the batch is halved and the effective batch kept."""
    monkeypatch.setattr(
        trainer, "bfloat16_is_fast", lambda device: False
    )  # sums in another order: exact here
    whole, _ = run(tmp_path / "whole")
    stock, failed, notes = MaskedLMTrainer.train, [], []

    def fails_once(self, **options):
        if not failed:
            failed.append(1)
            raise torch.OutOfMemoryError("CUDA out of memory")
        assert (self.args.per_device_train_batch_size, self.args.gradient_accumulation_steps) == (2, 2)
        return stock(self, **options)

    monkeypatch.setattr(MaskedLMTrainer, "train", fails_once)
    halved, _ = run(tmp_path / "halved", on_progress=lambda line: notes.append(line.get("note")))
    assert "Out of memory; continuing with 2 blocks at once, 2 times per step." in notes
    assert_same_weights(weights(whole), weights(halved), tolerance=2e-4)


def test_a_batch_in_parts_makes_the_same_step(tmp_path, monkeypatch):
    monkeypatch.setattr(trainer, "bfloat16_is_fast", lambda device: False)  # as above
    whole, _ = run(tmp_path / "whole")
    parts, trained = run(tmp_path / "parts", replace(CONFIG, gradient_accumulation_steps=2))
    assert_same_weights(weights(whole), weights(parts), tolerance=2e-4)
    assert trained.steps == CONFIG.max_steps


def test_weight_decay_and_schedule_change_what_is_learned(tmp_path):
    whole, _ = run(tmp_path / "whole")
    for number, other in enumerate(({"weight_decay": 0.5}, {"schedule": "constant"}, {"schedule": "cosine"})):
        changed, _ = run(tmp_path / str(number), replace(CONFIG, **other))
        assert any((weights(whole)[name] != tensor).any() for name, tensor in weights(changed).items())


def test_a_model_that_never_fits_in_memory_raises(tmp_path, monkeypatch):
    def fails(self, **options):
        raise torch.OutOfMemoryError("CUDA out of memory")

    monkeypatch.setattr(MaskedLMTrainer, "train", fails)
    with pytest.raises(
        TrainingError, match="does not fit this device's memory even with one block of 32 tokens"
    ):
        run(tmp_path)


def test_running_out_of_memory_without_a_checkpoint_raises(tmp_path, monkeypatch):
    """On a CPU without evaluation no copy of the weights is kept to start again from."""
    stock = MaskedLMTrainer.training_step

    def fails_later(self, *arguments, **named):
        if self.state.global_step == 2:
            raise RuntimeError("DefaultCPUAllocator: can't allocate memory: you tried to allocate 9 bytes.")
        return stock(self, *arguments, **named)

    monkeypatch.setattr(MaskedLMTrainer, "training_step", fails_later)
    with pytest.raises(TrainingError, match="Memory ran out at step 2; choose fewer blocks per step than 4"):
        run(tmp_path, config=replace(CONFIG, max_steps=100))


def test_a_slow_machine_ends_in_time_with_its_rate_at_the_end(tmp_path):
    """The plan has a thousand times the steps that fit into the minutes."""
    config = AdaptConfig(minutes=2 / 60, batch_size=4, block_size=32, learning_rate=1e-3)
    _, trained = run(tmp_path, config, eval_texts=TEXTS[:4], step_time=1e-5)
    assert trained.steps == trained.planned
    assert (trained.stopped, trained.ended) == (False, "budget")
    assert trained.seconds >= 2
    rates = [line["learning_rate"] for line in trained.log if "learning_rate" in line]
    assert rates[-1] < 5e-4  # by steps alone it would still be at its highest
    assert trained.log[-2]["step"] == trained.steps  # evaluated at its end


def test_a_fast_machine_uses_all_of_its_minutes(tmp_path):
    """The plan has one step for the two seconds: the machine was busy when the step time was measured."""
    lines, config = [], AdaptConfig(minutes=2 / 60, batch_size=4, block_size=32, learning_rate=1e-3)
    _, trained = run(tmp_path, config, eval_texts=TEXTS[:4], step_time=2, on_progress=lines.append)
    assert trained.steps == trained.planned > 3
    assert (trained.stopped, trained.ended) == (False, "budget")
    assert trained.seconds >= 2
    steps = [line for line in lines if "loss" in line]
    assert steps[-1]["of"] <= steps[-1]["step"] + 2  # the estimate has followed
    assert steps[-1]["learning_rate"] < 5e-4


def test_the_log_and_the_time_of_a_resumed_run_cover_all_of_it(tmp_path):
    steps = []
    _, first = run(tmp_path, should_stop=lambda: steps.append(1) or len(steps) >= 3)
    _, whole = run(tmp_path, resume=True)
    assert [line["step"] for line in whole.log if "loss" in line] == list(range(1, 9))
    first_steps = [line["seconds"] for line in first.log if "loss" in line]
    assert whole.seconds > first_steps[-1], (
        "what came after the checkpoint, its writing, is not counted again"
    )


def test_a_nan_loss_raises(tmp_path):
    mlm = fresh()
    with torch.no_grad():
        mlm.model.cls.predictions.bias[7] = float("nan")
    with pytest.raises(TrainingError, match=r"The loss became NaN at step 1\..*try a lower learning rate"):
        run(tmp_path, mlm=mlm)


def test_training_learns_and_keeps_the_best(tmp_path):
    lines = []
    config = AdaptConfig(max_steps=60, batch_size=8, block_size=32, learning_rate=3e-3)
    mlm, trained = run(tmp_path, config, eval_texts=TEXTS[:4], on_progress=lines.append)
    losses = [line["loss"] for line in lines if "loss" in line]
    eval_losses = [line["eval_loss"] for line in lines if "eval_loss" in line]
    assert np.mean(losses[-5:]) < np.mean(losses[:5]) - 0.5
    assert len(eval_losses) >= 3
    assert lines[0] == {"step": 0, "of": 60, "epoch": 0.0, "eval_loss": trained.log[0]["eval_loss"]}
    assert trained.tokens_per_second > 0
    assert trained.steps <= trained.planned == 60
    assert not mlm.model.training


def test_a_run_is_resumed_only_with_its_own_options_and_corpus(tmp_path):
    run(tmp_path / "a")
    with pytest.raises(
        TrainingError, match=r"mlm_probability is 0\.2 now and was 0\.3 when this run started"
    ):
        run(tmp_path / "a", resume=True, config=replace(CONFIG, mlm_probability=0.2))
    with pytest.raises(TrainingError, match="The corpus or the model is not the one this run started with"):
        run(tmp_path / "a", resume=True, texts=TEXTS[1:])


def test_resuming_without_a_checkpoint_raises(tmp_path):
    with pytest.raises(TrainingError, match="There is no checkpoint under"):
        run(tmp_path, resume=True)


def test_a_folder_that_cannot_be_written_raises(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(TrainingError, match=r"cannot be written .*; make room"):
        run(tmp_path / "file")
