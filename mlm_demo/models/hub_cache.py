"""The Hub's cache on this machine: which models are in it whole, and what a crash has left in it half."""

import hashlib
import json
from contextlib import suppress
from pathlib import Path

from huggingface_hub import constants

from mlm_demo.errors import HubError, shown
from mlm_demo.system.files import free_bytes

SAFETENSORS, SHARDED = "model.safetensors", "model.safetensors.index.json"
PICKLE = "pytorch_model.bin"
WEIGHTS = {".safetensors", ".bin"}
TOKENIZER_FILES = {
    "added_tokens.json", "merges.txt", "sentencepiece.bpe.model", "special_tokens_map.json", "spiece.model",
    "spm.model", "tokenizer.json", "tokenizer.model", "tokenizer_config.json", "vocab.json", "vocab.txt",
}  # fmt: skip

LEAST_FREE_BYTES = 2_000_000_000  # that a model leaves on the disk: runs and uploads need some too


def check_room(repo_id: str, size: int) -> None:
    """Raise HubError where a model of so many bytes would fill the disk of the cache; nothing deletes models there."""
    free = free_bytes(Path(constants.HF_HUB_CACHE))
    if free - size < LEAST_FREE_BYTES:
        raise HubError(
            f"{shown(repo_id)} has {size / 1e6:,.0f} MB, and {free / 1e6:,.0f} MB are free here, of which "
            f"{LEAST_FREE_BYTES / 1e6:,.0f} have to stay; make room, or pick a model that is built in or downloaded."
        )


def cached_folder(repo_id: str) -> Path | None:
    """The newest complete snapshot of a model in the Hub's cache on this machine, or None."""
    repo = Path(constants.HF_HUB_CACHE) / f"models--{repo_id.replace('/', '--')}"
    for ref in [repo / "refs" / "main", *sorted((repo / "refs").glob("refs/pr/*"), reverse=True)]:
        if ref.is_file() and is_complete(folder := repo / "snapshots" / ref.read_text().strip()):
            return folder
    return None


def is_complete(folder: Path) -> bool:
    """Whether a folder holds a config, a tokenizer and weights (all shards of them)."""
    if not (folder / "config.json").is_file() or not any((folder / f).is_file() for f in TOKENIZER_FILES):
        return False
    if (folder / SHARDED).is_file():
        try:
            return all((folder / shard).is_file() for shard in shards(folder / SHARDED))
        except (ValueError, KeyError, TypeError, AttributeError):  # the index itself is cut off
            return False
    return (folder / SAFETENSORS).is_file() or (folder / PICKLE).is_file()


def shards(index: Path) -> list[str]:
    """The weight files that a sharded checkpoint's index names."""
    return sorted(set(json.loads(index.read_text())["weight_map"].values()))


def revision(folder: Path, weights: Path) -> str:
    """The Hub's commit for a downloaded model, else the start of the SHA-256 of the weights."""
    if folder.parent.name == "snapshots":
        return folder.name[:12]
    with weights.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()[:12]


def drop_broken(folder: Path, *, weights: bool) -> bool:
    """Delete the files of a snapshot that are not what the Hub announced; returns whether there were any.

    weights: whether those are looked at too, which takes seconds; that one is cut off is seen by loading it as well.
    """
    found = [path for path in folder.iterdir() if weights or path.suffix not in WEIGHTS]
    broken = [path for path in found if not path.is_dir() and not is_as_announced(path)]
    for path in broken:
        drop(path)
    return bool(broken)


def is_as_announced(path: Path) -> bool:
    """Whether a file has the hash that is its name in the cache: SHA-256 if it is large, git's SHA-1 if small."""
    blob = path.resolve()
    if not blob.is_file():  # a link to nothing
        return False
    with blob.open("rb") as file:
        if len(blob.name) == 64:
            digest = hashlib.file_digest(file, "sha256").hexdigest()
        elif len(blob.name) == 40:
            size = blob.stat().st_size
            digest = hashlib.sha1(b"blob %d\0" % size + file.read(), usedforsecurity=False).hexdigest()
        else:
            return True  # a mirror with ETags of its own: nothing to compare with
    return digest == blob.name


def drop(path: Path) -> None:
    """Delete a file of a snapshot and what it points to."""
    for name in (path.resolve(), path):
        with suppress(OSError):  # another has done it, or the cache is not ours to write
            name.unlink()
