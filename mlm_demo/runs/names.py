"""The names of runs: a default from the files and the base model, and what a person may call a run."""

import re
import unicodedata
from collections.abc import Iterable

from mlm_demo.errors import RunError, shown

MAX_CHARACTERS = 60
BASE_CHARACTERS = 24  # of a default name, so that the name of the files has room too


def default_name(base: str, made: str, files: list[str]) -> str:
    """Return the name of a run that nobody has named yet.

    made: what stands between the base model and the files, empty for a run that makes no model. `general`, `on`,
    [`bees.txt`, `ants.txt`] → `general on bees + 1 file`.
    """
    stem = _printable(files[0].rsplit(".", 1)[0] or files[0])
    others = len(files) - 1
    more = f" + {others:,} file{'s' * (others > 1)}" if others else ""
    start = f"{_cut(_printable(base), BASE_CHARACTERS)} {made} " if made else ""
    return start + _cut(stem, MAX_CHARACTERS - len(start) - len(more) - len(" 999")) + more


def distinct(name: str, taken: Iterable[str]) -> str:
    """Return a name with the first number that makes it different from those that are taken: `bees` → `bees 2`."""
    used = {other.casefold() for other in taken}
    number, found = 1, name
    while found.casefold() in used:
        number += 1
        found = f"{_cut(name, MAX_CHARACTERS - len(f' {number}'))} {number}"
    return found


def checked_name(text: str, taken: Iterable[str]) -> str:
    """Return a name as a person wrote it, without spaces around; raises RunError for one that cannot be used."""
    name = re.sub(r" +", " ", unicodedata.normalize("NFC", text or "")).strip()
    if not name:
        raise RunError("The name is empty; write what you want to call this run.")
    if not name.isprintable():
        raise RunError(
            f"The name {shown(name)} contains line breaks or other control characters; leave them out."
        )
    if len(name) > MAX_CHARACTERS:
        raise RunError(f"The name has {len(name):,} characters; the limit is {MAX_CHARACTERS}. Shorten it.")
    if (free := distinct(name, taken)) != name:
        raise RunError(f"Another of your runs is called {shown(name)}; choose another name, such as {free}.")
    return name


def _printable(text: str) -> str:
    return "".join(c for c in text if c.isprintable()).strip() or "file"


def _cut(text: str, limit: int) -> str:
    return text if len(text) <= limit else f"{text[: limit - 1].rstrip()}…"
