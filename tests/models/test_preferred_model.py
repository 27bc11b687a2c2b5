import threading

import pytest

from mlm_demo.errors import HubError, ModelError
from mlm_demo.models import hub
from mlm_demo.models.catalogue import BASE, PREFERRED, Catalogue, default_model
from mlm_demo.models.hub import DownloadPolicy
from mlm_demo.models.preferred_model import SECONDS_REMEMBERED, Download, PreferredModel
from tests.support.runs import until

POLICY = DownloadPolicy(timeout=3)
OFFERED = Download("offered", 331_000_000)


class Clock:
    now = 1000.0

    def __call__(self):
        return self.now


@pytest.fixture
def asked(monkeypatch):
    """The models whose size the Hub was asked for; it answers 331 MB."""
    names = []
    monkeypatch.setattr(hub, "size_of_weights", lambda name, policy: names.append(name) or OFFERED.size)
    return names


@pytest.fixture
def hub_folder(tmp_path, monkeypatch):
    """An empty cache of the Hub."""
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_CACHE", str(tmp_path))
    return tmp_path


def put_into_cache(folder, weights="model.safetensors"):
    snapshot = folder / f"models--{PREFERRED.name.replace('/', '--')}" / "snapshots" / "abc"
    snapshot.mkdir(parents=True)
    for name in ("config.json", "vocab.json", weights):
        (snapshot / name).write_text("{}")
    refs = snapshot.parent.parent / "refs"
    refs.mkdir()
    (refs / "main").write_text("abc")


def forbid_loading(on_progress):
    raise AssertionError("nothing is to be loaded")


def ask(model):
    """Have the Hub asked and wait for its answer."""
    model.ask_hub()
    until(lambda: not model._asking, 10)


def ended(model):
    until(lambda: model.download().stage != "running", 10, lambda: str(model.download()))
    return model.download()


def test_the_default_is_the_preferred_model_once_it_is_here_and_allowed(hub_folder):
    assert default_model(POLICY) == BASE
    put_into_cache(hub_folder)
    assert default_model(POLICY) == PREFERRED
    assert default_model(DownloadPolicy(owners=("anna",))) == BASE
    assert Catalogue().find_or_base("") == BASE, "training does not depend on the cache"


def test_a_preferred_model_that_may_not_be_loaded_is_no_default_and_not_offered(hub_folder, asked):
    put_into_cache(hub_folder, "pytorch_model.bin")
    assert default_model(POLICY) == BASE
    assert default_model(DownloadPolicy(pickle=True)) == PREFERRED
    model = PreferredModel(POLICY, forbid_loading)
    ask(model)
    assert model.download().stage == "unknown"
    assert asked == []


def test_the_hub_is_asked_once_in_some_minutes(hub_folder, asked):
    clock = Clock()
    model = PreferredModel(POLICY, forbid_loading, clock)
    assert model.download() == Download("unknown")
    assert asked == []
    for _ in range(3):
        ask(model)
        assert model.download() == OFFERED
    clock.now += SECONDS_REMEMBERED
    ask(model)
    assert asked == [PREFERRED.name] * 2


def test_a_hub_that_cannot_be_reached_is_remembered_too(hub_folder, monkeypatch):
    asked, clock = [], Clock()

    def unreachable(name, policy):
        asked.append(name)
        raise HubError("The Hub cannot be reached.")

    monkeypatch.setattr(hub, "size_of_weights", unreachable)
    model = PreferredModel(POLICY, forbid_loading, clock)
    for _ in range(3):
        ask(model)
        assert model.download() == Download("unknown")
    assert len(asked) == 1
    monkeypatch.setattr(hub, "size_of_weights", lambda name, policy: OFFERED.size)
    clock.now += SECONDS_REMEMBERED
    ask(model)
    assert model.download() == OFFERED


def test_nobody_waits_for_the_hub(hub_folder, monkeypatch):
    asked, may_answer = [], threading.Event()

    def slow(name, policy):
        asked.append(name)
        assert may_answer.wait(10)
        return OFFERED.size

    monkeypatch.setattr(hub, "size_of_weights", slow)
    model = PreferredModel(POLICY, forbid_loading)
    for _ in range(3):
        model.ask_hub()
        assert model.download() == Download("asking")
    may_answer.set()
    until(lambda: model.download() == OFFERED, 10)
    assert len(asked) == 1


def test_a_forbidden_model_is_neither_asked_for_nor_downloaded(hub_folder, asked):
    model = PreferredModel(DownloadPolicy(owners=("anna",)), forbid_loading)
    ask(model)
    assert (model.download(), asked) == (Download("unknown"), [])
    with pytest.raises(ModelError, match="This page loads only models of anna"):
        model.start()
    assert model.download() == Download("unknown")


def test_one_download_for_all_who_start_it(hub_folder, asked):
    started, may_end = [], threading.Event()

    def load(on_progress):
        started.append(1)
        on_progress(0.25, "Downloading DistilRoBERTa: 83 of 331 MB")
        assert may_end.wait(10)
        put_into_cache(hub_folder)

    model = PreferredModel(POLICY, load)
    ask(model)
    threads = [threading.Thread(target=model.start) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    going_on = Download("running", OFFERED.size, 0.25, "Downloading DistilRoBERTa: 83 of 331 MB")
    until(lambda: model.download() == going_on, 10)
    may_end.set()
    assert ended(model) == Download("here", OFFERED.size)
    model.start()
    assert model.download().stage == "here"
    assert started == [1]


@pytest.mark.parametrize(
    ("error", "text"),
    [
        (
            HubError("The Hub cannot be reached; check the network."),
            "The Hub cannot be reached; check the network.",
        ),
        (MemoryError("9 GB"), "DistilRoBERTa could not be loaded (MemoryError); try again later."),
    ],
)
@pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")
def test_a_failed_download_says_why_and_can_be_tried_again(hub_folder, asked, error, text):
    errors, clock = [error], Clock()

    def load(on_progress):
        if errors:
            raise errors.pop()
        put_into_cache(hub_folder)

    model = PreferredModel(POLICY, load, clock)
    ask(model)
    model.start()
    assert ended(model) == Download("failed", OFFERED.size, text=text)
    model.start()
    assert ended(model).stage == "here"


def test_a_failure_is_forgotten_when_the_hub_is_asked_again(hub_folder, asked):
    clock = Clock()

    def load(on_progress):
        raise HubError("broken off")

    model = PreferredModel(POLICY, load, clock)
    ask(model)
    model.start()
    assert ended(model).stage == "failed"
    clock.now += SECONDS_REMEMBERED
    ask(model)
    assert model.download() == OFFERED
