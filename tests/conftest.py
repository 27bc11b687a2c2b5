"""What the tests share: no network, no settings of the machine, a few built-in models."""

import os

import pytest
from hypothesis import HealthCheck, settings

# Before huggingface_hub is imported: a test that asks the Hub by mistake fails at once.
os.environ["HF_ENDPOINT"] = "http://127.0.0.1:9"
os.environ["GRADIO_ANALYTICS_ENABLED"] = "0"
# Before torch is imported. Several processes go on side by side here, and threads of one that wait for each other spin.
os.environ["OMP_NUM_THREADS"] = "1"
for name in [
    name for name in os.environ if name.startswith(("MLM_DEMO_", "GRADIO_SERVER_", "GRADIO_TEMP_", "SPACE_"))
]:
    if name != "MLM_DEMO_KILLS":  # how long the loops of test_faults_*.py are
        del os.environ[name]

# Examples of each property: always the same few, or with HYPOTHESIS_PROFILE=nightly new ones, 100,000 in all and more.
# `tmp_path` is shared by the examples of a property, each of which writes its files anew.
ANEW = {"deadline": None, "database": None, "suppress_health_check": list(HealthCheck)}
settings.register_profile("quick", max_examples=25, derandomize=True, **ANEW)
settings.register_profile("nightly", max_examples=10_000, print_blob=True, **ANEW)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "quick"))
pytest_plugins = [
    "tests.support.runs",
    "tests.support.faults",
    "tests.support.hub_fixtures",
]  # the fixtures of runs and of the Hub


def pytest_make_parametrize_id(val, argname):
    """Bytes go by the name of their argument: an archive holds when it was made, by each test process anew."""
    return argname if isinstance(val, bytes) else None


@pytest.fixture(scope="session", autouse=True)
def _empty_hub_cache(tmp_path_factory):
    """Nothing counts as downloaded unless a test downloads it."""
    from huggingface_hub import constants

    constants.HF_HUB_CACHE = str(tmp_path_factory.mktemp("hub"))


@pytest.fixture(scope="session", autouse=True)
def _runs_have_a_share():
    """Runs and readings are worked on beside the tests and not only after them."""
    with pytest.MonkeyPatch.context() as patch:
        for module in ("queue", "service"):
            patch.setattr(f"mlm_demo.runs.{module}.lower_priority", lambda pid, **_: None)
        yield


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


@pytest.fixture
def read(tmp_path):
    """A function that writes bytes or text under a name and reads it: what came of it, and the notes."""
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
    """A function that does the same and expects to be told why it cannot be."""
    from mlm_demo.errors import CorpusError

    def refused(name, data, message, **options):
        with pytest.raises(CorpusError, match=message) as told:
            read(name, data, **options)
        assert "\n" not in str(told.value)
        assert "upload-" not in str(told.value)

    return refused
