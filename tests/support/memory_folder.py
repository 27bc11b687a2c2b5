"""A folder in memory for the tests' files, where the machine offers one: a disk takes longer for thousands of them."""

import os
import shutil
import tempfile
from pathlib import Path

IN_MEMORY = Path("/dev/shm")  # Linux's; elsewhere the tests use the system's folder
FREE = 6 * 2**30  # the tests need 2 GB at their peak; containers often have 64 MB in all


def use_memory() -> Path | None:
    """Let temporary files of this process and its children go to a new folder in memory; None if there is no room."""
    if not os.access(IN_MEMORY, os.W_OK) or shutil.disk_usage(IN_MEMORY).free < FREE:
        return None
    folder = Path(tempfile.mkdtemp(dir=IN_MEMORY, prefix="mlm_demo-tests-"))
    os.environ["TMPDIR"] = str(folder)
    tempfile.tempdir = None  # read TMPDIR again
    return folder
