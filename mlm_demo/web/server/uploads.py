"""What browsers and programs upload: in a folder of its own, and deleted an hour after it came.

Gradio's own deletion (6.31, `delete_cache`) knows neither an upload that was broken off, nor the empty file that it
makes for each one that an event takes, nor anything of the time before the server was killed.
"""

import os
import shutil
import tempfile
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from gradio import Blocks

from mlm_demo.system.files import seconds_since

SECONDS_KEPT = 3_600  # the parts of a large upload wait for its end
SECONDS_BETWEEN_SWEEPS = 600


def place(folder: Path) -> Path:
    """Have Gradio put uploads into a folder from now on, in a new one where that cannot be written; returns it.

    A GRADIO_TEMP_DIR that is set counts for more; a folder in it is taken, since the rest of it is not ours to delete.
    """
    if own := os.environ.get("GRADIO_TEMP_DIR"):
        folder = Path(own) / "mlm_demo"
    with suppress(OSError):
        folder.mkdir(parents=True, exist_ok=True)
    if not os.access(folder, os.W_OK):
        folder = Path(tempfile.mkdtemp(prefix="mlm_demo-"))
    os.environ["GRADIO_TEMP_DIR"] = str(folder)
    return folder


def sweep(folder: Path) -> None:
    """Delete the uploads of an hour ago."""
    for path in folder.glob("*"):
        with suppress(OSError):  # it is taken or deleted at this moment
            if path.is_dir():
                if seconds_since([path, *path.iterdir()]) > SECONDS_KEPT:
                    shutil.rmtree(path)
            elif seconds_since([path]) > SECONDS_KEPT:
                path.unlink()


def keep_sweeping(folder: Path, page: Blocks, going: Callable[[], bool]) -> None:
    """Sweep now and then, until going() is false."""
    while going():
        sweep(folder)
        for names in page.temp_file_sets:  # which Gradio would keep for its own deletion
            names.clear()
        time.sleep(SECONDS_BETWEEN_SWEEPS)
