import pytest

from mlm_demo.web.score.cancel import CancelableWork, Canceled
from tests.support.events import request


def test_work_ends_at_its_next_report_once_its_own_visitor_cancels():
    work, reports = CancelableWork(), []
    with work.reporting(request("mine"), lambda *report: reports.append(report)) as on_progress:
        work.cancel(request("yours"))
        on_progress(0.5, "Scoring")
        work.cancel(request("mine"))
        with pytest.raises(Canceled):
            on_progress(0.6, "Scoring")
    assert reports == [(0.5, "Scoring")]
    assert len(work) == 0


def test_newer_work_of_the_same_visitor_can_be_canceled_after_the_older_has_ended():
    work = CancelableWork()
    older = work.reporting(request("mine"), lambda *report: None)
    older.__enter__()
    with work.reporting(request("mine"), lambda *report: None) as on_progress:
        older.__exit__(None, None, None)
        work.cancel(request("mine"))
        with pytest.raises(Canceled):
            on_progress(0.1, "Scoring")
