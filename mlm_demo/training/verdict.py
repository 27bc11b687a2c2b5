"""Whether a corpus is of a good size for a run: told with the report, and again when the budget is changed."""

from mlm_demo.training.config import SHARE_FOR_WATCHING, AdaptConfig

ENOUGH_TOKENS = 50_000


def passes(config: AdaptConfig, blocks: int, seconds_a_pass: float | None) -> float | None:
    """How often a run reads the text it trains on; None where that takes a trial and none was made."""
    if config.epochs is not None:
        return config.epochs
    if config.max_steps is not None:
        return config.max_steps * config.batch_size / max(blocks, 1)
    return seconds_a_pass and config.minutes * 60 * (1 - SHARE_FOR_WATCHING) / seconds_a_pass


def verdict(tokens: int, read: float | None, *, cut_short: str = "") -> tuple[str, str]:
    """`too small`, `enough`, `more than this run will read` or `more than is read` by any run, and a sentence or two.

    read: how often the run reads its `tokens`, None if it is not known; cut_short: a sentence, where the corpus is
    larger than what is taken of it.
    """
    told = ""
    if read is not None:
        told = (
            f"This run reads about {read:.0%} of it." if read < 0.95 else f"This run reads it {_times(read)}."
        )
    if cut_short:
        return "more than is read", f"{cut_short} {told}".rstrip()
    if tokens < ENOUGH_TOKENS:
        worth = f"{ENOUGH_TOKENS:,} tokens and more are better, but it is worth a try: the figures after the run tell."
        return "too small", f"{worth} {told}".rstrip()
    if read is not None and read < 0.95:
        return "more than this run will read", told
    return "enough", told


def _times(read: float) -> str:
    return "about once" if read < 1.5 else f"about {read:,.0f} times"
