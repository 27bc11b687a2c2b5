import subprocess
import sys

from places import ROOT

CODE = """
import ctypes, os
from mlm_demo.allocator import CACHES, hold_flat
hold_flat()
getenv = ctypes.CDLL(None).getenv
getenv.restype = ctypes.c_char_p
print(all(getenv(name.encode()) == value.encode() for name, value in CACHES.items()), CACHES.keys() & os.environ.keys())
"""


def test_the_bounds_are_this_process_s_alone():
    done = subprocess.run([sys.executable, "-c", CODE], cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout == "True set()\n"
