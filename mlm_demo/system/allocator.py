"""A server's memory held flat: what the C library and oneDNN would keep of each thread and of each shape, bounded."""

import ctypes
import os
import threading
import time

# mallopt(3). By default freed tensors below 32 MB stay in up to eight arenas a core, each filled by another thread.
TRIM_THRESHOLD, MMAP_THRESHOLD, ARENA_MAX = -1, -3, -8
ALLOCATOR = {ARENA_MAX: 2, MMAP_THRESHOLD: 1 << 20, TRIM_THRESHOLD: 8 << 20}
# oneDNN keeps 1,024 products by their shapes; sentences and batches of all lengths make ever new ones.
CACHES = {"ONEDNN_PRIMITIVE_CACHE_CAPACITY": "128", "LRU_CACHE_CAPACITY": "128"}
SECONDS_BETWEEN_GIVING_BACK = 15


def bound_malloc() -> None:
    """Set the bounds, before torch is imported and threads are started, and give back what is free now and then.

    Where the C library is another, its own ways stay. The bounds hold for this process: its `os.environ`, which
    training in a child process gets, is left alone.
    """
    for name, value in CACHES.items():
        if name not in os.environ:
            os.putenv(name, value)
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None)
    if mallopt:
        for parameter, value in ALLOCATOR.items():
            mallopt(parameter, value)
    threading.Thread(target=_give_back_now_and_then, name="give memory back", daemon=True).start()


def give_back() -> None:
    """Hand free memory to the system: what lies between pieces in use the C library keeps unasked, malloc_trim(3)."""
    trim = getattr(ctypes.CDLL(None), "malloc_trim", None)
    if trim:
        trim(0)


def _give_back_now_and_then() -> None:
    while True:
        time.sleep(SECONDS_BETWEEN_GIVING_BACK)
        give_back()
