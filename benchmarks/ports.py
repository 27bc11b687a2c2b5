"""Ports for the pages under test, and waiting until they are served."""

import socket
import time

import httpx


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def until_served(address: str) -> None:
    """Wait until an address answers."""
    while True:
        try:
            httpx.get(address, timeout=60).raise_for_status()
            return
        except httpx.HTTPError:
            time.sleep(0.02)
