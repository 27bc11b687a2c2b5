import multiprocessing
import os
import subprocess
import sys
import threading

import pytest

from mlm_demo.settings import ROOT
from mlm_demo.system import locks
from tests.support.runs import until


@pytest.fixture
def file(tmp_path):
    return tmp_path / "lock"


@pytest.fixture
def sleeper():
    """A function that starts a child which does nothing, with some descriptors."""
    children = []

    def sleeper(*descriptors):
        children.append(subprocess.Popen([sys.executable, "-c", "input()"], stdin=-1, pass_fds=descriptors))
        return children[-1]

    yield sleeper
    for child in children:
        child.kill()
        child.wait()


def test_a_lock_is_held_until_it_is_closed(file, monkeypatch):
    monkeypatch.setattr(locks, "PROBE_SECONDS", 0.1)
    assert not locks.is_held(file), "there is no file yet"
    lock = locks.take(file)
    assert locks.is_held(file)
    assert locks.take(file) is None
    os.close(lock)
    assert not locks.is_held(file)


def test_a_child_that_inherits_a_lock_holds_it_until_it_ends_zombie_or_not(file, sleeper):
    lock = locks.take(file)
    child = sleeper(lock)
    os.close(lock)
    assert locks.is_held(file)
    child.kill()
    until(lambda: not locks.is_held(file))
    assert child.returncode is None, "nobody has waited for it"


def test_other_children_do_not_inherit_it(file, sleeper):
    lock = locks.take(file)
    sleeper()
    os.close(lock)
    assert not locks.is_held(file)


def test_an_adopted_lock_is_not_inherited_by_programs_but_by_forks(file, sleeper):
    lock = locks.take(file)
    os.set_inheritable(lock, True)
    assert locks.adopt(lock, file)
    subprocess.Popen([sys.executable, "-c", "input()"], stdin=-1, close_fds=False).kill()
    fork = multiprocessing.get_context("fork").Process(target=threading.Event().wait, daemon=True)
    fork.start()
    os.close(lock)
    assert locks.is_held(file)
    fork.kill()
    until(lambda: not locks.is_held(file))


def test_only_a_descriptor_of_the_file_is_adopted(file, tmp_path):
    lock = locks.take(file)
    assert not locks.adopt(lock, tmp_path / "none")
    (tmp_path / "other").touch()
    assert not locks.adopt(lock, tmp_path / "other")
    os.close(lock)
    assert not locks.adopt(lock, file)


def test_many_probes_neither_see_each_other_nor_keep_a_starter_out(file):
    os.close(locks.take(file))
    over, seen = threading.Event(), []

    def probe():
        while not over.is_set():
            seen.append(locks.is_held(file))

    threads = [threading.Thread(target=probe) for _ in range(4)]
    for thread in threads:
        thread.start()
    until(lambda: len(seen) > 2_000)
    assert not any(seen)
    taken = [locks.take(file) for _ in range(1)]
    over.set()
    for thread in threads:
        thread.join()
    assert taken != [None]
    os.close(taken[0])


def test_a_lock_is_probed_where_nothing_can_be_written(file, monkeypatch):
    os.close(locks.take(file))
    opened = os.open

    def refuse_writing(path, flags, *mode):
        assert not flags & (os.O_RDWR | os.O_WRONLY | os.O_CREAT)
        return opened(path, flags, *mode)

    monkeypatch.setattr(os, "open", refuse_writing)
    assert not locks.is_held(file)


def test_a_folder_is_locked_too(tmp_path):
    with (
        locks.exclusive(tmp_path),
        pytest.raises(BlockingIOError),
        locks.exclusive(tmp_path, wait=False),
    ):
        pass
    with locks.exclusive(tmp_path, wait=False):
        pass


def test_proc_is_read_for_runs_of_an_older_version_alone():
    """So that runs work on any Unix; the page's status only shows more where there is one."""
    readers = {path.name for path in (ROOT / "mlm_demo").rglob("*.py") if "/proc" in path.read_text()}
    assert readers == {"older_runs.py", "status_pages.py"}
