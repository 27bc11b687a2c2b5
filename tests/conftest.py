"""Fixtures of all tests: no network, no settings of the machine, children that start fast, the built-in models."""

import os
import shutil

import pytest
from hypothesis import HealthCheck, settings

from mlm_demo.web.server.quick_start import without_garbage_collection, without_stubs
from tests.support.memory_folder import use_memory

# Before huggingface_hub is imported: a test that asks the Hub by mistake fails at once.
os.environ["HF_ENDPOINT"] = "http://127.0.0.1:9"
os.environ["GRADIO_ANALYTICS_ENABLED"] = "0"
# Before torch is imported. Several processes run side by side here, and threads that wait for each other spin.
os.environ["OMP_NUM_THREADS"] = "1"
for name in [
    name for name in os.environ if name.startswith(("MLM_DEMO_", "GRADIO_SERVER_", "GRADIO_TEMP_", "SPACE_"))
]:
    if name != "MLM_DEMO_KILLS":  # how often the tests in tests/faults kill
        del os.environ[name]

# The examples of a property are a few, always the same; with HYPOTHESIS_PROFILE=nightly they are many, and new ones.
# They share `tmp_path`; each example writes its files again.
ANEW = {"deadline": None, "database": None, "suppress_health_check": list(HealthCheck)}
settings.register_profile("quick", max_examples=25, derandomize=True, **ANEW)
settings.register_profile("nightly", max_examples=10_000, print_blob=True, **ANEW)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "quick"))
pytest_plugins = [
    "tests.support.runs",
    "tests.support.faults",
    "tests.support.hub_fixtures",
    "tests.support.ray_stand_in",
    "tests.support.task_models",
]


FORK_SERVER = "TESTS_FORK_SERVER"  # its address, for the processes of pytest-xdist


def pytest_configure(config):
    """Put the tests' files into memory, and start one fork server for all processes while they collect the tests."""
    if hasattr(config, "workerinput"):
        return
    if folder := use_memory():
        config.add_cleanup(lambda: shutil.rmtree(folder, ignore_errors=True))
    if getattr(config.option, "numprocesses", None):
        from tests.support.fork_server import ForkServer

        server = ForkServer()
        os.environ[FORK_SERVER] = server.start()
        config.add_cleanup(server.close)


@pytest.hookimpl(wrapper=True)
def pytest_collection():
    """Import Gradio as the page does, and never look for garbage among the million objects that the tests import.

    A training collects garbage at its start and its end, which would take half a second each time.
    """
    with without_garbage_collection():
        with without_stubs():
            import gradio  # noqa: F401
        return (yield)


def pytest_make_parametrize_id(val, argname):
    """Name bytes by their argument: archives hold the time they were made at, which differs between processes."""
    return argname if isinstance(val, bytes) else None


@pytest.fixture(scope="session", autouse=True)
def _empty_hub_cache(tmp_path_factory):
    """Start with an empty cache of the Hub."""
    from huggingface_hub import constants

    constants.HF_HUB_CACHE = str(tmp_path_factory.mktemp("hub"))


@pytest.fixture(scope="session", autouse=True)
def fork_server():
    """Fork workers and readers from a process that has torch imported, unless a test hands in another launcher."""
    from mlm_demo.runs import child_process
    from tests.support.fork_server import ForkServer

    server = ForkServer(os.environ.get(FORK_SERVER, ""))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(child_process, "launch", server.launch)
        yield server
    server.close()


@pytest.fixture(scope="session")
def general():
    from mlm_demo.models.catalogue import Catalogue
    from mlm_demo.models.loader import load

    return load(Catalogue().find("general"), device="cpu")


@pytest.fixture(scope="session")
def biomedical():
    from mlm_demo.models.catalogue import Catalogue
    from mlm_demo.models.loader import load

    return load(Catalogue().find("biomedical"), device="cpu")


@pytest.fixture(scope="session")
def engine():
    """An engine with the built-in models, each loaded once for all tests that only ask it."""
    from mlm_demo.inference.engine import Engine
    from mlm_demo.settings import Settings

    return Engine(Settings(device="cpu"))


@pytest.fixture
def read(tmp_path):
    """A function that writes a file and reads it; returns what was read, and the notes."""
    from mlm_demo.corpus.formats import ReadLimits, read_documents

    def read(name, data, **options):
        path = tmp_path / "upload-1f3c"
        path.write_bytes(data.encode() if isinstance(data, str) else data)
        notes = []
        limits = ReadLimits(**{k: options.pop(k) for k in list(options) if k.startswith("max_")})
        return list(read_documents(path, name=name, limits=limits, notes=notes, **options)), notes

    return read


@pytest.fixture
def refused(read):
    """A function that writes a file and expects its reading to be refused with a message."""
    from mlm_demo.errors import CorpusError

    def refused(name, data, message, **options):
        with pytest.raises(CorpusError, match=message) as raised:
            read(name, data, **options)
        assert "\n" not in str(raised.value)
        assert "upload-" not in str(raised.value)

    return refused
