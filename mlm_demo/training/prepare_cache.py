"""A cache of what is made of a corpus before training, so that a report and the runs after it make it once.

    index.json              the key of each part and the hash of its file; the parts that are small
    corpus-KEY.json.gz      the texts, training part and held-out part, with their counts
    blocks-KEY.npz          the blocks of the training part

A key is a hash of everything that its part depends on. A part whose key differs, or whose file is not what the index
says, is not there: it is made again.
"""

import gzip
import hashlib
import io
import json
import time
import zipfile
from collections.abc import Callable
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TypeVar

import numpy as np

from mlm_demo.corpus.corpus import Corpus, Counts
from mlm_demo.corpus.documents import Dropped
from mlm_demo.system.files import read, write
from mlm_demo.training.packing import Blocks

INDEX = "index.json"
SECONDS_STEPS_KEPT = 3600  # by then the machine may have more or less to do
STEPS_KEPT = 20
MOST_COMPRESSION = 8  # a text of more characters than this for each byte of room does not fit
T = TypeVar("T")


@dataclass(frozen=True)
class StepCost:
    """What a training step takes on this machine: seconds, and the memory of the process in megabytes."""

    seconds: float
    megabytes: float


def key_of(*parts: object) -> str:
    """Return a hash of plain values."""
    return hashlib.sha256(json.dumps(parts).encode()).hexdigest()


class PrepareCache:
    """A folder that keeps parts, of at most `most_bytes` in all; where it cannot be written, nothing is kept."""

    def __init__(self, folder: Path, most_bytes: float = float("inf")):
        self.folder, self.most_bytes = folder, most_bytes

    def corpus(self, key: str) -> Corpus | None:
        """Return the corpus of a key."""
        return self._load("corpus", key, _corpus_from)

    def keep_corpus(self, key: str, corpus: Corpus) -> None:
        """Keep a corpus instead of the one before."""
        if corpus.counts.characters > MOST_COMPRESSION * self.most_bytes:
            return
        data = json.dumps(asdict(corpus), ensure_ascii=False).encode("utf-8", "surrogatepass")
        self._keep("corpus", key, ".json.gz", gzip.compress(data, 1))

    def blocks(self, key: str) -> Blocks | None:
        """Return the blocks of a key."""
        return self._load("blocks", key, _blocks_from)

    def keep_blocks(self, key: str, blocks: Blocks) -> None:
        """Keep blocks instead of those before."""
        arrays = {name: _small(getattr(blocks, name)) for name in ("ids", "words", "document")}
        data = io.BytesIO()
        np.savez_compressed(data, pad_id=np.int64(blocks.pad_id), **arrays)
        self._keep("blocks", key, ".npz", data.getvalue())

    def report(self, key: str) -> dict | None:
        """Return the report of a key, with the number of blocks that a run has."""
        found = self._entry("report")
        return found if found.get("key") == key else None

    def keep_report(self, key: str, report: dict, blocks: int) -> None:
        """Keep a report, which holds nothing of a budget yet, instead of the one before."""
        self._note({"report": {"key": key, "report": report, "blocks": blocks}})

    def step(self, key: str) -> StepCost | None:
        """Return what a step takes, if it was measured within the last hour."""
        found = self._entry("steps").get(key, {})
        if not 0 <= time.time() - found.get("at", 0) <= SECONDS_STEPS_KEPT:
            return None
        return StepCost(found["seconds"], found["megabytes"])

    def keep_step(self, key: str, step: StepCost, seconds_ago: float = 0.0) -> None:
        """Keep what a step takes beside those of other keys."""
        steps = {**self._entry("steps"), key: {**asdict(step), "at": time.time() - seconds_ago}}
        self._note({"steps": dict(list(steps.items())[-STEPS_KEPT:])})

    def _index(self) -> dict:
        try:
            found = read(self.folder / INDEX)
        except (OSError, ValueError):
            return {}
        return found if isinstance(found, dict) else {}

    def _entry(self, name: str) -> dict:
        found = self._index().get(name)
        return found if isinstance(found, dict) else {}

    def _note(self, entry: dict) -> None:
        with suppress(OSError):
            self.folder.mkdir(parents=True, exist_ok=True)
            write(self.folder / INDEX, {**self._index(), **entry})

    def _load(self, part: str, key: str, parse: Callable[[bytes], T]) -> T | None:
        found = self._entry(part)
        try:
            if found["key"] != key:
                return None
            data = (self.folder / found["file"]).read_bytes()
            return parse(data) if hashlib.sha256(data).hexdigest() == found["sha256"] else None
        except (OSError, EOFError, ValueError, KeyError, TypeError, zipfile.BadZipFile):
            return None

    def _keep(self, part: str, key: str, suffix: str, data: bytes) -> None:
        file = self.folder / f"{part}-{key[:16]}{suffix}"
        others = [path for path in self.folder.glob("*") if path.name.split("-")[0] != part]
        if len(data) + sum(path.stat().st_size for path in others) > self.most_bytes:
            return
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            file.write_bytes(data)
        except OSError:
            with suppress(OSError):
                file.unlink()
            return
        self._note({part: {"key": key, "file": file.name, "sha256": hashlib.sha256(data).hexdigest()}})
        for older in self.folder.glob(f"{part}-*"):
            if older != file:
                older.unlink(missing_ok=True)


def _corpus_from(data: bytes) -> Corpus:
    found = json.loads(gzip.decompress(data).decode("utf-8", "surrogatepass"))
    counts = found.pop("counts")
    dropped = [Dropped(**item) for item in counts.pop("dropped")]
    return Corpus(**found, counts=Counts(**counts, dropped=dropped))


def _blocks_from(data: bytes) -> Blocks:
    with np.load(io.BytesIO(data), allow_pickle=False) as arrays:
        ids, words, document = (arrays[name].astype(np.int32) for name in ("ids", "words", "document"))
        pad_id = int(arrays["pad_id"])
    if ids.ndim != 2 or ids.shape != words.shape or document.shape != ids.shape[:1]:
        raise ValueError("the arrays are not of one size")
    return Blocks(ids, words, document, pad_id)


def _small(values: np.ndarray) -> np.ndarray:
    """Return the same numbers in the smallest signed type that holds them."""
    most = int(np.abs(values).max(initial=0))
    return values.astype(np.min_scalar_type(-most - 1))
