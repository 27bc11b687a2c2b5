import subprocess
import sys

from places import ROOT

LIMITED = """
import resource
from mlm_demo.memory_limit import lift_limit, limit_memory
limit_memory(500)
try:
    bytearray(600_000_000)
    print("no limit")
except MemoryError:
    lift_limit()
    print(len(bytearray(600_000_000)))
"""


def test_what_goes_beyond_is_an_error_until_the_limit_is_lifted():
    done = subprocess.run(
        [sys.executable, "-c", LIMITED], cwd=ROOT, capture_output=True, text=True, check=True, timeout=120
    )
    assert done.stdout.strip() == "600000000"
