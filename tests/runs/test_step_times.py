import pytest

from mlm_demo.runs import step_times as trials
from mlm_demo.runs.step_times import Trials
from mlm_demo.runs.tasks.adapt import AdaptRequest
from mlm_demo.training.config import AdaptConfig

REPORT = {"blocks": 177, "seconds_a_pass": 21.0, "memory_megabytes": 1330.776}


def choices(model="general", **more):
    return AdaptRequest(AdaptConfig(minutes=1, **{"batch_size": 32, **more}), model)


@pytest.fixture
def made():
    made = Trials()
    made.keep(choices(), REPORT)
    return made


def test_a_trial_is_kept_as_seconds_a_step_and_megabytes(made):
    option, seconds, megabytes = made.words(choices())
    assert option == "--trial"
    assert float(seconds) * 177 / 32 == pytest.approx(21.0)
    assert float(megabytes) == 1330.776


def test_what_does_not_change_a_step_does_not_count(made):
    config = AdaptConfig(max_steps=5, batch_size=32, seed=3, learning_rate=1e-4, replay=0.1)
    assert made.words(AdaptRequest(config, "general", column="abstract"))


@pytest.mark.parametrize(
    "other",
    [
        {"model": "biomedical"},
        {"batch_size": 16},
        {"block_size": 64},
        {"mlm_probability": 0.3},
        {"whole_word": True},
        {"line_by_line": True},
    ],
)
def test_what_changes_a_step_asks_for_a_trial_of_its_own(made, other):
    assert made.words(choices(**other)) == []


def test_a_corpus_that_does_not_fill_a_step_says_nothing_of_one():
    made = Trials()
    made.keep(choices(), {**REPORT, "blocks": 31})
    assert made.words(choices()) == []


def test_a_trial_is_of_no_use_an_hour_later(made, monkeypatch):
    now = trials.time.monotonic()
    monkeypatch.setattr(trials.time, "monotonic", lambda: now + trials.SECONDS_KEPT + 1)
    assert made.words(choices()) == []


def test_a_report_that_was_made_without_a_trial_does_not_make_the_last_one_younger(made, monkeypatch):
    now = trials.time.monotonic()
    monkeypatch.setattr(trials.time, "monotonic", lambda: now + trials.SECONDS_KEPT / 2)
    made.keep(choices(), REPORT)
    monkeypatch.setattr(trials.time, "monotonic", lambda: now + trials.SECONDS_KEPT + 1)
    assert made.words(choices()) == []


def test_it_does_not_grow_without_end(made):
    for number in range(3 * trials.PLACES_KEPT):
        made.keep(choices(f"owner/{number}"), REPORT)
    assert len(made._made) <= trials.PLACES_KEPT
    assert made.words(choices(f"owner/{number}"))
