"""Dynamic batching: requests that wait at the same time share one forward pass.

A request that finds the model idle runs immediately. Requests that arrive while the model is busy run together as soon
as it is free. So a single user loses no time, and thirty users share the reading of the weights.
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
    """Run items of several threads together and return its own result to each thread.

    run: maps items to results in the same order; two threads never call it at once. count_that_fit: maps the waiting
    items, in order of arrival, to the number that may run together, at least 1.
    """

    def __init__(
        self,
        run: Callable[[Sequence[Item]], Sequence[Result]],
        count_that_fit: Callable[[Sequence[Item]], int],
    ):
        self.run, self.count_that_fit = run, count_that_fit
        self._waiting: list[_Request] = []
        self._queue_lock, self._run_lock = threading.Lock(), threading.Lock()

    def __call__(self, item: Item) -> Result:
        """Return the result of an item; raises what `run` raises for it."""
        request = _Request(item)
        with self._queue_lock:
            self._waiting.append(request)
        while not request.done:
            with self._run_lock:
                if not request.done:  # the first thread here runs the requests of all that wait
                    self._run_waiting()
        if request.error:
            raise request.error
        return request.result

    def _run_waiting(self) -> None:
        with self._queue_lock:
            count = self.count_that_fit([request.item for request in self._waiting])
            requests, self._waiting = self._waiting[:count], self._waiting[count:]
        self._run(requests)

    def _run(self, requests: list[_Request]) -> None:
        try:
            results = self.run([request.item for request in requests])
            for request, result in zip(requests, results, strict=True):
                request.result = result
        except Exception as error:
            if len(requests) > 1:  # one item may be at fault: run each by itself
                for request in requests:
                    self._run([request])
            else:
                requests[0].error = error
        finally:
            for request in requests:
                request.done = True
