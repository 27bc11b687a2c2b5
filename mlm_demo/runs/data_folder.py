"""Check the layout version of the data folder, so that a newer layout is refused and not misread.

Version 1: `runs/` as in `run.py`, `drafts/` as in `staging.py`, `uploads/` as in `web/server/uploads.py`,
`browser.key`, `server.key`. A folder with runs and without a version file predates the versions; its layout is that of
version 1.
"""

from contextlib import suppress
from pathlib import Path

from mlm_demo.errors import SettingError, shown
from mlm_demo.system.files import atomic

VERSION = 1


def check_version(folder: Path) -> None:
    """Write the version into a folder that has none; raises SettingError for a folder of a later version."""
    path = folder / "version"
    try:
        text = path.read_text(encoding="utf-8", errors="replace").strip()
    except FileNotFoundError:
        with suppress(OSError):  # the page works without; other code reports the read-only folder
            folder.mkdir(parents=True, exist_ok=True)
            with atomic(path) as part:
                part.write_text(f"{VERSION}\n")
        return
    except OSError:
        return
    if not text.isdecimal() or int(text) > VERSION:
        raise SettingError(
            f"The data folder {folder} has version {shown(text, 20)}, and this program supports versions up to "
            f"{VERSION}; update the program, or set MLM_DEMO_DATA to another folder."
        )
