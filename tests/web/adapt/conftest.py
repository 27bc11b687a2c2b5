"""A page with the Adapt tab, and a run that waits."""

import os

import pytest

from mlm_demo.system import locks
from tests.support.adapt_tab import build


@pytest.fixture
def page(service):
    service.queue.starts = False
    return build(service)


@pytest.fixture
def tab(page):
    return page.tab


@pytest.fixture
def run(service, draft, choices):
    """A run of mine that waits."""
    service.queue.starts = False
    return service.start(draft(), choices(5_000), "me")


@pytest.fixture
def begin(service):
    """A function that makes this process a run's worker until the teardown of `service`."""
    held = []

    def begin(run):
        held.append(locks.take(run.lock))
        run.mark_started(os.getpid())

    yield begin
    for lock in held:
        os.close(lock)
