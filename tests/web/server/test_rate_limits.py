import threading

import pytest

from mlm_demo.web.server.rate_limits import MOST_KEYS, TokenBuckets


class Clock:
    now = 1000.0

    def __call__(self):
        return self.now


def test_a_minutes_requests_pass_at_once_and_the_next_waits():
    clock = Clock()
    buckets = TokenBuckets(60, clock)
    assert [buckets.take("anna") for _ in range(60)] == [0.0] * 60
    assert buckets.take("anna") == pytest.approx(1.0)
    clock.now += 0.5
    assert buckets.take("anna") == pytest.approx(0.5)
    clock.now += 0.5
    assert buckets.take("anna") == 0.0
    assert buckets.take("anna") > 0


def test_a_bucket_never_holds_more_than_a_minutes_requests():
    clock = Clock()
    buckets = TokenBuckets(3, clock)
    clock.now += 1e6
    assert [buckets.take("anna") > 0 for _ in range(5)] == [False, False, False, True, True]


def test_a_larger_request_takes_more():
    clock = Clock()
    buckets = TokenBuckets(100, clock)
    assert buckets.take("anna", 70) == 0
    assert buckets.take("anna", 50) == pytest.approx(12)
    assert buckets.take("anna", 30) == 0


def test_everybody_has_a_bucket_of_their_own():
    buckets = TokenBuckets(1, Clock())
    assert buckets.take("anna") == 0.0
    assert buckets.take("anna") > 0
    assert buckets.take("berta") == 0.0


def test_a_flood_of_keys_takes_no_memory():
    buckets = TokenBuckets(1, Clock())
    for number in range(MOST_KEYS + 500):
        buckets.take(str(number))
    assert len(buckets._buckets) == MOST_KEYS
    assert buckets.take(str(MOST_KEYS + 499)) > 0, "the latest are kept"


def test_many_threads_get_no_more_than_there_is():
    buckets, admitted = TokenBuckets(100, Clock()), []

    def ask():
        for _ in range(50):
            admitted.append(buckets.take("all") == 0)

    threads = [threading.Thread(target=ask) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sum(admitted) == 100
