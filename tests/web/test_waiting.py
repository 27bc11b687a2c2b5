import pytest

from mlm_demo.web.waiting import waiting_for


@pytest.mark.parametrize(
    ("ahead", "seconds", "text"),
    [
        (0, None, "Starts in a moment."),
        (1, None, "Waiting for 1 other run."),
        (1, 130, "Waiting for 1 other run, about 2 minutes."),
        (3, 20, "Waiting for 3 other runs, about 1 minute."),
    ],
)
def test_a_run_says_what_it_waits_for(ahead, seconds, text):
    assert waiting_for(ahead, seconds) == text
