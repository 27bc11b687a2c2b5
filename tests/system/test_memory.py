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


def test_what_goes_beyond_is_an_error_until_the_limit_is_lifted():
    done = subprocess.run(
        [sys.executable, "-c", LIMITED], cwd=ROOT, capture_output=True, text=True, check=True, timeout=120
    )
    assert done.stdout.strip() == "600000000"


@pytest.mark.parametrize(
    "error",
    [
        MemoryError(),
        torch.OutOfMemoryError("CUDA out of memory"),
        RuntimeError("[enforce fail at alloc_cpu.cpp:1] DefaultCPUAllocator: can't allocate memory"),
    ],
)
def test_memory_used_up_is_told_of_whatever_kind(error):
    with (
        pytest.raises(TrainingError, match="memory that a run may take here was used up"),
        out_of_memory_as_error(),
    ):
        raise error


def test_another_error_stays_what_it_is():
    with pytest.raises(RuntimeError, match="something else"), out_of_memory_as_error():
        raise RuntimeError("something else")
