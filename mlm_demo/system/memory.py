"""Memory limits: for processes that read uploaded files, and for the memory that malloc and oneDNN keep for reuse."""

import ctypes
import errno
import os
import re
import resource
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress

from mlm_demo.errors import TrainingError

# mallopt(3). By default glibc keeps freed tensors below 32 MB in up to eight arenas per core, each filled by another
# thread.
TRIM_THRESHOLD, MMAP_THRESHOLD, ARENA_MAX = -1, -3, -8
MALLOC_LIMITS = {ARENA_MAX: 2, MMAP_THRESHOLD: 1 << 20, TRIM_THRESHOLD: 8 << 20}
# oneDNN caches 1,024 products by shape, and sentences and batches of all lengths keep adding new shapes.
CACHE_LIMITS = {"ONEDNN_PRIMITIVE_CACHE_CAPACITY": "128", "LRU_CACHE_CAPACITY": "128"}
TRIM_INTERVAL = 15  # seconds
# What glibc says when there is no memory for a library.
UNLOADED = re.compile("failed to map segment|cannot map zero-fill|[Cc]annot allocate memory")


def limit_memory(megabytes: int) -> None:
    """Limit the memory of this process; a larger allocation raises MemoryError, or torch's own error.

    RLIMIT_DATA (setrlimit(2)) counts memory that the process writes to, not files that it maps. Lift the limit before
    using CUDA: the driver reserves far more than it uses.
    """
    _, hard = resource.getrlimit(resource.RLIMIT_DATA)
    limit = megabytes * 1_000_000
    if hard != resource.RLIM_INFINITY:
        limit = min(limit, hard)
    with suppress(ValueError, OSError):  # not every system supports it
        resource.setrlimit(resource.RLIMIT_DATA, (limit, hard))


def lift_limit() -> None:
    """Lift the limit again: for CUDA, or to have memory for reporting that the limit was reached."""
    _, hard = resource.getrlimit(resource.RLIMIT_DATA)
    resource.setrlimit(resource.RLIMIT_DATA, (hard, hard))


def ran_out(error: BaseException) -> bool:
    """Return whether an error means that memory ran out, on the CPU or a GPU; torch has no class for the CPU's.

    Code in C that does not check an allocation returns NULL without an exception, which Python calls a SystemError. A
    library that cannot be loaded for want of memory raises ImportError, or OSError without a number (dlopen(3)).
    """
    return (
        isinstance(error, MemoryError)
        or (
            isinstance(error, SystemError)
            and re.search("without (setting an )?exception", str(error)) is not None
        )
        or type(error).__name__ == "OutOfMemoryError"  # torch's; by name, because torch may not be imported
        or (isinstance(error, RuntimeError) and "can't allocate memory" in str(error))
        or (isinstance(error, OSError) and error.errno == errno.ENOMEM)
        or (isinstance(error, (ImportError, OSError)) and UNLOADED.search(str(error)) is not None)
    )


@contextmanager
def out_of_memory_as_error() -> Iterator[None]:
    """Within this context running out of memory raises TrainingError, after the limit is lifted."""
    try:
        yield
    except Exception as error:
        if not ran_out(error):
            raise
        lift_limit()
        raise TrainingError(
            "This needed more memory than a run may use here; choose a smaller batch size or corpus."
        ) from error


def bound_malloc() -> None:
    """Limit what malloc and oneDNN keep for reuse; call it before torch is imported and threads are started.

    The malloc limits need glibc. All limits hold for this process only: `os.environ`, which a training process
    inherits, does not change.
    """
    for name, value in CACHE_LIMITS.items():
        if name not in os.environ:
            os.putenv(name, value)
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None)
    if mallopt:
        for parameter, value in MALLOC_LIMITS.items():
            mallopt(parameter, value)
    threading.Thread(target=_trim_regularly, name="trim memory", daemon=True).start()


def trim_memory() -> None:
    """Return free memory to the system; by itself glibc keeps free memory between used blocks, malloc_trim(3)."""
    trim = getattr(ctypes.CDLL(None), "malloc_trim", None)
    if trim:
        trim(0)


def _trim_regularly() -> None:
    while True:
        time.sleep(TRIM_INTERVAL)
        trim_memory()
