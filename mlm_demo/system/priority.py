"""Lower the priority of background processes, so that the page answers quickly beside them."""

import os
from contextlib import suppress

NICE, NICE_IF_AWAITED = 19, 10


def lower_priority(pid: int, *, awaited: bool = False) -> None:
    """Run a process and its future children at idle priority.

    Niceness alone is not enough. A thread that wakes up waits for a nice one to finish its time slice of some
    milliseconds, and the threads of a forward pass wait for each other hundreds of times. Linux preempts a process of
    SCHED_IDLE (sched(7)) at once.

    awaited: a user is waiting for the result, so only lower the niceness. The process keeps a small share of the CPU
    and runs before those that nobody waits for.
    """
    with suppress(OSError):
        os.setpriority(os.PRIO_PROCESS, pid, NICE_IF_AWAITED if awaited else NICE)
    if hasattr(os, "SCHED_IDLE") and not awaited:
        with suppress(OSError):
            os.sched_setscheduler(pid, os.SCHED_IDLE, os.sched_param(0))
