"""Where the pages that are measured are served."""

import socket
import time

import httpx


def free_port() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return found.getsockname()[1]


def until_served(address: str) -> None:
    """Ask an address until it answers."""
    while True:
        try:
            httpx.get(address, timeout=60).raise_for_status()
            return
        except httpx.HTTPError:
            time.sleep(0.02)
