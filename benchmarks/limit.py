"""What the machine can do at best: matrix products at the shapes of training, and reading of memory."""

import time
from collections.abc import Callable

import torch
from pairs import tell, wants_json

from mlm_demo.models.device import bfloat16_is_fast

TOKENS, SIZE = 2048, 384  # a step of 16 blocks of 128 tokens, the built-in models' size
SECONDS = 1.0


def matrix_rate(dtype: torch.dtype, device: str = "cpu", size: int = SIZE) -> float:
    """Floating-point operations a second of the products that make up a step, the best of a second's tries."""
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
    # The right-hand side laid out beforehand, as for a layer whose weights do not change.
    laid_out = [torch.ops.mkldnn._reorder_linear_weight(right.t().contiguous(), TOKENS) for _, right in pairs]

    def reordered() -> None:
        for (left, _), right in zip(pairs, laid_out, strict=True):
            torch.ops.mkldnn._linear_pointwise(left, right, None, "none", [], "")

    with torch.inference_mode():
        return work / min(_best(plain), _best(reordered))


def large_product_rate(dtype: torch.dtype, device: str) -> float:
    """Floating-point operations a second of one large product: what a device's utilisation is told against."""
    left = torch.randn(8192, 8192, device=device, dtype=dtype)

    def product() -> None:
        left @ left
        if device == "cuda":
            torch.cuda.synchronize()

    return 2 * 8192**3 / _best(product)


def read_rate() -> float:
    """Bytes a second read from memory, from a tensor far larger than any cache."""
    numbers = torch.ones(64 << 20)

    return numbers.nbytes / _best(numbers.sum)


def training_flops(model, probability: float) -> float:
    """Operations a token of training takes: 6 a weight of the encoder, and of the head at the hidden tokens alone.

    Attention's own products (a few per cent at 128 tokens), norms and the optimiser are not counted.
    """
    encoder, head = _weights(model)
    return 6 * (encoder + probability * head)


def prediction_flops(model, length: int, masks: int) -> float:
    """Operations of one sentence's pass: 2 a weight of the encoder for each token, and of the head for each mask."""
    encoder, head = _weights(model)
    return 2 * (length * encoder + masks * head)


def _weights(model) -> tuple[int, int]:
    """How many numbers the matrices of the encoder's layers hold, and those of the head."""
    encoder = sum(
        p.numel() for n, p in model.base_model.named_parameters() if p.ndim == 2 and "embedding" not in n
    )
    vocabulary, size = model.get_output_embeddings().weight.shape
    return encoder, vocabulary * size + size * size


def _best(work: Callable[[], object]) -> float:
    """The seconds of the quickest of a second's tries."""
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
        rows.append(("the same, large ones, GFLOP/s", large / 1e9))
    tell(f"The machine, {torch.get_num_threads()} threads", ("", "rate"), rows, {}, as_json)
