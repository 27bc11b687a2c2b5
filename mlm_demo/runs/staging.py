"""Files that wait for a run: a folder for each choice of files, until a run is started with them or a day is over."""

import os
import secrets
import shutil
from collections.abc import Sequence
from pathlib import Path

from mlm_demo.errors import CorpusError
from mlm_demo.runs.store import ID
from mlm_demo.system.files import folder_bytes, seconds_since, writing

SECONDS_KEPT, SECONDS_KEPT_IN_NEED = 86_400, 3600
DRAFTS_IN_ALL = 25  # times the files of one run


class Staging:
    """All drafts under a folder; a draft is known by its id, which cannot be guessed."""

    def __init__(self, folder: Path, *, max_megabytes: float, max_files: int):
        self.folder, self.max_megabytes, self.max_files = folder, max_megabytes, max_files

    def add(self, files: Sequence[Path], *, link: bool = False, before: str = "") -> str:
        """Keep files, with those of a draft before (which stays), and return the new draft's id.

        link: they are never written to, so the draft can share them. They stay where they are: Gradio puts an upload
        where the same file that somebody else uploads is put. Raises CorpusError, and RunError if the folder cannot be
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
        """The files of a draft in their order; raises CorpusError if they are no longer there."""
        folder = self.folder / id
        if not ID.fullmatch(id) or not folder.is_dir():
            raise CorpusError("The files are no longer here; add them again.")
        return files_in(folder)

    def names(self, id: str) -> list[str]:
        """The names of a draft's files, none where there is no draft; raises as `files` does."""
        return [path.name for path in self.files(id)] if id else []

    def copy_to(self, id: str, folder: Path) -> list[Path]:
        """Put a draft's files into a folder that is empty too, as links where there are any, and return them there."""
        for path in self.files(id):
            target = folder / path.parent.name / path.name
            target.parent.mkdir()
            _link_or_copy(path, target)
        return files_in(folder)

    def forget(self, id: str) -> None:
        """Delete a draft's files."""
        if ID.fullmatch(id):
            shutil.rmtree(self.folder / id, ignore_errors=True)

    def sweep(self, seconds: float = SECONDS_KEPT) -> None:
        """Delete what nobody started a run with for a day, or for so many seconds."""
        for folder in self.folder.glob("*"):
            if seconds_since([folder]) > seconds:
                shutil.rmtree(folder, ignore_errors=True)

    def _make_room(self, megabytes: float) -> None:
        """Raise CorpusError where all drafts together would take too much; those of an hour ago leave first."""
        most = DRAFTS_IN_ALL * self.max_megabytes
        if folder_bytes(self.folder) / 1e6 + megabytes > most:
            self.sweep(SECONDS_KEPT_IN_NEED)
        if folder_bytes(self.folder) / 1e6 + megabytes > most:
            raise CorpusError(
                f"Files of {most:,} MB wait for a run, all that may wait here; try again in an hour."
            )


def files_in(folder: Path) -> list[Path]:
    """The files of a draft's folder, in their order."""
    return sorted(folder.glob("*/*"), key=lambda path: int(path.parent.name))


def _link_or_copy(source: Path, target: Path) -> None:
    try:
        os.link(source, target)
    except OSError:  # a file system without links
        shutil.copyfile(source, target)


def _plain_name(name: str) -> str:
    """A name as a title can show it; its ending, which tells the format, stays."""
    stem, suffix = Path(name).stem, Path(name).suffix
    stem, suffix = ("".join(c for c in part if c.isprintable()) for part in (stem, suffix))
    return (stem[:80].strip() or "file") + suffix[:12]
