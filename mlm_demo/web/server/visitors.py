"""Who asks, as far as a limit has to know it, and whether they may ask now."""

import hashlib
import hmac
import ipaddress

import gradio as gr

from mlm_demo.errors import LimitError
from mlm_demo.settings import Settings
from mlm_demo.web.identity import browser_secret
from mlm_demo.web.server.rate_limits import TokenBuckets


class RateLimits:
    """The limits on how often the page may be asked. Safe to share between threads."""

    def __init__(self, settings: Settings):
        self.proxies = settings.proxies
        self._key = browser_secret(settings).encode()
        self._session = TokenBuckets(settings.requests_a_minute)
        self._address = TokenBuckets(settings.requests_a_minute_address)
        self._all = TokenBuckets(settings.requests_a_minute_total)

    def admit(self, request: gr.Request | None) -> None:
        """Count a request; raises LimitError when its session, its address or all together have asked too often."""
        if request is None:  # a function called by a test or by another function, not by anybody outside
            return
        address = self.address(request)
        for buckets, key, who in (
            (self._session, f"{address} {request.session_hash}", "You ask"),
            (self._address, address, "Your address asks"),
            (self._all, "", "Many people ask"),
        ):
            if seconds := buckets.take(key):
                raise LimitError(
                    f"{who} more often than this page answers ({buckets.a_minute:,} times a minute); wait "
                    f"{max(1, round(seconds))} seconds and try again."
                )

    def address(self, request: gr.Request) -> str:
        """A hash of the address a request comes from, which tells nobody the address."""
        host = getattr(request.client, "host", None) or "unknown"
        address = address_of(request.headers.get("x-forwarded-for", ""), host, self.proxies)
        return hmac.new(self._key, f"address {address}".encode(), hashlib.sha256).hexdigest()[:32]


def address_of(forwarded: str, host: str, proxies: int) -> str:
    """Whence a request comes: what the last of our own proxies saw, or, without one, the other end of the connection.

    forwarded: the header X-Forwarded-For, to which each proxy adds whom it was asked by; what stands before that was
    written by the asker, who may write anything. host: the other end, by uvicorn, which by itself looks behind a proxy
    that runs on this machine (127.0.0.1).
    """
    hops = [hop.strip() for hop in forwarded.split(",") if hop.strip()]
    return _network(hops[-proxies] if proxies and len(hops) >= proxies else host)


def _network(address: str) -> str:
    """An address; of IPv6 the first 64 bits, within which one person has as many as they like (RFC 6177)."""
    try:
        found = ipaddress.ip_address(address)
    except ValueError:  # a name, or what a proxy writes otherwise
        return address
    if found.version == 4:
        return address
    return str(found.ipv4_mapped or ipaddress.ip_network((found, 64), strict=False).network_address)
