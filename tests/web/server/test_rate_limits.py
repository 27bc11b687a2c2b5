import threading
from types import SimpleNamespace

import pytest

from mlm_demo.errors import LimitError
from mlm_demo.settings import Settings
from mlm_demo.web.server.rate_limits import MAX_BUCKETS, RateLimits, TokenBuckets, address_of


def request(session="s1", host="192.0.2.1", **headers):
    return SimpleNamespace(session_hash=session, client=SimpleNamespace(host=host), headers=headers)


@pytest.fixture
def limits(tmp_path):
    return RateLimits(
        Settings(
            data=str(tmp_path),
            requests_a_minute=3,
            requests_a_minute_address=5,
            requests_a_minute_total=8,
        )
    )


def test_a_session_an_address_and_everyone_together_each_have_a_limit(limits):
    for _ in range(3):
        limits.admit(request())
    with pytest.raises(LimitError, match=r"^You ask more often .* \(limit: 3 per minute\); wait 20 seconds"):
        limits.admit(request())
    limits.admit(request("s2"))
    limits.admit(request("s2"))
    with pytest.raises(LimitError, match=r"^Your address asks"):
        limits.admit(request("s2"))
    for number in range(3):
        limits.admit(request(host=f"192.0.2.{number + 10}"))
    with pytest.raises(LimitError, match=r"^Many people ask"):
        limits.admit(request(host="192.0.2.99"))


def test_a_request_of_several_questions_counts_as_several(limits):
    limits.admit(request(), questions=2)
    with pytest.raises(LimitError, match=r"^You ask more often"):
        limits.admit(request(), questions=2)
    limits.admit(request())


def test_calls_from_within_are_not_counted(limits):
    for _ in range(20):
        limits.admit(None)


def test_the_address_hash_survives_a_restart_and_hides_the_address(limits, tmp_path):
    again = RateLimits(Settings(data=str(tmp_path)))
    assert limits.address(request()) == again.address(request())
    assert limits.address(request()) != limits.address(request(host="192.0.2.2"))
    assert "192" not in limits.address(request())[:3]


@pytest.mark.parametrize(
    ("forwarded", "proxies", "found"),
    [
        ("", 0, "192.0.2.1"),
        ("203.0.113.9", 0, "192.0.2.1"),  # the client wrote it: no proxy of ours is in front
        ("203.0.113.9", 1, "203.0.113.9"),
        ("198.51.100.7, 203.0.113.9", 1, "203.0.113.9"),  # the client wrote the first
        ("198.51.100.7, 203.0.113.9", 2, "198.51.100.7"),
        ("203.0.113.9", 2, "192.0.2.1"),
        ("", 1, "192.0.2.1"),
        ("2001:db8:1:2:3:4:5:6", 1, "2001:db8:1:2::"),  # one of one person's 2^64
        ("2001:db8:1:2:ffff::", 1, "2001:db8:1:2::"),
        ("::ffff:203.0.113.9", 1, "203.0.113.9"),
        ("unknown", 1, "unknown"),
    ],
)
def test_the_address_is_what_our_own_proxy_saw(forwarded, proxies, found):
    assert address_of(forwarded, "192.0.2.1", proxies) == found


class Clock:
    now = 1000.0

    def __call__(self):
        return self.now


def test_one_minutes_requests_pass_at_once_and_the_next_waits():
    clock = Clock()
    buckets = TokenBuckets(60, clock)
    assert [buckets.take("anna") for _ in range(60)] == [0.0] * 60
    assert buckets.take("anna") == pytest.approx(1.0)
    clock.now += 0.5
    assert buckets.take("anna") == pytest.approx(0.5)
    clock.now += 0.5
    assert buckets.take("anna") == 0.0
    assert buckets.take("anna") > 0


def test_a_bucket_holds_one_minutes_requests_at_most():
    clock = Clock()
    buckets = TokenBuckets(3, clock)
    clock.now += 1e6
    assert [buckets.take("anna") > 0 for _ in range(5)] == [False, False, False, True, True]


def test_a_larger_request_takes_more_tokens():
    clock = Clock()
    buckets = TokenBuckets(100, clock)
    assert buckets.take("anna", 70) == 0
    assert buckets.take("anna", 50) == pytest.approx(12)
    assert buckets.take("anna", 30) == 0


def test_every_key_has_its_own_bucket():
    buckets = TokenBuckets(1, Clock())
    assert buckets.take("anna") == 0.0
    assert buckets.take("anna") > 0
    assert buckets.take("berta") == 0.0


def test_a_flood_of_keys_takes_bounded_memory():
    buckets = TokenBuckets(1, Clock())
    for number in range(MAX_BUCKETS + 500):
        buckets.take(str(number))
    assert len(buckets._buckets) == MAX_BUCKETS
    assert buckets.take(str(MAX_BUCKETS + 499)) > 0, "the latest are kept"


def test_many_threads_get_no_more_than_one_bucket_holds():
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
