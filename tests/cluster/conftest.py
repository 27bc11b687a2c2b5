"""The cluster of the tests in this folder."""

import pytest

from mlm_demo.runs.tasks.adapt import AdaptRequest
from mlm_demo.training.config import AdaptConfig
from tests.support.ray_nodes import RayNodes
from tests.support.runs import corpus_text


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
    corpus = tmp_path / "bees.txt"
    corpus.write_text(corpus_text())

    def begin(service, steps=24):
        config = AdaptConfig(max_steps=steps, batch_size=4, block_size=32, learning_rate=1e-3)
        draft = service.staging.add([corpus])
        return service.start(draft, AdaptRequest(config, tiny), f"person {len(service.runs.all())}")

    return begin
