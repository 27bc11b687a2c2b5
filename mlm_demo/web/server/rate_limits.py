"""How often somebody may ask: a token bucket for each key, in memory.

A bucket holds a minute's requests at most and fills evenly, so a burst is borne and a stream is not. Algorithm: token
bucket as in RFC 2697, with requests in the place of bytes.
"""

import threading
import time
from collections import OrderedDict
from collections.abc import Callable

MOST_KEYS = 10_000  # the buckets longest unused are forgotten: they have filled up in the meantime


class TokenBuckets:
    """Buckets of one size. Safe to share between threads. clock: seconds that never go back."""

    def __init__(self, a_minute: int, clock: Callable[[], float] = time.monotonic):
        self.a_minute, self.clock = a_minute, clock
        self._buckets: OrderedDict[str, tuple[float, float]] = OrderedDict()  # key to tokens and when
        self._lock = threading.Lock()

    def take(self, key: str, count: float = 1) -> float:
        """Take tokens for a request; returns 0, or the seconds until there are as many, and then takes none."""
        now = self.clock()
        with self._lock:
            tokens, then = self._buckets.pop(key, (float(self.a_minute), now))
            tokens = min(self.a_minute, tokens + (now - then) * self.a_minute / 60)
            admitted = tokens >= count
            self._buckets[key] = (tokens - count * admitted, now)
            if len(self._buckets) > MOST_KEYS:
                self._buckets.popitem(last=False)
        return 0.0 if admitted else (count - tokens) * 60 / self.a_minute
