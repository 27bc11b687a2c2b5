"""Requests that come at the same time share one pass through a model.

Nobody waits for company: a request that finds the model free goes at once, and those that come while it is busy go
together as soon as it is free. So a single person loses nothing, and thirty share the reading of the weights.
"""

import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

Item, Result = TypeVar("Item"), TypeVar("Result")


@dataclass(eq=False)
class _Request(Generic[Item, Result]):
    item: Item
    result: Result | None = None
    error: BaseException | None = None
    done: bool = False


class DynamicBatcher(Generic[Item, Result]):
    """Calls `run` with a list of items, and gives each caller the result of its own.

    run: items → results in the same order; never called by two threads at once. most: from items in the order they
    came to the number of those that go together, at least 1.
    """

    def __init__(
        self, run: Callable[[Sequence[Item]], Sequence[Result]], most: Callable[[Sequence[Item]], int]
    ):
        self.run, self.most = run, most
        self._waiting: list[_Request] = []
        self._queue, self._busy = threading.Lock(), threading.Lock()

    def __call__(self, item: Item) -> Result:
        """The result for an item; raises what `run` raises for it."""
        request = _Request(item)
        with self._queue:
            self._waiting.append(request)
        while not request.done:
            with self._busy:
                if not request.done:  # whoever gets here first works for all who wait
                    self._work()
        if request.error:
            raise request.error
        return request.result

    def _work(self) -> None:
        with self._queue:
            count = self.most([request.item for request in self._waiting])
            requests, self._waiting = self._waiting[:count], self._waiting[count:]
        self._answer(requests)

    def _answer(self, requests: list[_Request]) -> None:
        try:
            results = self.run([request.item for request in requests])
            for request, result in zip(requests, results, strict=True):
                request.result = result
        except Exception as error:
            if len(requests) > 1:  # it may be the fault of one: each on its own
                for request in requests:
                    self._answer([request])
            else:
                requests[0].error = error
        finally:
            for request in requests:
                request.done = True
