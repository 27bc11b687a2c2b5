"""Several processes that train one model, one a device, as torchrun starts them; in one alone all of this is idle.

Each reads the corpus and judges the model for itself, which costs no agreement: the same seed gives the same result.
What a clock, a signal or the disk decides is decided by the first process.
"""

import os
from typing import TypeVar

T = TypeVar("T")


def count() -> int:
    """How many processes train together."""
    return int(os.environ.get("WORLD_SIZE", 1))


def is_main_process() -> bool:
    """Whether this process is the one that writes and speaks."""
    return int(os.environ.get("RANK", 0)) == 0


def local_rank() -> int:
    """The number of this process's GPU."""
    return int(os.environ.get("LOCAL_RANK", 0))


def broadcast(value: T) -> T:
    """The first process's value, in all of them; each waits for it."""
    if count() == 1:
        return value
    import torch  # not where somebody only asks whether it is the first process

    box = [value]
    torch.distributed.broadcast_object_list(box)
    return box[0]
