"""The Hub's cache on this machine: which models are complete, and which files a crash left corrupt."""

import hashlib
import json
from contextlib import suppress
from pathlib import Path

from huggingface_hub import constants

from mlm_demo.errors import HubError, shown
from mlm_demo.system.files import free_bytes, stamp

SAFETENSORS, SHARDED = "model.safetensors", "model.safetensors.index.json"
PICKLE = "pytorch_model.bin"
WEIGHTS = {".safetensors", ".bin"}
VOCABULARIES = {
    "sentencepiece.bpe.model", "spiece.model", "spm.model", "tokenizer.json", "tokenizer.model", "vocab.json",
    "vocab.txt",
}  # fmt: skip
TOKENIZER_FILES = VOCABULARIES | {
    "added_tokens.json", "merges.txt", "special_tokens_map.json", "tokenizer_config.json",
}  # fmt: skip

MIN_FREE_BYTES = 2_000_000_000  # must stay free after a download, for runs and uploads


def check_room(repo_id: str, size: int) -> None:
    """Raise HubError if a download of `size` bytes would fill the disk; nothing deletes models from the cache."""
    free = free_bytes(Path(constants.HF_HUB_CACHE))
    if free - size < MIN_FREE_BYTES:
        raise HubError(
            f"{shown(repo_id)} has {size / 1e6:,.0f} MB, but of the {free / 1e6:,.0f} MB free here "
            f"{MIN_FREE_BYTES / 1e6:,.0f} MB must stay free; make room, or pick a model that is built in or "
            "downloaded."
        )


def cached_folder(repo_id: str) -> Path | None:
    """Return the newest complete snapshot of a model in the cache, one with safetensors before others, or None."""
    repo = Path(constants.HF_HUB_CACHE) / f"models--{repo_id.replace('/', '--')}"
    refs = [repo / "refs" / "main", *sorted((repo / "refs").glob("refs/pr/*"), reverse=True)]
    folders = [repo / "snapshots" / ref.read_text().strip() for ref in refs if ref.is_file()]
    complete = [folder for folder in folders if is_complete(folder)]
    return next(filter(has_safetensors, complete), complete[0] if complete else None)


def has_safetensors(folder: Path) -> bool:
    """Return whether a folder's weights are safetensors, which cannot run code."""
    return (folder / SAFETENSORS).is_file() or (folder / SHARDED).is_file()


def is_complete(folder: Path) -> bool:
    """Return whether a folder holds a config, a vocabulary and all weight files."""
    if not (folder / "config.json").is_file() or not any((folder / f).is_file() for f in VOCABULARIES):
        return False
    if (folder / SHARDED).is_file():
        try:
            return all((folder / shard).is_file() for shard in shards(folder / SHARDED))
        except (ValueError, KeyError, TypeError, AttributeError):  # the index itself is truncated
            return False
    return has_safetensors(folder) or (folder / PICKLE).is_file()


def shards(index: Path) -> list[str]:
    """Return the weight files that the index of a sharded model names."""
    return sorted(set(json.loads(index.read_text())["weight_map"].values()))


def version_of(folder: Path) -> str:
    """Return a text that changes when the config, the tokenizer or the weights of a folder do."""
    state = []
    with suppress(OSError):  # a training may be replacing files
        for path in sorted(folder.iterdir()):
            if path.name in TOKENIZER_FILES | {"config.json", SHARDED} or path.suffix in WEIGHTS:
                state.append(stamp(path))
    return " ".join(state)


def revision(folder: Path, weights: Path) -> str:
    """Return the first 12 digits of the Hub's commit for a downloaded model, else of the SHA-256 of the weights."""
    if folder.parent.name == "snapshots":
        return folder.name[:12]
    with weights.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()[:12]


def delete_corrupt(folder: Path, *, weights: bool) -> bool:
    """Delete the files of a snapshot whose hash is wrong; return whether there were any.

    weights: also check the weight files, which takes seconds. Loading them detects truncation too.
    """
    files = [path for path in folder.iterdir() if weights or path.suffix not in WEIGHTS]
    corrupt = [path for path in files if not path.is_dir() and not matches_hash(path)]
    for path in corrupt:
        delete(path)
    return bool(corrupt)


def matches_hash(path: Path) -> bool:
    """Return whether a file has the hash that names its blob: SHA-256 for large files, git's SHA-1 for small ones."""
    blob = path.resolve()
    if not blob.is_file():  # a dangling link
        return False
    with blob.open("rb") as file:
        if len(blob.name) == 64:
            digest = hashlib.file_digest(file, "sha256").hexdigest()
        elif len(blob.name) == 40:
            size = blob.stat().st_size
            digest = hashlib.sha1(b"blob %d\0" % size + file.read(), usedforsecurity=False).hexdigest()
        else:
            return True  # a mirror with other ETags: there is no hash to compare
    return digest == blob.name


def delete(path: Path) -> None:
    """Delete a file of a snapshot and the blob it links to."""
    for name in (path.resolve(), path):
        with suppress(OSError):  # another process deleted it, or the cache is read-only
            name.unlink()
