"""What browsers and programs upload, which Gradio puts into a folder of the data folder: swept, so that nothing stays.

Gradio's own deletion (6.31, `delete_cache`) knows neither an upload that was broken off, nor the empty file that it
makes for each one that an event takes, nor anything of the time before the server was killed.
"""

import shutil
from contextlib import suppress
from pathlib import Path

from mlm_demo.files import seconds_since

SECONDS_KEPT = 3_600  # after it came, or came again
SECONDS_WRITTEN = 600  # after its last piece came


def sweep(folder: Path) -> None:
    """Delete the uploads of an hour ago, and the files of one that has not come to its end in ten minutes."""
    for path in folder.glob("*"):
        with suppress(OSError):  # it is taken or deleted at this moment
            if path.is_dir():
                if seconds_since([path, *path.iterdir()]) > SECONDS_KEPT:
                    shutil.rmtree(path)
            elif seconds_since([path]) > SECONDS_WRITTEN:
                path.unlink()
