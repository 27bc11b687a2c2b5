"""Processes that leave the processors to whoever asks the page something."""

import os
from contextlib import suppress

NICE = 19


def give_way(pid: int) -> None:
    """Let a process, and what it starts from now on, work only while the processors have nothing else to do.

    By niceness alone it would not: a thread that wakes up waits until a nice one has come to the end of its slice, some
    milliseconds, and the threads of one pass through a model wait for each other hundreds of times. On Linux a process
    of SCHED_IDLE (sched(7)) is put aside at once.
    """
    with suppress(OSError):
        os.setpriority(os.PRIO_PROCESS, pid, NICE)
    if hasattr(os, "SCHED_IDLE"):
        with suppress(OSError):
            os.sched_setscheduler(pid, os.SCHED_IDLE, os.sched_param(0))
