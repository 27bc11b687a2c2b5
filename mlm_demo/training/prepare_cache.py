"""A cache of what is prepared before training, which a report and the runs after it share.

    index.json              the key of each part and the hash of its file; small parts themselves
    corpus-KEY.json.gz      the texts of the training part and the held-out part, with their counts
    blocks-KEY.npz          the blocks of the training part

A key is a hash of everything that its part depends on. A part with another key, or with a file that does not match the
hash in the index, counts as missing.
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
from mlm_demo.corpus.documents import Dropped, Findings, Table
from mlm_demo.corpus.passages import Passage
from mlm_demo.system.files import read, write
from mlm_demo.training.packing import Blocks

INDEX = "index.json"
SECONDS_STEPS_KEPT = 3600  # the load of the machine may change
STEPS_KEPT = 20
MAX_COMPRESSION = 8  # characters of text per compressed byte
T = TypeVar("T")


@dataclass(frozen=True)
class StepCost:
    """The cost of a training step on this machine: seconds, and the peak memory of the process in megabytes."""

    seconds: float
    megabytes: float


def key_of(*parts: object) -> str:
    """Return a hash of plain values."""
    return hashlib.sha256(json.dumps(parts).encode()).hexdigest()


class PrepareCache:
    """A folder of parts, of at most `max_bytes` in total; stores nothing if the folder cannot be written."""

    def __init__(self, folder: Path, max_bytes: float = float("inf")):
        self.folder, self.max_bytes = folder, max_bytes

    def corpus(self, key: str) -> Corpus | None:
        """Return the corpus with a key, or None."""
        return self._load("corpus", key, _corpus_from)

    def keep_corpus(self, key: str, corpus: Corpus) -> None:
        """Store a corpus in place of the previous one."""
        if corpus.counts.characters > MAX_COMPRESSION * self.max_bytes:
            return
        data = json.dumps(asdict(corpus), ensure_ascii=False).encode("utf-8", "surrogatepass")
        self._keep("corpus", key, ".json.gz", gzip.compress(data, 1))

    def blocks(self, key: str) -> Blocks | None:
        """Return the blocks with a key, or None."""
        return self._load("blocks", key, _blocks_from)

    def keep_blocks(self, key: str, blocks: Blocks) -> None:
        """Store blocks in place of the previous ones."""
        arrays = {name: _small(getattr(blocks, name)) for name in ("ids", "words", "document")}
        data = io.BytesIO()
        np.savez_compressed(data, pad_id=np.int64(blocks.pad_id), **arrays)
        self._keep("blocks", key, ".npz", data.getvalue())

    def report(self, key: str) -> dict | None:
        """Return the report with a key and the number of blocks of a run, or None."""
        found = self._entry("report")
        return found if found.get("key") == key else None

    def keep_report(self, key: str, report: dict, blocks: int) -> None:
        """Store a report without its budget in place of the previous one."""
        self._note({"report": {"key": key, "report": report, "blocks": blocks}})

    def step(self, key: str) -> StepCost | None:
        """Return the cost of a step if it was measured within the last hour, or None."""
        found = self._entry("steps").get(key, {})
        if not 0 <= time.time() - found.get("at", 0) <= SECONDS_STEPS_KEPT:
            return None
        return StepCost(found["seconds"], found["megabytes"])

    def keep_step(self, key: str, step: StepCost, seconds_ago: float = 0.0) -> None:
        """Store the cost of a step beside those with other keys."""
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
            self.folder.mkdir(exist_ok=True)  # not where the files have been deleted meanwhile
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
        if len(data) + sum(path.stat().st_size for path in others) > self.max_bytes:
            return
        try:
            self.folder.mkdir(exist_ok=True)  # not where the files have been deleted meanwhile
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
    findings = counts.pop("findings")
    tables = [
        Table(**{**table, "columns": tuple(table["columns"]), "rows": tuple(table["rows"])})
        for table in findings["tables"]
    ]
    counts["findings"] = Findings(tables, findings["controls"])
    passages = [Passage(**passage) for passage in counts.pop("passages")]
    return Corpus(**found, counts=Counts(**counts, dropped=dropped, passages=passages))


def _blocks_from(data: bytes) -> Blocks:
    with np.load(io.BytesIO(data), allow_pickle=False) as arrays:
        ids, words, document = (arrays[name].astype(np.int32) for name in ("ids", "words", "document"))
        pad_id = int(arrays["pad_id"])
    if ids.ndim != 2 or ids.shape != words.shape or document.shape != ids.shape[:1]:
        raise ValueError("the shapes of the arrays do not match")
    return Blocks(ids, words, document, pad_id)


def _small(values: np.ndarray) -> np.ndarray:
    """Convert integers to the smallest signed type that holds them."""
    most = int(np.abs(values).max(initial=0))
    return values.astype(np.min_scalar_type(-most - 1))
