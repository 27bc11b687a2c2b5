"""Uploaded files that wait for a run: a folder per set of files, kept until a run is started or a day is over."""

import os
import secrets
import shutil
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

from mlm_demo.errors import CorpusError
from mlm_demo.runs.run import input_files
from mlm_demo.runs.store import ID
from mlm_demo.system.files import folder_bytes, seconds_since, writing

SECONDS_KEPT, SECONDS_KEPT_IN_NEED = 86_400, 3600
DRAFTS_IN_ALL = 25  # times the most that the files of one run may take
PREPARED = "prepared"  # what was made of the files when they were read, beside them


class Staging:
    """All drafts under a folder. A draft is a set of files; its id cannot be guessed."""

    def __init__(self, folder: Path, *, max_megabytes: float, max_files: int):
        self.folder, self.max_megabytes, self.max_files = folder, max_megabytes, max_files

    def add(self, files: Sequence[Path], *, link: bool = False, before: str = "") -> str:
        """Make a draft of the files of an earlier draft (which stays) and of new ones; return its id.

        link: link the new files, which are never written to, instead of copying them. They stay where they are: Gradio
        puts equal files of two people at the same place. Raises CorpusError, and RunError if the folder cannot be
        written; nothing of the draft is left then.
        """
        if not files:
            raise CorpusError("There is no file; add one, or use the sample corpus.")
        kept = self.files(before) if before else []
        if (count := len(files) + len(kept)) > self.max_files:
            raise CorpusError(f"There are {count:,} files, more than {self.max_files:,}; pack them as .zip.")
        megabytes = sum(path.stat().st_size for path in [*kept, *files]) / 1e6
        if megabytes > self.max_megabytes:
            raise CorpusError(
                f"The files have {megabytes:,.1f} MB, more than {self.max_megabytes:,}; pack them as .zip, or take "
                "fewer."
            )
        self._make_room(megabytes)
        id = secrets.token_hex(16)
        ways = [_link_or_copy] * len(kept) + [_link_or_copy if link else shutil.copyfile] * len(files)
        with writing(self.folder):
            try:
                for number, (path, way) in enumerate(zip([*kept, *files], ways, strict=True)):
                    folder = self.folder / id / str(number)
                    folder.mkdir(parents=True)
                    way(path, folder / _plain_name(path.name))
            except OSError:
                self.forget(id)
                raise
        return id

    def files(self, id: str) -> list[Path]:
        """Return the files of a draft in their order; raises CorpusError if they are gone."""
        folder = self.folder / id
        if not ID.fullmatch(id) or not folder.is_dir():
            raise CorpusError("The files are no longer here; add them again.")
        return input_files(folder)

    def prepared(self, id: str) -> Path:
        """Return the folder of what was made of a draft's files; it need not be there."""
        return self.folder / id / PREPARED

    def names(self, id: str) -> list[str]:
        """Return the names of a draft's files, none for an empty id; raises as `files` does."""
        return [path.name for path in self.files(id)] if id else []

    def copy_to(self, id: str, folder: Path) -> list[Path]:
        """Link or copy a draft's files, and what was made of them, into an empty folder; return the files there."""
        for path in self.files(id):
            target = folder / path.parent.name / path.name
            target.parent.mkdir()
            _link_or_copy(path, target)
        with suppress(OSError):  # the run makes it again
            (folder / PREPARED).mkdir()
            for path in self.prepared(id).glob("*"):
                _link_or_copy(path, folder / PREPARED / path.name)
        return input_files(folder)

    def forget(self, id: str) -> None:
        """Delete a draft."""
        if ID.fullmatch(id):
            shutil.rmtree(self.folder / id, ignore_errors=True)

    def sweep(self, seconds: float = SECONDS_KEPT) -> None:
        """Delete drafts that have waited for more than `seconds`."""
        for folder in self.folder.glob("*"):
            if seconds_since([folder]) > seconds:
                shutil.rmtree(folder, ignore_errors=True)

    def _make_room(self, megabytes: float) -> None:
        """Raise CorpusError if all drafts would take too much space; those older than an hour are deleted first."""
        most = DRAFTS_IN_ALL * self.max_megabytes
        if folder_bytes(self.folder) / 1e6 + megabytes > most:
            self.sweep(SECONDS_KEPT_IN_NEED)
        if folder_bytes(self.folder) / 1e6 + megabytes > most:
            raise CorpusError(
                f"Files of {most:,} MB wait for a run, all that may wait here; try again in an hour."
            )


def _link_or_copy(source: Path, target: Path) -> None:
    try:
        os.link(source, target)
    except OSError:  # a file system without links
        shutil.copyfile(source, target)


def _plain_name(name: str) -> str:
    """Return a short, printable name that keeps its ending, which tells the format."""
    stem, suffix = Path(name).stem, Path(name).suffix
    stem, suffix = ("".join(c for c in part if c.isprintable()) for part in (stem, suffix))
    return (stem[:80].strip() or "file") + suffix[:12]
