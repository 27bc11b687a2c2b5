import threading
import time

import pytest

from mlm_demo.models.dynamic_batching import DynamicBatcher


def call_in_threads(batcher, items):
    """Call the batcher with each item in its own thread; return the result or error of each."""
    got = {}

    def ask(item):
        try:
            got[item] = batcher(item)
        except ValueError as error:
            got[item] = error

    threads = [threading.Thread(target=ask, args=(item,)) for item in items]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=10)
    return got


def slow_double(calls):
    def double(items):
        calls.append(list(items))
        time.sleep(0.05)
        return [2 * item for item in items]

    return double


def test_waiting_items_run_together_and_each_gets_its_own_result():
    calls = []

    def double(items):
        calls.append(list(items))
        deadline = time.monotonic() + 10
        while len(calls) == 1 and len(items) + len(batcher._waiting) < 20 and time.monotonic() < deadline:
            time.sleep(0.001)  # the model is busy with the first until all others wait
        return [2 * item for item in items]

    batcher = DynamicBatcher(double, count_that_fit=len)
    assert call_in_threads(batcher, range(20)) == {n: 2 * n for n in range(20)}
    assert len(calls) == 2, "the first ran, and the others together after it"
    assert sorted(calls[0] + calls[1]) == list(range(20))


def test_a_single_caller_does_not_wait():
    calls = []
    batcher = DynamicBatcher(slow_double(calls), count_that_fit=len)
    assert [batcher(n) for n in (1, 2)] == [2, 4]
    assert calls == [[1], [2]]


def test_no_more_items_run_together_than_fit():
    calls = []
    batcher = DynamicBatcher(slow_double(calls), count_that_fit=lambda items: min(len(items), 3))
    assert call_in_threads(batcher, range(10)) == {n: 2 * n for n in range(10)}
    assert max(len(call) for call in calls) <= 3


def test_only_the_item_at_fault_gets_the_error():
    def run(items):
        time.sleep(0.02)
        if 3 in items:
            raise ValueError("three")
        return items

    batcher = DynamicBatcher(run, count_that_fit=len)
    got = call_in_threads(batcher, range(6))
    assert isinstance(got.pop(3), ValueError)
    assert got == {n: n for n in (0, 1, 2, 4, 5)}
    with pytest.raises(ValueError, match="three"):
        batcher(3)
    assert batcher(4) == 4
