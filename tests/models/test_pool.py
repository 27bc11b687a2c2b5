import gc
import os
import threading
import time
import weakref

import pytest
import torch

from mlm_demo.errors import ModelError, ParameterError
from mlm_demo.models import catalogue
from mlm_demo.models.catalogue import Catalogue, ModelRef
from mlm_demo.models.pool import PLAIN, ModelCache, ModelPool
from mlm_demo.settings import Settings
from tests.support.tiny_models import save_tiny

needs_int8 = pytest.mark.skipif(
    "fbgemm" not in torch.backends.quantized.supported_engines, reason="no 8-bit products on this CPU"
)


def ignore(share, what):
    """Ignore progress reports."""


@pytest.fixture
def pool():
    return ModelPool(Settings(device="cpu", models_in_memory=2))


@pytest.fixture
def tiny(tmp_path, monkeypatch):
    """Three tiny models in place of the built-in ones."""
    monkeypatch.setattr(catalogue, "BUILT_IN_FOLDER", tmp_path)
    for seed in range(3):
        save_tiny(tmp_path / str(seed), seed=seed)
    return [ModelRef(str(seed), "built in", f"Tiny {seed}") for seed in range(3)]


def test_a_model_is_loaded_once_and_the_last_few_are_kept(pool, tiny):
    assert pool.names() == []
    first = pool.get(tiny[0], "exact", ignore)
    assert pool.get(tiny[0], "exact", ignore) is first
    assert pool.holds(tiny[0], "exact")
    assert not pool.holds(tiny[1], "exact")
    for ref in tiny:
        pool.get(ref, "exact", ignore)
    assert pool.names() == ["1", "2"]
    assert pool.get(tiny[0], "exact", ignore) is not first


@needs_int8
def test_each_precision_is_a_separate_model(pool, tiny):
    exact, int8 = (pool.get(tiny[0], precision, ignore) for precision in ("exact", "int8"))
    assert (exact.precision, int8.precision) == ("exact", "int8")
    assert pool.names() == ["0", "0"]


def test_a_plain_model_has_a_backward_pass_and_a_place_of_its_own(pool, tiny):
    exact, plain = (pool.get(tiny[0], precision, ignore) for precision in ("exact", PLAIN))
    assert pool.get(tiny[0], "exact", ignore) is exact
    assert plain.precision == "exact"
    linear = plain.model.cls.predictions.transform.dense
    assert type(linear) is torch.nn.Linear
    assert linear(torch.ones(16, requires_grad=True)).requires_grad


def test_other_architectures_are_loaded_by_transformers(pool, tmp_path):
    progress = []
    folder = Catalogue().find(str(save_tiny(tmp_path / "roberta", "RoBERTa")))
    mlm = pool.get(folder, "exact", lambda share, what: progress.append(what))
    assert mlm.describe()["architecture"] == "RobertaForMaskedLM"
    assert progress[0] == "Starting torch"
    assert progress[-1].startswith("Loading ")


def test_a_broken_model_is_an_error_until_its_file_is_repaired(pool, tiny):
    file = tiny[0].folder / "model.safetensors"
    whole = file.read_bytes()
    os.truncate(file, 100)
    with pytest.raises(ModelError, match="cannot be loaded, the file may be broken"):
        pool.get(tiny[0], "exact", ignore)
    file.write_bytes(whole)
    assert pool.get(tiny[0], "exact", ignore).vocab_size > 100


@pytest.mark.parametrize("supported", [True, False])
def test_auto_is_int8_where_it_is_supported(pool, supported, monkeypatch):
    monkeypatch.setattr("mlm_demo.models.cpu.optimize.takes_int8", lambda device: supported)
    assert pool.precision("auto", plain=True) == ("int8" if supported else "exact")
    assert pool.precision("auto", plain=False) == "exact"
    assert pool.precision("exact", plain=True) == "exact"


def test_an_unknown_or_unsupported_precision_is_an_error(pool, monkeypatch):
    with pytest.raises(ParameterError, match="The precision is 'int4'; choose one of auto, exact, int8"):
        pool.precision("int4", plain=True)
    monkeypatch.setattr("mlm_demo.models.cpu.optimize.takes_int8", lambda device: False)
    with pytest.raises(ParameterError, match="needs an x86 CPU and no GPU; choose auto or exact"):
        pool.precision("int8", plain=True)


def test_the_cache_evicts_the_least_recently_used():
    cache = ModelCache(2)
    for name in ("a", "b", "a", "c"):
        cache.get(name, lambda name=name: f"model {name}")
    assert cache.in_memory() == ["a", "c"]


def test_threads_that_ask_for_the_same_model_wait_for_one_load():
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


def test_a_failed_load_is_tried_again_and_evicts_nothing():
    cache = ModelCache(1)
    cache.get("a", lambda: "a")

    def fail():
        raise ModelError("no")

    with pytest.raises(ModelError):
        cache.get("b", fail)
    assert cache.in_memory() == ["a"]
    assert cache.get("b", lambda: "b") == "b"


@pytest.mark.parametrize("precision", ["exact", PLAIN, pytest.param("int8", marks=needs_int8)])
def test_an_evicted_model_is_freed_at_once(tiny, precision):
    pool = ModelPool(Settings(device="cpu", models_in_memory=1))
    gc.disable()
    try:
        model = weakref.ref(pool.get(tiny[0], precision, ignore))
        assert model() is not None
        pool.get(tiny[1], precision, ignore)
        assert model() is None
    finally:
        gc.enable()


def test_a_folder_that_was_trained_again_is_loaded_again(pool, tmp_path):
    name = str(save_tiny(tmp_path / "mine"))
    first = pool.get(Catalogue().find(name), "exact", ignore)
    assert pool.get(Catalogue().find(name), "exact", ignore) is first
    save_tiny(tmp_path / "mine", seed=1)
    os.utime(tmp_path / "mine" / "model.safetensors", ns=(1, 1))
    second = pool.get(Catalogue().find(name), "exact", ignore)
    assert second.revision != first.revision
