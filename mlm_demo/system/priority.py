"""Processes that leave the processors to whoever asks the page something."""

import os
from contextlib import suppress

NICE, NICE_BUT_WAITED_FOR = 19, 10


def lower_priority(pid: int, *, waited_for: bool = False) -> None:
    """Let a process, and what it starts from now on, work only while the processors have nothing else to do.

    By niceness alone it would not: a thread that wakes up waits until a nice one has come to the end of its slice, some
    milliseconds, and the threads of one pass through a model wait for each other hundreds of times. On Linux a process
    of SCHED_IDLE (sched(7)) is put aside at once.

    waited_for: somebody looks at the page until it is done, so it has its small share whatever else there is to do,
    and goes before those that nobody waits for.
    """
    with suppress(OSError):
        os.setpriority(os.PRIO_PROCESS, pid, NICE_BUT_WAITED_FOR if waited_for else NICE)
    if hasattr(os, "SCHED_IDLE") and not waited_for:
        with suppress(OSError):
            os.sched_setscheduler(pid, os.SCHED_IDLE, os.sched_param(0))
