"""95% intervals of a system and of the difference of two, over articles and over seeds.

The bootstrap is hierarchical: it draws articles with replacement, because questions on one article are alike, and
then seeds, because a fine-tuning is a matter of luck. It is paired: two systems answer the same questions, and have
the same seeds.
"""

from collections.abc import Hashable, Sequence
from dataclasses import dataclass

import numpy as np

from mlm_demo.training.result import Interval

RESAMPLES = 10_000
DRAWN_AT_ONCE = 4_000_000  # article numbers held while resampling: 32 MB


@dataclass(frozen=True)
class Difference:
    """One system minus another with its interval, and how many of the seeds agree with its sign."""

    change: Interval
    seeds_agree: int
    seeds: int


def interval_of(values: np.ndarray, groups: Sequence[Hashable], seed: int = 0) -> Interval:
    """Return the mean of a system's values over seeds and questions, with its 95% interval.

    values: (seeds, questions) float, such as F1; questions with a nan are left out, as pools without evidence.
    groups: (questions,) the article of each. Raises ValueError if no question is left.
    """
    values = np.atleast_2d(values)
    there = ~np.isnan(values).any(axis=0)
    values = values[:, there]
    if not values.size:
        raise ValueError("no questions to resample")
    names = [group for group, kept in zip(groups, there, strict=True) if kept]
    numbers = {name: i for i, name in enumerate(dict.fromkeys(names))}
    article = np.array([numbers[name] for name in names])
    counts = np.bincount(article).astype(float)
    sums = np.stack([np.bincount(article, row) for row in values])
    low, high = np.percentile(_resample(sums, counts, seed), [2.5, 97.5])
    return Interval(float(values.mean()), float(low), float(high))


def difference(one: np.ndarray, other: np.ndarray, groups: Sequence[Hashable], seed: int = 0) -> Difference:
    """Return `one` minus `other`, paired by question and seed.

    one, other: (seeds, questions) float, with the same seeds in the same order; (1, questions) for a system without
    seeds, such as a baseline. groups, nan and errors as in `interval_of`.
    """
    values = np.atleast_2d(one) - np.atleast_2d(other)
    change = interval_of(values, groups, seed)
    by_seed = np.nanmean(values, axis=1)
    agree = int((np.sign(by_seed) == np.sign(change.value)).sum()) if change.value else 0
    return Difference(change, agree, len(values))


def _resample(sums: np.ndarray, counts: np.ndarray, seed: int) -> np.ndarray:
    """Return means over drawn articles and seeds: sums (seeds, articles), counts (articles,) → (RESAMPLES,)."""
    generator = np.random.default_rng(seed)
    seeds, articles = sums.shape
    at_once = max(1, DRAWN_AT_ONCE // articles)
    means = []
    for first in range(0, RESAMPLES, at_once):
        size = min(at_once, RESAMPLES - first)
        drawn = generator.multinomial(articles, np.full(articles, 1 / articles), size)
        drawn_seeds = generator.multinomial(seeds, np.full(seeds, 1 / seeds), size) / seeds
        means.append(((drawn @ sums.T) * drawn_seeds).sum(axis=1) / (drawn @ counts))
    return np.concatenate(means)
