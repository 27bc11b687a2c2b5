"""A limit on the memory of a process that works with what strangers have sent."""

import resource
from contextlib import suppress

import torch


def limit_memory(megabytes: int) -> None:
    """Let this process take no more memory: what goes beyond is a MemoryError or torch's, not the machine's end.

    Counted is what a process writes to, not what it maps of files (RLIMIT_DATA, setrlimit(2)). A process with a CUDA
    device has no limit: the driver reserves far more than is used.
    """
    if torch.cuda.is_available():
        return
    _, most = resource.getrlimit(resource.RLIMIT_DATA)
    wanted = megabytes * 1_000_000
    if most != resource.RLIM_INFINITY:
        wanted = min(wanted, most)
    with suppress(ValueError, OSError):  # a system without it
        resource.setrlimit(resource.RLIMIT_DATA, (wanted, most))


def lift_limit() -> None:
    """Take the limit off again, so that there is room to tell that it was met."""
    _, most = resource.getrlimit(resource.RLIMIT_DATA)
    resource.setrlimit(resource.RLIMIT_DATA, (most, most))
