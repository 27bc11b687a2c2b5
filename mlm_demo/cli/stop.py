"""Ctrl-C during training: the first stops it with its progress kept, the second ends the program."""

import signal
import sys


def stop_on_signal() -> list[int]:
    """Return a list that receives the first Ctrl-C (or SIGTERM); a second one raises KeyboardInterrupt."""
    received: list[int] = []

    def receive(number: int, _frame) -> None:
        if received:
            raise KeyboardInterrupt
        received.append(number)
        print("\nStopping after this step; progress is kept.", file=sys.stderr, flush=True)

    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, receive)
    return received
