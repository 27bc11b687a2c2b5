"""Drafts: sets of uploaded files that wait for a run, kept until it starts and for a day at most.

Each is a folder with the files in numbered folders and the hash of its owner's secret.
"""

import os
import secrets
import shutil
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

from mlm_demo.errors import CorpusError
from mlm_demo.runs.run import input_files, owner_hash
from mlm_demo.runs.store import ID
from mlm_demo.system.files import folder_bytes, seconds_since, writing

SECONDS_KEPT, SECONDS_KEPT_WHEN_FULL = 86_400, 3600
MAX_FULL_DRAFTS = 25  # all drafts together may be as large as this many of the largest size
GONE = "The files are no longer here; add them again."
OWNER = "owner"
PREPARED = "prepared"  # the folder of the cache beside the files


class Staging:
    """All drafts under a folder; nobody can guess the id of one."""

    def __init__(self, folder: Path, *, max_megabytes: float, max_files: int):
        self.folder, self.max_megabytes, self.max_files = folder, max_megabytes, max_files

    def add(self, files: Sequence[Path], *, take: bool = False, before: str = "", owner: str = "") -> str:
        """Create a draft from the files of an earlier draft (which stays) and new files; return its id.

        take: move the new files here instead of copying them, for uploads. owner: the owner's secret. Raises
        CorpusError, or RunError if the folder cannot be written, and leaves no draft then.
        """
        if not files:
            raise CorpusError("There are no files; add one, or use the sample.")
        kept = self.files(before) if before else []
        if (count := len(files) + len(kept)) > self.max_files:
            raise CorpusError(
                f"There are {count:,} files; the limit is {self.max_files:,}. Pack them as .zip."
            )
        try:
            megabytes = sum(path.stat().st_size for path in [*kept, *files]) / 1e6
        except FileNotFoundError:
            raise CorpusError(GONE) from None
        if megabytes > self.max_megabytes:
            raise CorpusError(
                f"The files have {megabytes:,.1f} MB; the limit is {self.max_megabytes:,} MB. Pack them as .zip, or "
                "choose fewer."
            )
        self._make_room(megabytes)
        id = secrets.token_hex(16)
        transfers = [_link_or_copy] * len(kept) + [shutil.move if take else shutil.copyfile] * len(files)
        with writing(self.folder):
            try:
                for number, (path, transfer) in enumerate(zip([*kept, *files], transfers, strict=True)):
                    folder = self.folder / id / str(number)
                    folder.mkdir(parents=True)
                    transfer(path, folder / _plain_name(path.name))
                if owner:
                    (self.folder / id / OWNER).write_text(owner_hash(owner))
            except FileNotFoundError:
                self.forget(id)
                raise CorpusError(GONE) from None
            except OSError:
                self.forget(id)
                raise
        return id

    def files(self, id: str) -> list[Path]:
        """Return the files of a draft in their order; raises CorpusError if they are gone."""
        # The browser sends it.
        if not isinstance(id, str) or not ID.fullmatch(id) or not (self.folder / id).is_dir():
            raise CorpusError(GONE)
        if not (found := input_files(self.folder / id)):
            raise CorpusError(GONE)
        return found

    def prepared(self, id: str) -> Path:
        """Return the folder of the cache for a draft's files; it may not exist."""
        return self.folder / id / PREPARED

    def names(self, id: str) -> list[str]:
        """Return the names of a draft's files, none for an empty id; raises as `files` does."""
        return [path.name for path in self.files(id)] if id else []

    def copy_to(self, id: str, folder: Path) -> list[Path]:
        """Link or copy a draft's files and its cache into an empty folder; return the files there."""
        for path in self.files(id):
            target = folder / path.parent.name / path.name
            target.parent.mkdir()
            _link_or_copy(path, target)
        with suppress(OSError):  # the run can do without the cache
            (folder / PREPARED).mkdir()
            for path in self.prepared(id).glob("*"):
                _link_or_copy(path, folder / PREPARED / path.name)
        return input_files(folder)

    def forget(self, id: str) -> None:
        """Delete a draft."""
        if isinstance(id, str) and ID.fullmatch(id):
            shutil.rmtree(self.folder / id, ignore_errors=True)

    def remove(self, id: str, number: int) -> str:
        """Delete one file of a draft, and what was prepared from the files; return its name.

        number: of the folder that the file is in; the last file takes the draft along. Raises CorpusError if the file
        is gone.
        """
        files = self.files(id)
        path = next((path for path in files if path.parent.name == str(number)), None)
        if path is None:
            raise CorpusError(GONE)
        if len(files) == 1:
            self.forget(id)
            return path.name
        for folder in (path.parent, self.prepared(id)):  # the cache holds the text of the file too
            shutil.rmtree(folder, ignore_errors=True)
        return path.name

    def owned_by(self, owner: str) -> list[str]:
        """Return the ids of one person's drafts."""
        own = owner_hash(owner)
        found = []
        for path in self.folder.glob(f"*/{OWNER}"):
            with suppress(OSError):  # deleted in the meantime
                if owner and secrets.compare_digest(path.read_text(), own):
                    found.append(path.parent.name)
        return found

    def sweep(self, seconds: float = SECONDS_KEPT) -> None:
        """Delete drafts that have waited for more than `seconds`."""
        for folder in self.folder.glob("*"):
            if seconds_since([folder]) > seconds:
                shutil.rmtree(folder, ignore_errors=True)

    def _make_room(self, megabytes: float) -> None:
        """Delete drafts older than an hour if space is short; raises CorpusError if that is not enough."""
        limit = MAX_FULL_DRAFTS * self.max_megabytes
        if folder_bytes(self.folder) / 1e6 + megabytes > limit:
            self.sweep(SECONDS_KEPT_WHEN_FULL)
        if folder_bytes(self.folder) / 1e6 + megabytes > limit:
            raise CorpusError(
                f"The files waiting for a run have reached the limit of {limit:,} MB; try again in an hour."
            )


def _link_or_copy(source: Path, target: Path) -> None:
    try:
        os.link(source, target)
    except OSError:  # a file system without links
        shutil.copyfile(source, target)


def _plain_name(name: str) -> str:
    """Return a short, printable name with the same ending, which determines the format."""
    stem, suffix = Path(name).stem, Path(name).suffix
    stem, suffix = ("".join(c for c in part if c.isprintable()) for part in (stem, suffix))
    return (stem[:80].strip() or "file") + suffix[:12]
