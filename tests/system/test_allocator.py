import subprocess
import sys

import pytest

from tests.support.paths import ROOT

BOUNDS = """
import ctypes, os
from mlm_demo.system.allocator import CACHES, bound_malloc
bound_malloc()
getenv = ctypes.CDLL(None).getenv
getenv.restype = ctypes.c_char_p
print(all(getenv(name.encode()) == value.encode() for name, value in CACHES.items()), CACHES.keys() & os.environ.keys())
"""
# 100 MB in pieces of 10 kB, every tenth of which stays: the C library gives nothing back by itself.
GIVEN_BACK = """
from mlm_demo.system.allocator import give_back
def megabytes():
    return int(next(line for line in open("/proc/self/status") if line.startswith("VmRSS")).split()[1]) / 1000
pieces = [bytes(10_000) for _ in range(10_000)]
pieces = pieces[::10]
before = megabytes()
give_back()
print(before - megabytes() > 50)
"""


def said_by(code):
    return subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True
    ).stdout


def test_the_bounds_are_this_process_s_alone():
    assert said_by(BOUNDS) == "True set()\n"


@pytest.mark.skipif(sys.platform != "linux", reason="malloc_trim is glibc's")
def test_free_memory_between_pieces_in_use_is_given_back():
    assert said_by(GIVEN_BACK) == "True\n"
