"""The cluster of the tests in this folder."""

import pytest

from tests.support.cluster_runs import starter
from tests.support.ray_nodes import RayNodes


@pytest.fixture(scope="module")
def ray_nodes():
    """A cluster with two nodes that may train, without GPUs."""
    cluster = RayNodes()
    try:
        cluster.add()
        cluster.add()
        yield cluster
    finally:
        cluster.close()


@pytest.fixture
def begin(tiny, tmp_path):
    """A function that puts a run into the queue of a service."""
    return starter(tiny, tmp_path)
