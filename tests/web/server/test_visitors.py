from types import SimpleNamespace

import pytest

from mlm_demo.errors import LimitError
from mlm_demo.settings import Settings
from mlm_demo.web.server.visitors import RateLimits, address_of


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


def test_a_session_an_address_and_all_together_have_a_limit_each(limits):
    for _ in range(3):
        limits.admit(request())
    with pytest.raises(LimitError, match=r"^You ask more often .* \(3 times a minute\); wait 20 seconds"):
        limits.admit(request())
    limits.admit(request("s2"))
    limits.admit(request("s2"))
    with pytest.raises(LimitError, match=r"^Your address asks"):
        limits.admit(request("s2"))
    for number in range(3):
        limits.admit(request(host=f"192.0.2.{number + 10}"))
    with pytest.raises(LimitError, match=r"^Many people ask"):
        limits.admit(request(host="192.0.2.99"))


def test_what_the_page_asks_itself_is_not_counted(limits):
    for _ in range(20):
        limits.admit(None)


def test_the_hash_of_an_address_is_the_same_after_a_restart_and_does_not_hold_it(limits, tmp_path):
    again = RateLimits(Settings(data=str(tmp_path)))
    assert limits.address(request()) == again.address(request())
    assert limits.address(request()) != limits.address(request(host="192.0.2.2"))
    assert "192" not in limits.address(request())[:3]


@pytest.mark.parametrize(
    ("forwarded", "proxies", "found"),
    [
        ("", 0, "192.0.2.1"),
        ("203.0.113.9", 0, "192.0.2.1"),  # written by the asker: nothing is in front of us
        ("203.0.113.9", 1, "203.0.113.9"),
        ("198.51.100.7, 203.0.113.9", 1, "203.0.113.9"),  # the first was written by the asker
        ("198.51.100.7, 203.0.113.9", 2, "198.51.100.7"),
        ("203.0.113.9", 2, "192.0.2.1"),
        ("", 1, "192.0.2.1"),
        ("2001:db8:1:2:3:4:5:6", 1, "2001:db8:1:2::"),  # one of a person's 2^64
        ("2001:db8:1:2:ffff::", 1, "2001:db8:1:2::"),
        ("::ffff:203.0.113.9", 1, "203.0.113.9"),
        ("unknown", 1, "unknown"),
    ],
)
def test_an_address_is_what_our_own_proxy_saw(forwarded, proxies, found):
    assert address_of(forwarded, "192.0.2.1", proxies) == found
