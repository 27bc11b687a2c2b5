"""Ctrl-C during long work: the first asks it to stop, the second ends the program."""

import signal
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

TRAINING = "Stopping after this step; progress is kept."


@contextmanager
def stopped_by_signal(
    note: str = TRAINING, signals: Sequence[int] = (signal.SIGINT, signal.SIGTERM)
) -> Iterator[list[int]]:
    """Yield a list that receives the first of the signals within this context; a second one raises KeyboardInterrupt.

    note: printed at the first one, if it is not empty.
    """
    received: list[int] = []

    def receive(number: int, _frame) -> None:
        if received:
            raise KeyboardInterrupt
        received.append(number)
        if note:
            print(f"\n{note}", file=sys.stderr, flush=True)

    before = {number: signal.signal(number, receive) for number in signals}
    try:
        yield received
    finally:
        for number, handler in before.items():
            signal.signal(number, signal.SIG_DFL if handler is None else handler)
