"""The torch device that a model computes on, and whether it multiplies bfloat16 natively."""

import torch

from mlm_demo.errors import ModelError
from mlm_demo.system.distributed import local_rank

# Capabilities that torch.cpu.get_capabilities() reports for native bfloat16 products.
BFLOAT16_FEATURES = ("avx512_bf16", "amx_bf16")


def find_device(name: str) -> torch.device:
    """Return the device `auto`, `cpu`, `cuda` or `mps`; raise ModelError if this machine does not have it.

    `auto` is CUDA if it is available, else the CPU. Under torchrun each process gets the GPU of its local rank.
    """
    available = {
        "cpu": True,
        "cuda": torch.cuda.is_available(),
        "mps": torch.backends.mps.is_available(),
    }
    if name == "auto":
        name = "cuda" if available["cuda"] else "cpu"
    if not available[name]:
        raise ModelError(f"torch finds no {name} device on this machine; set MLM_DEMO_DEVICE to auto.")
    return torch.device(name, local_rank()) if name == "cuda" else torch.device(name)


def bfloat16_is_fast(device: torch.device) -> bool:
    """Return whether a device multiplies bfloat16 natively; where it does not, float32 is faster."""
    if device.type == "cuda":
        return torch.cuda.is_bf16_supported(including_emulation=False)
    features = torch.cpu.get_capabilities() if device.type == "cpu" else {}
    return any(features.get(name, False) for name in BFLOAT16_FEATURES)
