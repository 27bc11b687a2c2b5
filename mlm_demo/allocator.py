"""A server's memory held flat: what the C library and oneDNN would keep of each thread and of each shape, bounded."""

import ctypes
import os

# mallopt(3). By default freed tensors below 32 MB stay in up to eight arenas a core, each filled by another thread.
TRIM_THRESHOLD, MMAP_THRESHOLD, ARENA_MAX = -1, -3, -8
ALLOCATOR = {ARENA_MAX: 2, MMAP_THRESHOLD: 1 << 20, TRIM_THRESHOLD: 8 << 20}
# oneDNN keeps 1,024 products by their shapes; sentences and batches of all lengths make ever new ones.
CACHES = {"ONEDNN_PRIMITIVE_CACHE_CAPACITY": "128", "LRU_CACHE_CAPACITY": "128"}


def hold_flat() -> None:
    """Set the bounds, before torch is imported and threads are started; where the C library is another, its own stay.

    They hold for this process: its `os.environ`, which training in a child process gets, is left alone.
    """
    for name, value in CACHES.items():
        if name not in os.environ:
            os.putenv(name, value)
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None)
    if mallopt:
        for parameter, value in ALLOCATOR.items():
            mallopt(parameter, value)
