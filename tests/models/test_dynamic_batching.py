import threading
import time

import pytest

from mlm_demo.models.dynamic_batching import DynamicBatcher


def all_at_once(together, items):
    """What each of several threads gets, by item: a result or an error."""
    got = {}

    def ask(item):
        try:
            got[item] = together(item)
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


def test_each_gets_its_own_and_those_who_wait_go_together():
    calls = []
    together = DynamicBatcher(slow_double(calls), most=len)
    assert all_at_once(together, range(20)) == {n: 2 * n for n in range(20)}
    assert sum(len(call) for call in calls) == 20
    assert len(calls) <= 4, "the first goes alone, the rest while it is on the way"


def test_one_who_is_alone_goes_at_once():
    calls = []
    together = DynamicBatcher(slow_double(calls), most=len)
    assert [together(n) for n in (1, 2)] == [2, 4]
    assert calls == [[1], [2]]


def test_no_more_go_together_than_may():
    calls = []
    together = DynamicBatcher(slow_double(calls), most=lambda items: min(len(items), 3))
    assert all_at_once(together, range(10)) == {n: 2 * n for n in range(10)}
    assert max(len(call) for call in calls) <= 3


def test_an_error_is_that_of_the_item_it_belongs_to_and_nobody_hangs():
    def run(items):
        time.sleep(0.02)
        if 3 in items:
            raise ValueError("three")
        return items

    together = DynamicBatcher(run, most=len)
    got = all_at_once(together, range(6))
    assert isinstance(got.pop(3), ValueError)
    assert got == {n: n for n in (0, 1, 2, 4, 5)}
    with pytest.raises(ValueError, match="three"):
        together(3)
    assert together(4) == 4
