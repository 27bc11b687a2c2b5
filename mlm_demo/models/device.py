"""Where a model computes."""

import torch

from mlm_demo.errors import ModelError
from mlm_demo.system.distributed import local_rank


def find_device(device: str) -> torch.device:
    """The device of a name, `auto` being a GPU where there is one; raises ModelError if it is not there."""
    there = {
        "cpu": True,
        "cuda": torch.cuda.is_available(),
        "mps": torch.backends.mps.is_available(),
    }
    if device == "auto":
        device = "cuda" if there["cuda"] else "cpu"
    if not there[device]:
        raise ModelError(
            f"This machine has no {device} device that torch can use; set MLM_DEMO_DEVICE to auto."
        )
    return torch.device(device, local_rank()) if device == "cuda" else torch.device(device)
