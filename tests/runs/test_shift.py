"""When the work on a run has to stop: `runs/tasks/task.py`."""

from types import SimpleNamespace

import pytest

from mlm_demo.runs.tasks import task
from mlm_demo.runs.tasks.task import Shift
from mlm_demo.training.phase import Phase


@pytest.fixture
def clock(monkeypatch):
    clock = SimpleNamespace(now=1_000.0)
    monkeypatch.setattr(task.time, "monotonic", lambda: clock.now)
    return clock


def shift(*, of_training):
    run = SimpleNamespace(asked_to_stop=False, log=lambda line: None)
    return Shift(run, seconds=100, limit="The limit", of_training=of_training, may_exit=False)


def test_the_limit_of_a_run_that_trains_counts_its_training_alone(clock):
    work = shift(of_training=True)
    with work.reading():
        clock.now += 500
        assert not work.should_stop()
    with work.training() as log:
        clock.now += 500
        assert not work.should_stop()
        for _ in range(2):  # seeds
            log({"phase": Phase.TRAIN})
            clock.now += 49
            assert not work.should_stop()
            log({"phase": Phase.AFTER})
            clock.now += 500
            assert not work.should_stop()
        log({"phase": Phase.TRAIN})
        clock.now += 3
        assert work.should_stop()


@pytest.mark.parametrize("trains", [True, False])
def test_other_limits_count_all_of_the_time(clock, trains):
    """Of a lent GPU, and of work that does not train."""
    work = shift(of_training=not trains)
    if not trains:
        with work.reading():
            clock.now += 500  # it has a limit of its own
    clock.now += 99
    assert not work.should_stop()
    if trains:
        with work.training():
            clock.now += 2
            assert work.should_stop()
    clock.now += 2
    assert work.should_stop()
