import pytest

from mlm_demo.corpus.documents import ReadLimits


@pytest.fixture
def write(tmp_path):
    """A function that writes a file and returns its path."""

    def write(name, data):
        path = tmp_path / name
        path.write_bytes(data if isinstance(data, bytes) else data.encode())
        return path

    return write


@pytest.fixture
def limits():
    return ReadLimits()
