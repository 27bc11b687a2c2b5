"""The HTTP endpoints, for `gradio_client` and any other program: the command line's names and its JSON."""

from typing import Any

import gradio as gr

from mlm_demo.engine import TOP_K, Engine
from mlm_demo.ui.guard import over_http


def add_endpoints(engine: Engine) -> None:
    """Add `/fill_mask`, `/compare` and `/score` to the page being built."""

    def fill_mask(
        text: str, model: str = "", top_k: float = TOP_K, targets: str = "", joint: bool = False
    ) -> dict[str, Any]:
        """Rank words for the masks of a sentence; targets are words with commas between them."""
        return engine.fill_mask(text, model, top_k=top_k, targets=targets, joint=joint)

    def compare(
        text: str,
        models: list[str],
        top_k: float = TOP_K,
        targets: str = "",
        joint: bool = False,
    ) -> dict[str, Any]:
        """The same for up to three models, each word with its rank in the others."""
        return engine.compare(text, models, top_k=top_k, targets=targets, joint=joint)

    def score(text: str, model: str = "", method: str = "within_word") -> dict[str, Any]:
        """The surprisal of each word of a sentence in bits, and its pseudo-log-likelihood in nats."""
        (answer,) = engine.score(text, [model], method=method)["scores"]
        return answer

    for endpoint in (fill_mask, compare, score):
        gr.api(over_http(endpoint), api_name=endpoint.__name__, concurrency_id="model", concurrency_limit=8)
