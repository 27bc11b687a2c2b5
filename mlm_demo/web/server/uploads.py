"""The upload folder, whose files are deleted an hour after they arrive, and each of which has a path of its own.

Gradio's own deletion (6.31, `delete_cache`) misses interrupted uploads, the empty file that it creates for each upload
that an event takes, and everything from before a server was killed.
"""

import os
import secrets
import shutil
import tempfile
import time
from collections.abc import Callable, Iterable
from contextlib import suppress
from pathlib import Path

from gradio import Blocks, route_utils
from gradio.utils import get_upload_folder

from mlm_demo.system.files import seconds_since

SECONDS_KEPT = 3_600  # long enough for the last part of a large upload to arrive
SECONDS_BETWEEN_SWEEPS = 600


class OwnUpload(route_utils.GradioUploadFile):
    """An upload with a path that no other has.

    Gradio 6.31 makes the path from the content: the same file of two people is one file, which the first of them to
    read or delete it takes from the other.
    """

    def __init__(self, *given, **named):
        super().__init__(*given, **named)
        self.sha.update(secrets.token_bytes(16))


def keep_uploads_apart() -> None:
    """Make Gradio store every upload as an OwnUpload from now on."""
    route_utils.GradioUploadFile = OwnUpload


def choose_folder(folder: Path) -> Path:
    """Make Gradio store uploads in this folder, or in a new temporary one if it is not writable; return the folder.

    If GRADIO_TEMP_DIR is set, use a folder inside it: the rest of it is not ours to delete.
    """
    if own := os.environ.get("GRADIO_TEMP_DIR"):
        folder = Path(own) / "mlm_demo"
    with suppress(OSError):
        folder.mkdir(parents=True, exist_ok=True)
    if not os.access(folder, os.W_OK):
        folder = Path(tempfile.mkdtemp(prefix="mlm_demo-"))
    os.environ["GRADIO_TEMP_DIR"] = str(folder)
    return folder


def delete_uploads(files: Iterable[str]) -> None:
    """Delete uploads that were read; paths outside the upload folder are left alone."""
    folder = Path(get_upload_folder()).resolve()
    for path in map(Path, files):
        if path.resolve().is_relative_to(folder):
            path.unlink(missing_ok=True)


def sweep(folder: Path) -> None:
    """Delete uploads older than an hour."""
    for path in folder.glob("*"):
        with suppress(OSError):  # it may be taken or deleted at this moment
            if path.is_dir():
                if seconds_since([path, *path.iterdir()]) > SECONDS_KEPT:
                    shutil.rmtree(path)
            elif seconds_since([path]) > SECONDS_KEPT:
                path.unlink()


def keep_sweeping(folder: Path, page: Blocks, is_serving: Callable[[], bool]) -> None:
    """Sweep every ten minutes while is_serving() is true."""
    while is_serving():
        sweep(folder)
        for names in page.temp_file_sets:  # Gradio keeps them for its own deletion
            names.clear()
        time.sleep(SECONDS_BETWEEN_SWEEPS)
