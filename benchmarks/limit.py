"""The limits of this machine: the rates of matrix products at the shapes of training, and of reading memory."""

import time
from collections.abc import Callable

import torch
from pairs import print_table, wants_json

from mlm_demo.models.device import bfloat16_is_fast

TOKENS, SIZE = 2048, 384  # a step of 16 blocks of 128 tokens, the built-in models' size
SECONDS = 1.0


def matrix_rate(dtype: torch.dtype, device: str = "cpu", size: int = SIZE) -> float:
    """Return the floating-point operations per second of the products of a step, the best of the tries in a second."""
    inner = 4 * size
    shapes = [(TOKENS, size, inner), (TOKENS, inner, size), (size, TOKENS, inner), (TOKENS, size, size)]
    pairs = [
        (torch.randn(m, k, device=device, dtype=dtype), torch.randn(k, n, device=device, dtype=dtype))
        for m, k, n in shapes
    ]
    work = sum(2 * m * k * n for m, k, n in shapes)

    def plain() -> None:
        for left, right in pairs:
            left @ right
        if device == "cuda":
            torch.cuda.synchronize()

    if device == "cuda":
        return work / _best(plain)
    # The right-hand side is reordered beforehand, as for a layer whose weights do not change.
    reordered_sides = [
        torch.ops.mkldnn._reorder_linear_weight(right.t().contiguous(), TOKENS) for _, right in pairs
    ]

    def reordered() -> None:
        for (left, _), right in zip(pairs, reordered_sides, strict=True):
            torch.ops.mkldnn._linear_pointwise(left, right, None, "none", [], "")

    with torch.inference_mode():
        return work / min(_best(plain), _best(reordered))


def large_product_rate(dtype: torch.dtype, device: str) -> float:
    """Return the floating-point operations per second of a large product, the reference for utilization."""
    left = torch.randn(8192, 8192, device=device, dtype=dtype)

    def product() -> None:
        left @ left
        if device == "cuda":
            torch.cuda.synchronize()

    return 2 * 8192**3 / _best(product)


def read_rate() -> float:
    """Return the bytes per second read from memory, from a tensor far larger than any cache."""
    numbers = torch.ones(64 << 20)
    return numbers.nbytes / _best(numbers.sum)


def training_flops(model, probability: float) -> float:
    """Return the operations per training token: 6 per weight of the encoder, and of the head for masked tokens only.

    The products of attention itself (a few percent at 128 tokens), norms and the optimizer are not counted.
    """
    encoder, head = _weights(model)
    return 6 * (encoder + probability * head)


def prediction_flops(model, length: int, masks: int) -> float:
    """Return the operations of one sentence: 2 per weight of the encoder and token, and of the head and mask."""
    encoder, head = _weights(model)
    return 2 * (length * encoder + masks * head)


def _weights(model) -> tuple[int, int]:
    """Return the number of weights in the matrices of the encoder's layers, and in those of the head."""
    encoder = sum(
        p.numel() for n, p in model.base_model.named_parameters() if p.ndim == 2 and "embedding" not in n
    )
    vocabulary, size = model.get_output_embeddings().weight.shape
    return encoder, vocabulary * size + size * size


def _best(work: Callable[[], object]) -> float:
    """Return the seconds of the fastest of the tries in a second."""
    tries, end = [], time.perf_counter() + SECONDS
    while time.perf_counter() < end:
        start = time.perf_counter()
        work()
        tries.append(time.perf_counter() - start)
    return min(tries)


if __name__ == "__main__":
    as_json = wants_json(__doc__)
    rows = [
        ("float32 products, GFLOP/s", matrix_rate(torch.float32) / 1e9),
        ("memory, GB/s", read_rate() / 1e9),
    ]
    if bfloat16_is_fast(torch.device("cpu")):
        rows.insert(1, ("bfloat16 products, GFLOP/s", matrix_rate(torch.bfloat16) / 1e9))
    if torch.cuda.is_available():
        rows.append(("bfloat16 products of the GPU, GFLOP/s", matrix_rate(torch.bfloat16, "cuda") / 1e9))
        large = large_product_rate(torch.bfloat16, "cuda")
        rows.append(("large bfloat16 products of the GPU, GFLOP/s", large / 1e9))
    print_table(f"The machine, {torch.get_num_threads()} threads", ("", "rate"), rows, {}, as_json)
