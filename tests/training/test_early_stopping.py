"""When a run ends before its budget, and which weights it keeps."""

import time
from dataclasses import replace

import pytest
import torch
from safetensors.torch import load_file

from mlm_demo.models.masked_lm import MaskedLM
from mlm_demo.training import train, trainer
from mlm_demo.training.config import AdaptConfig
from mlm_demo.training.output_bias import fit_output_bias
from tests.support.nightly import some
from tests.support.tiny_models import assert_same_weights, build
from tests.support.training import CONFIG, TEXTS, LossesByWeights, fresh, run, weights


@pytest.fixture
def set_eval_losses(monkeypatch):
    """Return a function that sets the eval losses of a run: the base model's, then one per evaluation, then rising."""

    def set_values(*losses):
        monkeypatch.setattr(trainer, "sum_by_document", LossesByWeights(*losses))

    return set_values


@pytest.fixture
def no_start(monkeypatch):
    """Let runs begin with the base model, without the start in closed form."""
    monkeypatch.setattr(train, "fit_output_bias", lambda *_: None)


LONG = replace(CONFIG, max_steps=352)  # an evaluation after every 44th step, those from the 86th on count


def test_a_run_without_improvement_ends_early(tmp_path, set_eval_losses):
    set_eval_losses(9, 3)
    mlm, trained = run(tmp_path, LONG, eval_texts=TEXTS[:4])
    assert trained.steps == 5 * 44  # the first evaluation that counts and PATIENCE more
    best = MaskedLM(*build("BERT"))
    best.model.load_state_dict(
        load_file(tmp_path / "checkpoints" / "checkpoint-44" / "model.safetensors"), strict=False
    )
    assert_same_weights(weights(best), weights(mlm))
    assert (trained.ended, trained.best_step, trained.stopped) == ("no_improvement", 44, False)


def test_a_run_that_improves_nothing_keeps_the_start_in_closed_form(tmp_path, set_eval_losses):
    set_eval_losses(3, 3, 4)  # as good is not better
    mlm, trained = run(tmp_path, LONG, eval_texts=TEXTS[:4])
    assert (trained.best_step, trained.output_bias.strength > 0) == (0, True)
    moved = {name for name, tensor in weights(fresh()).items() if not tensor.equal(weights(mlm)[name])}
    assert moved == {"cls.predictions.bias", "cls.predictions.decoder.bias"}  # one tensor


def test_the_curve_begins_with_the_start_in_closed_form(tmp_path):
    _, trained = run(tmp_path, eval_texts=TEXTS[:4])
    start = trained.output_bias
    losses = [line["eval_loss"] for line in trained.log if line["step"] == 0]
    assert losses == pytest.approx([start.loss_before, start.loss_after])
    assert losses[1] < losses[0]


def test_the_start_in_closed_form_takes_time_of_the_run(tmp_path, monkeypatch):
    def slow(*parts):
        time.sleep(0.5)
        return fit_output_bias(*parts)

    monkeypatch.setattr(train, "fit_output_bias", slow)
    _, trained = run(tmp_path, eval_texts=TEXTS[:4])
    assert next(line for line in trained.log if "loss" in line)["seconds"] > 0.5


def test_a_resumed_run_that_improves_nothing_keeps_the_start_in_closed_form(tmp_path, set_eval_losses):
    steps = []
    set_eval_losses(3, 8)
    stop = lambda: steps.append(1) or len(steps) >= 3  # noqa: E731
    at_start, stopped = run(tmp_path, eval_texts=TEXTS[:4], should_stop=stop)
    mlm, resumed = run(tmp_path, eval_texts=TEXTS[:4], resume=True)
    assert (stopped.best_step, resumed.best_step) == (0, 0)
    assert resumed.output_bias == stopped.output_bias
    assert_same_weights(weights(at_start), weights(mlm))


def test_a_run_that_improves_nothing_keeps_the_weights_of_the_base(tmp_path, set_eval_losses, no_start):
    set_eval_losses(3, 3, 4)  # as good is not better
    mlm, trained = run(tmp_path, LONG, eval_texts=TEXTS[:4])
    assert (trained.ended, trained.best_step, trained.steps) == ("no_improvement", 0, 5 * 44)
    assert_same_weights(weights(fresh()), weights(mlm))
    assert not mlm.model.training


def test_stopped_before_its_first_evaluation_a_run_keeps_base_or_current_weights(
    tmp_path, set_eval_losses, no_start
):
    for base, now, best_step in ((3, 4, 0), (4, 3, 2)):
        set_eval_losses(base, now)
        steps = []
        stop = lambda steps=steps: steps.append(1) or len(steps) >= 2  # noqa: E731
        mlm, trained = run(tmp_path / f"{base}", LONG, eval_texts=TEXTS[:4], should_stop=stop)
        assert (trained.ended, trained.best_step, trained.steps) == ("stopped", best_step, 2)
        same = all(tensor.equal(weights(mlm)[name]) for name, tensor in weights(fresh()).items())
        assert same == (best_step == 0)


def test_a_resumed_run_knows_the_loss_of_its_base(tmp_path, set_eval_losses, no_start):
    steps = []
    set_eval_losses(3, 8)
    _, stopped = run(tmp_path, eval_texts=TEXTS[:4], should_stop=lambda: steps.append(1) or len(steps) >= 3)
    assert (stopped.ended, stopped.best_step, stopped.steps) == ("stopped", 0, 3)
    mlm, resumed = run(tmp_path, eval_texts=TEXTS[:4], resume=True)
    assert (resumed.ended, resumed.best_step, resumed.steps) == ("budget", 0, 8)
    assert_same_weights(weights(fresh()), weights(mlm))


def test_the_best_checkpoint_is_found_in_a_folder_that_was_moved(tmp_path, set_eval_losses):
    set_eval_losses(9, 3)
    _, trained = run(tmp_path / "a", eval_texts=TEXTS[:4])
    (tmp_path / "a").rename(tmp_path / "b")
    _, resumed = run(tmp_path / "b", eval_texts=TEXTS[:4], resume=True)
    assert (trained.best_step, resumed.best_step, resumed.steps) == (2, 2, 8)  # step 1 has a rate of 0


@pytest.mark.parametrize("steps", some([7, 30, 88], 2))
def test_a_short_run_uses_its_whole_budget(tmp_path, set_eval_losses, steps):
    set_eval_losses(9, 3)
    _, trained = run(tmp_path, replace(CONFIG, max_steps=steps), eval_texts=TEXTS[:4])
    assert (trained.steps, trained.ended) == (steps, "budget")


def test_a_loss_that_rises_while_training_settles_does_not_end_the_run(tmp_path, set_eval_losses):
    set_eval_losses(9, 5, 8, 7, 6, 5.6, 5.4, 5.2, 5.1)  # those from step 63 on fall, but stay above the first
    _, trained = run(tmp_path, replace(CONFIG, max_steps=125), eval_texts=TEXTS[:4])
    assert (trained.steps, trained.best_step) == (125, 16)


def test_resumed_after_its_end_a_run_makes_no_further_step(tmp_path, set_eval_losses):
    """Killed during the last evaluation: at the last step, in the middle of an epoch, or out of patience."""
    whole, trained = run(tmp_path / "a", eval_texts=TEXTS[:4])
    again, resumed = run(tmp_path / "a", eval_texts=TEXTS[:4], resume=True)
    assert (resumed.steps, trained.steps) == (8, 8)
    curves = [
        [line for line in each.log if "loss" in line or "eval_loss" in line] for each in (trained, resumed)
    ]
    assert curves[0] == curves[1]
    assert_same_weights(weights(whole), weights(again))
    set_eval_losses(9, 3)
    whole, trained = run(tmp_path / "b", LONG, eval_texts=TEXTS[:4])
    again, resumed = run(tmp_path / "b", LONG, eval_texts=TEXTS[:4], resume=True)
    assert (resumed.steps, trained.steps) == (220, 220)
    assert (resumed.ended, resumed.best_step) == (trained.ended, trained.best_step) == ("no_improvement", 44)
    assert_same_weights(weights(whole), weights(again))


def test_a_stopped_run_keeps_its_current_weights_if_they_are_best(tmp_path):
    steps = []
    config = AdaptConfig(max_steps=64, batch_size=8, block_size=32, learning_rate=3e-3)
    stop = lambda: steps.append(1) or len(steps) >= 31  # noqa: E731 - one step before the fourth evaluation
    mlm, trained = run(tmp_path, config, eval_texts=TEXTS[:4], should_stop=stop)
    assert (trained.steps, trained.best_step) == (31, 31)
    at_the_end = load_file(tmp_path / "checkpoints" / "checkpoint-31" / "model.safetensors")
    assert_same_weights({n: t for n, t in weights(mlm).items() if n in at_the_end}, at_the_end)


@pytest.mark.parametrize(
    ("few", "many", "best_step", "mean"),
    [
        ((9, 3), (2, 5), 8, False),
        ((9, 3), (5, 2), 2, False),
        ((9, 3), (5, 6, 2), 8, False),  # the start is far
        ((3.05, 3), (5, 6, 2, 4), 0, False),
        ((3.05, 3), (5, 6, 2, 1), 8, True),
        ((3.05, 3), (6, 5, 2, 1), 2, True),
    ],
)
def test_the_weights_are_chosen_on_more_items_than_an_evaluation_has(
    tmp_path, monkeypatch, no_start, few, many, best_step, mean
):
    """few: losses in the evaluations; many: of the last weights, the best checkpoint, the start and its mean."""
    few, many = LossesByWeights(*few), LossesByWeights(*many)
    by_size = lambda mlm, eval_set: (few if len(eval_set.blocks) <= 8 else many)(mlm, eval_set)  # noqa: E731
    monkeypatch.setattr(trainer, "sum_by_document", by_size)
    mlm, trained = run(tmp_path, eval_texts=TEXTS)
    assert (trained.best_step, trained.mean_with_start) == (best_step, mean)
    kept = MaskedLM(*build("BERT"))
    if best_step:
        checkpoint = tmp_path / "checkpoints" / f"checkpoint-{best_step}" / "model.safetensors"
        kept.model.load_state_dict(load_file(checkpoint), strict=False)
    if mean:
        start, step = weights(fresh()), weights(kept)
        step |= {name: (start[name] + step[name]) / 2 for name in start if step[name].is_floating_point()}
        for name, weight in weights(mlm).items():
            assert torch.allclose(weight, step[name], atol=1e-7), name
    else:
        assert_same_weights(weights(kept), weights(mlm))
