"""Helpers for distributed training under torchrun, one process per GPU; in a single process they do nothing.

Each process reads the corpus and evaluates the model by itself: the same seed gives the same result, so no
communication is needed. Decisions that depend on a clock, a signal or the disk are made by the main process.
"""

import os
from typing import TypeVar

T = TypeVar("T")


def world_size() -> int:
    """Return the number of processes that train together."""
    return int(os.environ.get("WORLD_SIZE", 1))


def is_main_process() -> bool:
    """Return whether this process is the one that writes files and prints."""
    return int(os.environ.get("RANK", 0)) == 0


def local_rank() -> int:
    """Return the index of this process's GPU."""
    return int(os.environ.get("LOCAL_RANK", 0))


def broadcast(value: T) -> T:
    """Return the main process's value in every process; each waits for it."""
    if world_size() == 1:
        return value
    import torch  # not at import: the functions above are used without torch

    box = [value]
    torch.distributed.broadcast_object_list(box)
    return box[0]
