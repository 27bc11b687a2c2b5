import threading
import time

import pytest

from mlm_demo.errors import ModelError
from mlm_demo.models.model_cache import ModelCache


def test_the_least_recently_used_leaves():
    cache = ModelCache(2)
    for name in ("a", "b", "a", "c"):
        cache.get(name, lambda name=name: f"model {name}")
    assert cache.in_memory() == ["a", "c"]


def test_people_who_ask_at_once_wait_for_one_load():
    cache, loads, got = ModelCache(2), [], []

    def load():
        loads.append(1)
        time.sleep(0.2)
        return "model"

    threads = [threading.Thread(target=lambda: got.append(cache.get("a", load))) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert (len(loads), got) == (1, ["model"] * 8)


def test_another_model_does_not_wait():
    cache, release = ModelCache(2), threading.Event()
    waiting = threading.Thread(target=lambda: cache.get("slow", lambda: release.wait(10) and "slow"))
    waiting.start()
    assert cache.get("quick", lambda: "quick") == "quick"
    release.set()
    waiting.join()
    assert sorted(cache.in_memory()) == ["quick", "slow"]


def test_a_load_that_fails_is_tried_again_and_leaves_the_others():
    cache = ModelCache(1)
    cache.get("a", lambda: "a")

    def fail():
        raise ModelError("no")

    with pytest.raises(ModelError):
        cache.get("b", fail)
    assert cache.in_memory() == ["a"]
    assert cache.get("b", lambda: "b") == "b"
