"""Rate limits per visitor, per address and for everyone together.

A token bucket holds at most one minute's worth of requests and refills evenly, so it allows a burst and limits a
steady stream. Algorithm: the token bucket of RFC 2697, counting requests instead of bytes.
"""

import hashlib
import hmac
import ipaddress
import secrets
import threading
import time
from collections import OrderedDict
from collections.abc import Callable

import gradio as gr

from mlm_demo.errors import LimitError
from mlm_demo.settings import Settings
from mlm_demo.web.identity import server_secret

MAX_TICKETS = 10_000  # counted questions that wait for a model
MAX_BUCKETS = 10_000  # beyond that the least recently used ones are dropped; they are full again by then


class RateLimits:
    """The limits on how often visitors may ask the page. Safe to share between threads."""

    def __init__(self, settings: Settings):
        self.proxies = settings.proxies
        self._key = server_secret(settings).encode()
        self._session = TokenBuckets(settings.requests_a_minute)
        self._address = TokenBuckets(settings.requests_a_minute_address)
        self._all = TokenBuckets(settings.requests_a_minute_total)
        self._tickets: OrderedDict[str, None] = OrderedDict()
        self._lock = threading.Lock()

    def ticket(self) -> str:
        """Return a ticket for a counted request that continues in another event, such as one in the queue."""
        ticket = secrets.token_hex(16)
        with self._lock:
            self._tickets[ticket] = None
            if len(self._tickets) > MAX_TICKETS:
                self._tickets.popitem(last=False)
        return ticket

    def admit(self, request: gr.Request | None, ticket: str = "", questions: int = 1) -> None:
        """Count a request; raise LimitError if its session, its address or everyone together asked too often.

        ticket: admits its question without counting it again; valid once. questions: asked in this request.
        """
        with self._lock:
            if ticket in self._tickets:
                del self._tickets[ticket]
                return
        if request is None:  # called by a test or another function, not by a visitor
            return
        address = self.address(request)
        for buckets, key, who in (
            (self._session, f"{address} {request.session_hash}", "You ask"),
            (self._address, address, "Your address asks"),
            (self._all, "", "Many people ask"),
        ):
            if seconds := buckets.take(key, questions):
                raise LimitError(
                    f"{who} more often than this page answers (limit: {buckets.per_minute:,} per minute); wait "
                    f"{max(1, round(seconds))} seconds and try again."
                )

    def address(self, request: gr.Request) -> str:
        """Return a keyed hash of a request's address; nobody can recover the address from it."""
        host = getattr(request.client, "host", None) or "unknown"
        address = address_of(request.headers.get("x-forwarded-for", ""), host, self.proxies)
        return hmac.new(self._key, f"address {address}".encode(), hashlib.sha256).hexdigest()[:32]


class TokenBuckets:
    """Token buckets of one size, one per key. Safe to share between threads. clock: monotonic seconds."""

    def __init__(self, per_minute: int, clock: Callable[[], float] = time.monotonic):
        self.per_minute, self.clock = per_minute, clock
        self._buckets: OrderedDict[str, tuple[float, float]] = OrderedDict()  # key to (tokens, when)
        self._lock = threading.Lock()

    def take(self, key: str, count: float = 1) -> float:
        """Take tokens and return 0, or take none and return the seconds until there are enough."""
        now = self.clock()
        with self._lock:
            tokens, then = self._buckets.pop(key, (float(self.per_minute), now))
            tokens = min(self.per_minute, tokens + (now - then) * self.per_minute / 60)
            admitted = tokens >= count
            self._buckets[key] = (tokens - count * admitted, now)
            if len(self._buckets) > MAX_BUCKETS:
                self._buckets.popitem(last=False)
        return 0.0 if admitted else (count - tokens) * 60 / self.per_minute


def address_of(forwarded: str, host: str, proxies: int) -> str:
    """Return the address of a client: as our outermost proxy saw it, or the other end of the connection.

    forwarded: the header X-Forwarded-For, to which each proxy appends its client's address; everything before that was
    written by the client and may be wrong. host: the other end of the connection as uvicorn reports it, which already
    accounts for a proxy on this machine (127.0.0.1). proxies: the number of our proxies in front.
    """
    hops = [hop.strip() for hop in forwarded.split(",") if hop.strip()]
    return _network(hops[-proxies] if proxies and len(hops) >= proxies else host)


def _network(address: str) -> str:
    """Return an IPv4 address unchanged, and the /64 of an IPv6 address, all of which one person owns (RFC 6177)."""
    try:
        found = ipaddress.ip_address(address)
    except ValueError:  # a host name, or something else that a proxy writes
        return address
    if found.version == 4:
        return address
    return str(found.ipv4_mapped or ipaddress.ip_network((found, 64), strict=False).network_address)
