import time
from types import SimpleNamespace

import pytest
import torch
from transformers import (
    TrainerControl,
    TrainerState,
    get_constant_schedule_with_warmup,
    get_cosine_schedule_with_warmup,
    get_linear_schedule_with_warmup,
)

from mlm_demo.training.config import SCHEDULES
from mlm_demo.training.schedule import FALLING, TimedSchedule


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


def test_the_other_curves_are_those_of_transformers():
    optimizer = torch.optim.SGD([torch.nn.Parameter(torch.zeros(1))], lr=1.0)
    for falling, theirs in (
        ("cosine", get_cosine_schedule_with_warmup(optimizer, 10, 100)),
        ("constant", get_constant_schedule_with_warmup(optimizer, 10)),
    ):
        ours, factor = TimedSchedule(100, 10, None, falling=falling), theirs.lr_lambdas[0]
        assert [ours.factor(n) for n in range(101)] == pytest.approx([factor(n) for n in range(101)])


def test_the_rate_falls_to_a_third():
    ours = TimedSchedule(100, 10, None, falling="linear-to-third")
    assert [ours.factor(n) for n in (0, 5, 10, 55, 100)] == pytest.approx([0, 0.5, 1, 2 / 3, 1 / 3])


def test_every_schedule_of_the_options_has_a_curve():
    assert tuple(FALLING) == SCHEDULES


def test_with_a_time_limit_rate_and_end_follow_the_clock(monkeypatch):
    now = [1_000.0]
    monkeypatch.setattr(time, "monotonic", lambda: now[0])
    schedule = TimedSchedule(100, 0, 60.0)
    started(schedule)
    assert schedule.expected_steps(0) == 100
    now[0] += 45
    for step in (50, 500):  # the machine is slower, or faster, than planned
        assert schedule.factor(step) == pytest.approx(0.25)
        assert schedule.seconds_left(step) == pytest.approx(15)
        assert schedule.share_over(step) == pytest.approx(0.75)
    assert schedule.expected_steps(600) == 800
    now[0] += 30
    assert (schedule.factor(50), schedule.seconds_left(50), schedule.expected_steps(50)) == (0, 0, 50)


def test_with_steps_the_share_that_is_over_counts_steps():
    schedule = TimedSchedule(40, 0, None)
    assert [schedule.share_over(step) for step in (0, 10, 32)] == [0, 0.25, 0.8]


def test_the_time_before_a_resume_counts(monkeypatch):
    monkeypatch.setattr(time, "monotonic", lambda: 5.0)
    schedule = TimedSchedule(100, 0, 60.0)
    state = started(schedule, log=[{"loss": 1.0, "step": 10, "seconds": 30.0}])
    assert (schedule.seconds, schedule.factor(90)) == (30.0, 0.5)
    state.log_history.append({"loss": 1.0, "step": 11})
    schedule.on_log(None, state, None)
    assert state.log_history[-1]["seconds"] == 30.0


def test_evaluations_and_the_end_of_a_run_in_minutes_follow_the_clock(monkeypatch):
    now = [0.0]
    monkeypatch.setattr(time, "monotonic", lambda: now[0])
    schedule = TimedSchedule(100, 0, 60.0, evaluations=4)
    started(schedule, log=[{"seconds": 16.0}])
    arguments = SimpleNamespace(load_best_model_at_end=True)

    def after(seconds):
        now[0], control = seconds, TrainerControl()
        schedule.on_step_end(arguments, None, control)
        return control.should_evaluate, control.should_save, control.should_training_stop

    assert after(10) == (False, False, False)  # the first, at 15 seconds, was made before the resume
    assert after(14) == (True, True, False)
    assert after(20) == (False, False, False)
    assert after(44) == (True, True, True)


def test_a_run_in_minutes_that_has_used_them_ends_at_once(monkeypatch):
    monkeypatch.setattr(time, "monotonic", lambda: 5.0)
    schedule, control = TimedSchedule(100, 0, 60.0), TrainerControl()
    schedule.on_train_begin(None, TrainerState(log_history=[{"seconds": 60.0}]), control)
    assert control.should_training_stop
