import os
import subprocess
import sys

import pytest

from mlm_demo.system.priority import lower_priority


@pytest.fixture
def process():
    child = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)
    yield child.pid
    child.kill()
    child.wait()


@pytest.mark.skipif(not hasattr(os, "SCHED_IDLE"), reason="only Linux has SCHED_IDLE")
def test_a_background_process_runs_at_idle_priority(process):
    lower_priority(process)
    assert os.sched_getscheduler(process) == os.SCHED_IDLE
    assert os.getpriority(os.PRIO_PROCESS, process) == 19


def test_an_awaited_process_keeps_a_share(process):
    lower_priority(process, awaited=True)
    assert os.getpriority(os.PRIO_PROCESS, process) == 10
    if hasattr(os, "SCHED_IDLE"):
        assert os.sched_getscheduler(process) == os.SCHED_OTHER


def test_a_process_that_has_ended_is_no_error():
    child = subprocess.Popen([sys.executable, "-c", ""])
    child.wait()
    lower_priority(child.pid)
