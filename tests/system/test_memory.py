import errno
import subprocess
import sys

import pytest
import torch

from mlm_demo.errors import TrainingError
from mlm_demo.system.memory import out_of_memory_as_error
from tests.support.paths import ROOT

LIMITED = """
import resource
from mlm_demo.system.memory import lift_limit, limit_memory
limit_memory(500)
try:
    bytearray(600_000_000)
    print("no limit")
except MemoryError:
    lift_limit()
    print(len(bytearray(600_000_000)))
"""
BOUNDED = """
import ctypes, os
from mlm_demo.system.memory import CACHE_LIMITS, bound_malloc
bound_malloc()
getenv = ctypes.CDLL(None).getenv
getenv.restype = ctypes.c_char_p
is_set = all(getenv(name.encode()) == value.encode() for name, value in CACHE_LIMITS.items())
print(is_set, CACHE_LIMITS.keys() & os.environ.keys())
"""
# 100 MB in pieces of 10 kB, of which every tenth stays: glibc returns nothing to the system by itself.
TRIMMED = """
from mlm_demo.system.memory import trim_memory
def megabytes():
    return int(next(line for line in open("/proc/self/status") if line.startswith("VmRSS")).split()[1]) / 1000
pieces = [bytes(10_000) for _ in range(10_000)]
pieces = pieces[::10]
before = megabytes()
trim_memory()
print(before - megabytes() > 50)
"""


def output_of(code):
    return subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True, timeout=120
    ).stdout


def test_a_larger_allocation_fails_until_the_limit_is_lifted():
    assert output_of(LIMITED) == "600000000\n"


@pytest.mark.parametrize(
    "error",
    [
        MemoryError(),
        torch.OutOfMemoryError("CUDA out of memory"),
        RuntimeError("[enforce fail at alloc_cpu.cpp:1] DefaultCPUAllocator: can't allocate memory"),
        SystemError("<built-in function encode> returned NULL without setting an exception"),
        SystemError("error return without exception set"),
        OSError(errno.ENOMEM, "Cannot allocate memory"),
        OSError("libtorch_global_deps.so: failed to map segment from shared object"),
        ImportError("libtorch.so: failed to map segment from shared object"),
        ImportError("libgomp.so.1: cannot allocate memory in static TLS block"),
    ],
)
def test_every_kind_of_out_of_memory_becomes_a_training_error(error):
    with (
        pytest.raises(TrainingError, match="needed more memory than a run may use here; choose a smaller"),
        out_of_memory_as_error(),
    ):
        raise error


@pytest.mark.parametrize("kind", [RuntimeError, OSError, ImportError])
def test_another_error_stays_as_it_is(kind):
    with pytest.raises(kind, match="something else"), out_of_memory_as_error():
        raise kind("something else")


def test_the_cache_limits_hold_for_this_process_only():
    assert output_of(BOUNDED) == "True set()\n"


@pytest.mark.skipif(sys.platform != "linux", reason="malloc_trim belongs to glibc")
def test_free_memory_between_used_blocks_is_returned():
    assert output_of(TRIMMED) == "True\n"
