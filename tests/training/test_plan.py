import pytest
import torch

from mlm_demo.training.config import AdaptConfig
from mlm_demo.training.plan import Plan, is_worth_compiling, load_plan, make_plan, save_plan
from tests.support.training import CONFIG

CPU = torch.device("cpu")


def test_epochs_count_the_blocks():
    assert make_plan(33, AdaptConfig(epochs=2, batch_size=4, block_size=32), CPU).steps == 2 * 9


@pytest.mark.parametrize(
    ("device", "budget", "step_time", "seconds", "steps", "eval_blocks"),
    [
        ("cpu", {"minutes": 2}, 0.12, 120, 940, 240),
        ("cuda", {"minutes": 2}, 0.12, 120, 1175, 240),  # compiled, so steps are a fifth shorter
        ("cuda", {"minutes": 1}, 0.12, 60, 470, 120),
        ("cuda", {"max_steps": 1000}, 0.12, 120, 1000, 240),
        ("cuda", {"max_steps": 1000}, None, None, 1000, 240),  # of unknown duration
    ],
)
def test_the_budget_becomes_steps(device, budget, step_time, seconds, steps, eval_blocks):
    made = make_plan(64, AdaptConfig(**budget), torch.device(device), step_time)
    assert (made.seconds, made.steps, made.eval_blocks) == (seconds, steps, eval_blocks)


@pytest.mark.parametrize(
    ("device", "seconds", "zero_gpu", "worth"),
    [
        ("cuda", 120, "", True),
        ("cuda", 119, "", False),
        ("cuda", None, "", False),
        ("cuda", 600, "true", False),
        ("cpu", 600, "", False),
    ],
)
def test_long_runs_on_a_gpu_of_ones_own_are_compiled(monkeypatch, device, seconds, zero_gpu, worth):
    monkeypatch.setenv("SPACES_ZERO_GPU", zero_gpu)
    assert is_worth_compiling(torch.device(device), seconds) is worth


@pytest.mark.parametrize(
    ("device", "step_time", "every"),
    [("cuda", 0.01, 400), ("cuda", 0.05, 100), ("cuda", 1.0, 50), ("cuda", None, 50), ("cpu", 0.01, 50)],
)
def test_checkpoints_on_a_gpu_are_seconds_apart(device, step_time, every):
    config = AdaptConfig(max_steps=400)
    assert make_plan(64, config, torch.device(device), step_time).evaluate_every == every


def test_a_plan_is_read_as_it_was_written(tmp_path):
    made = make_plan(64, CONFIG, CPU)
    save_plan(tmp_path, made, 7, CONFIG)
    assert load_plan(tmp_path, 7, CONFIG) == made
    assert [path.name for path in (tmp_path / "checkpoints").iterdir()] == ["plan.json"]


def test_plans_keep_the_names_of_the_first_version():
    kept = {"steps": 8, "warm_up": 1, "evaluate_every": 1, "watched_blocks": 8, "seconds": None}
    assert Plan.from_json(kept).to_json() == {**kept, "output_bias": None}
