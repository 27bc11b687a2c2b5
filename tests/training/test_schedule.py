import time
from types import SimpleNamespace

import pytest
import torch
from transformers import TrainerControl, TrainerState, get_linear_schedule_with_warmup

from mlm_demo.training.schedule import TimedSchedule


def started(schedule, *, log=()):
    state = TrainerState(log_history=list(log))
    schedule.on_train_begin(None, state, None)
    return state


@pytest.mark.parametrize(("steps", "warm_up"), [(100, 10), (7, 1), (1, 1), (5, 0)])
def test_without_a_time_limit_the_rate_is_transformers_linear_one(steps, warm_up):
    optimizer = torch.optim.SGD([torch.nn.Parameter(torch.zeros(1))], lr=1.0)
    theirs = get_linear_schedule_with_warmup(optimizer, warm_up, steps).lr_lambdas[0]
    ours = TimedSchedule(steps, warm_up, None)
    assert [ours.factor(n) for n in range(steps + 1)] == pytest.approx([theirs(n) for n in range(steps + 1)])


def test_with_a_time_limit_the_rate_is_the_lower_of_the_two(monkeypatch):
    now = [1_000.0]
    monkeypatch.setattr(time, "monotonic", lambda: now[0])
    schedule = TimedSchedule(100, 0, 60.0)
    started(schedule)
    assert schedule.factor(50) == pytest.approx(0.5)  # ahead of time: by the steps
    now[0] += 45
    assert schedule.factor(50) == pytest.approx(0.25)
    assert schedule.seconds_left(50) == pytest.approx(15)
    now[0] += 30
    assert schedule.factor(50) == 0


def test_the_time_before_a_resume_counts(monkeypatch):
    monkeypatch.setattr(time, "monotonic", lambda: 5.0)
    schedule = TimedSchedule(100, 0, 60.0)
    state = started(schedule, log=[{"loss": 1.0, "step": 10, "seconds": 30.0}])
    assert (schedule.seconds, schedule.factor(10)) == (30.0, 0.5)
    state.log_history.append({"loss": 1.0, "step": 11})
    schedule.on_log(None, state, None)
    assert state.log_history[-1]["seconds"] == 30.0


def test_the_run_ends_when_its_time_is_over():
    schedule, control = TimedSchedule(100, 0, 60.0), TrainerControl()
    started(schedule, log=[{"seconds": 59.9999}])
    time.sleep(0.001)
    schedule.on_step_end(SimpleNamespace(load_best_model_at_end=True), None, control)
    assert control.should_training_stop
    assert control.should_evaluate
