import os
import threading

import pytest

from mlm_demo.system.files import atomic, read, stamp, write


def names(folder):
    return sorted(path.name for path in folder.iterdir())


def test_a_file_appears_at_the_end_of_the_context(tmp_path):
    path = tmp_path / "a.txt"
    path.write_text("old")
    with atomic(path) as part:
        part.write_text("new")
        assert path.read_text() == "old"
    assert path.read_text() == "new"
    assert names(tmp_path) == ["a.txt"]


@pytest.mark.parametrize("existing", [True, False])
def test_an_error_leaves_the_old_file_or_none(tmp_path, existing):
    path = tmp_path / "a.txt"
    if existing:
        path.write_text("old")

    def fail():
        with atomic(path) as part:
            part.write_text("half")
            raise OSError("no space")

    with pytest.raises(OSError, match="no space"):
        fail()
    assert names(tmp_path) == (["a.txt"] if existing else [])
    assert not existing or path.read_text() == "old"


def test_an_existing_file_can_be_kept(tmp_path):
    path = tmp_path / "key"
    for text in ("first", "second"):
        with atomic(path, keep_existing=True) as part:
            part.write_text(text)
    assert path.read_text() == "first"
    assert names(tmp_path) == ["key"]


def test_threads_that_write_the_same_file_do_not_mix(tmp_path):
    path, together = tmp_path / "a.txt", threading.Barrier(4)

    def replace(letter):
        with atomic(path) as part:
            part.write_text(letter * 1000)
            together.wait(10)

    threads = [threading.Thread(target=replace, args=(letter,)) for letter in "abcd"]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert path.read_text() in {letter * 1000 for letter in "abcd"}
    assert names(tmp_path) == ["a.txt"]


def test_json_is_written_and_read(tmp_path):
    assert read(tmp_path / "a.json") == {}
    write(tmp_path / "a.json", {"é": [1]})
    assert read(tmp_path / "a.json") == {"é": [1]}


def test_a_stamp_changes_with_the_file(tmp_path):
    path = tmp_path / "a.txt"
    path.write_text("one")
    os.utime(path, ns=(1, 1))
    assert stamp(path) == "a.txt:3:1"
    os.utime(path, ns=(2, 2))
    assert stamp(path) == "a.txt:3:2"
