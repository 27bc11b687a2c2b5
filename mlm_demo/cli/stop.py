"""Ctrl-C during long work: the first asks it to stop, the second ends the program."""

import signal
import sys
from collections.abc import Sequence

TRAINING = "Stopping after this step; progress is kept."


def stop_on_signal(
    note: str = TRAINING, signals: Sequence[int] = (signal.SIGINT, signal.SIGTERM)
) -> list[int]:
    """Return a list that receives the first of the signals; a second one raises KeyboardInterrupt.

    note: printed at the first one, if it is not empty.
    """
    received: list[int] = []

    def receive(number: int, _frame) -> None:
        if received:
            raise KeyboardInterrupt
        received.append(number)
        if note:
            print(f"\n{note}", file=sys.stderr, flush=True)

    for number in signals:
        signal.signal(number, receive)
    return received
