"""A limit on the memory of a process that works with what strangers have sent."""

import resource
from collections.abc import Iterator
from contextlib import contextmanager, suppress

from mlm_demo.errors import TrainingError


def limit_memory(megabytes: int) -> None:
    """Let this process take no more memory: what goes beyond is a MemoryError or torch's, not the machine's end.

    Counted is what a process writes to, not what it maps of files (RLIMIT_DATA, setrlimit(2)). A process that is to use
    a CUDA device must lift the limit: the driver reserves far more than is used.
    """
    _, most = resource.getrlimit(resource.RLIMIT_DATA)
    wanted = megabytes * 1_000_000
    if most != resource.RLIM_INFINITY:
        wanted = min(wanted, most)
    with suppress(ValueError, OSError):  # a system without it
        resource.setrlimit(resource.RLIMIT_DATA, (wanted, most))


def lift_limit() -> None:
    """Take the limit off again: for a CUDA device, or for room to tell that it was met."""
    _, most = resource.getrlimit(resource.RLIMIT_DATA)
    resource.setrlimit(resource.RLIMIT_DATA, (most, most))


def ran_out(error: BaseException) -> bool:
    """Whether an error is that of memory used up, the machine's or a GPU's; torch has no class for the machine's."""
    return (
        isinstance(error, MemoryError)
        or type(error).__name__ == "OutOfMemoryError"  # torch's, which need not have been imported
        or (isinstance(error, RuntimeError) and "can't allocate memory" in str(error))
    )


@contextmanager
def out_of_memory_as_error() -> Iterator[None]:
    """Within this context memory that is used up becomes a TrainingError; the limit is off then, for what is left."""
    try:
        yield
    except (RuntimeError, MemoryError) as error:
        if not ran_out(error):
            raise
        lift_limit()
        raise TrainingError(
            "The memory that a run may take here was used up; choose a smaller batch or corpus."
        ) from error
