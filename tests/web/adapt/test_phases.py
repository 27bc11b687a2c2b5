"""The strip of phases, from a log."""

import re

from mlm_demo.training.phase import Phase
from mlm_demo.web.adapt.phases import phase_strip


def at(second, phase=None, **more):
    return {"at": 1_000.0 + second, **({"phase": str(phase)} if phase else {}), **more}


READ = [at(0, Phase.READ, stage="reading the text"), at(1, stage="Loading Small BERT")]
BEFORE = [*READ, at(4, Phase.BEFORE, stage="evaluating the base model")]
TRAIN = [*BEFORE, at(16, Phase.TRAIN, stage="training")]
STEP = at(20, step=3, loss=3.0, seconds=4.0, seconds_left=12.0)


def shown(lines, second):
    """Each phase as `title seconds`, with what marks the present one, and its bar."""
    html = phase_strip(lines, now=1_000.0 + second)
    items = re.findall(r"<li(?: class=\"(\w+)\")?.*?>(.*?)</li>", html)
    return [
        (kind, re.sub(r"<.*?>", "", text).strip(), *re.findall(r"--from:(\d+)|value=\"([\d.]+)\"", text))
        for kind, text in items
    ]


def test_a_log_without_phases_has_no_strip():
    assert phase_strip([]) == phase_strip([at(0, stage="training"), STEP]) == ""


def test_the_present_phase_counts_on():
    assert shown(READ, 3) == [
        ("present", "Read", ("3", "")),
        ("", "Test before"),
        ("", "Train"),
        ("", "Test after"),
    ]


def test_the_first_phase_begins_with_the_worker():
    begun = phase_strip([], started=1_000.0, now=1_002.0)
    assert 'class="present" aria-current="step">Read <span class="seconds" style="--from:2"' in begun
    assert "--from:6" in phase_strip([at(4, Phase.READ)], started=1_000.0, now=1_006.0)
    resumed = phase_strip([*TRAIN, STEP], started=1_100.0, now=1_103.0)
    assert 'aria-current="step">Read' in resumed, "the log is of the worker before"
    assert "value=" not in resumed
    assert "--from:3" in resumed


def test_what_is_over_shows_its_seconds():
    assert shown(BEFORE, 9)[:2] == [("over", "Read 4 s"), ("present", "Test before", ("5", ""))]


def test_the_bar_of_training_follows_its_time_and_that_of_testing_its_parts():
    assert "value" not in phase_strip(TRAIN, now=1_017.0), "no step yet"
    assert shown([*TRAIN, STEP], 21)[2] == ("present", "Train", ("5", ""), ("", "0.2500"))
    after = [*TRAIN, STEP, at(32, Phase.AFTER, done=0.4)]
    assert shown(after, 34)[2:] == [
        ("over", "Train 16 s"),
        ("present", "Test after", ("2", ""), ("", "0.4000")),
    ]


def test_seeds_take_turns_at_training_and_testing():
    second = [*TRAIN, STEP, at(32, Phase.AFTER), at(36, Phase.TRAIN)]
    assert shown(second, 40)[2:] == [("present", "Train", ("20", "")), ("over", "Test after 4 s")]


def test_a_resumed_run_begins_anew():
    resumed = [*TRAIN, STEP, at(500, Phase.READ)]
    assert shown(resumed, 503) == shown(READ, 3)
