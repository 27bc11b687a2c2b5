"""Recover from out-of-memory errors by dividing the batch, and keep each process to one device."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Protocol

import torch
from transformers import TrainingArguments

from mlm_demo.errors import TrainingError
from mlm_demo.system.distributed import world_size
from mlm_demo.system.memory import ran_out


@contextmanager
def out_of_memory() -> Iterator[None]:
    """Within this context, running out of main memory raises torch.OutOfMemoryError, as it does on a GPU."""
    try:
        yield
    except Exception as error:
        if ran_out(error) and not isinstance(error, torch.OutOfMemoryError):
            raise torch.OutOfMemoryError(str(error)) from error
        raise


class Items(Protocol):
    """What a batch consists of: its name, such as `block`, and the tokens of one, at most."""

    @property
    def item(self) -> str: ...
    @property
    def length(self) -> int: ...


def divide_batch(batch: int, items: Items, error: torch.OutOfMemoryError) -> int:
    """Return the least number of parts, above one, that a batch can be computed in; raise TrainingError if it is one.

    So a batch of 12 becomes 2 of 6, and one of 3 becomes 3 of 1: the step stays the same.
    """
    if batch == 1:
        raise TrainingError(
            f"The model does not fit this device's memory even with one {items.item} of {items.length} tokens at a "
            f"time; choose shorter {items.item}s or a smaller model."
        ) from error
    torch.cuda.empty_cache()
    return next(parts for parts in range(2, batch + 1) if not batch % parts)


def share_of_process(batch: int) -> int:
    """Return how many items of a batch each process gets; raise TrainingError if they cannot be divided."""
    if batch % world_size():
        raise TrainingError(
            f"batch_size is {batch}; for {world_size()} processes it must be a multiple of {world_size()}."
        )
    return batch // world_size()


def one_device(args: TrainingArguments) -> None:
    """Keep a process to one GPU: Trainer would split each batch among all visible ones, but not the masked positions.

    The next batch is copied to the GPU while it still works on the current one.
    """
    args._n_gpu = min(args.n_gpu, 1)
    args.accelerator_config.non_blocking = args.device.type == "cuda"
