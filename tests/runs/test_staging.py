import os
import time

import pytest

from mlm_demo.errors import CorpusError
from mlm_demo.runs import staging as drafts
from mlm_demo.runs.staging import SECONDS_KEPT, Staging


@pytest.fixture
def store(tmp_path):
    return Staging(tmp_path / "drafts", max_megabytes=1, max_files=1000)


@pytest.fixture
def file(tmp_path):
    """A function that makes a file of a name and a size."""

    def file(name="bees.txt", size=9):
        path = tmp_path / name
        path.write_bytes(b"x" * size)
        return path

    return file


def names(store, id):
    return [path.name for path in store.files(id)]


@pytest.mark.parametrize("links", [True, False])
def test_files_are_added_to_those_of_a_draft_before_which_stays(store, file, monkeypatch, links):
    if not links:

        def refused(*_):
            raise OSError("no links here")

        monkeypatch.setattr(drafts.os, "link", refused)
    one = store.add([file("a.txt"), file("b.txt")])
    two = store.add([file("c.txt")], before=one)
    assert (names(store, one), names(store, two)) == (["a.txt", "b.txt"], ["a.txt", "b.txt", "c.txt"])
    store.forget(one)
    assert [path.read_text() for path in store.files(two)] == ["x" * 9] * 3


def test_uploads_are_moved_and_stay_in_later_drafts(store, file):
    uploaded, other = file("a.txt"), file("b.txt")
    one = store.add([uploaded], take=True, owner="me")
    two = store.add([other], take=True, before=one)
    assert not uploaded.exists()
    assert not other.exists()
    store.forget(one)
    assert names(store, two) == ["a.txt", "b.txt"], "its links stay"
    assert [path.read_text() for path in store.files(two)] == ["x" * 9] * 2


def test_a_file_is_removed_with_what_was_prepared(store, file):
    id = store.add([file("a.txt"), file("b.txt")], owner="me")
    store.prepared(id).mkdir()
    assert store.remove(id, 1) == "b.txt"
    assert names(store, id) == ["a.txt"]
    assert not store.prepared(id).exists(), "the cache holds the text of the file"
    with pytest.raises(CorpusError, match="no longer here"):
        store.remove(id, 1)
    more = store.add([file("c.txt")], before=id)
    assert names(store, more) == ["a.txt", "c.txt"]
    assert store.owned_by("me") == [id]
    assert store.remove(id, 0) == "a.txt"
    assert store.owned_by("me") == [], "the last file takes the draft along"


def test_a_draft_leaves_files_of_ours(store, file):
    ours = file("a.txt")
    store.forget(store.add([ours]))
    assert ours.exists()


def test_an_upload_that_is_gone_gets_a_sentence(store, tmp_path):
    with pytest.raises(CorpusError, match="The files are no longer here; add them again"):
        store.add([tmp_path / "gone.txt"], take=True)
    assert not store.folder.exists() or list(store.folder.iterdir()) == []


def test_drafts_are_found_by_their_owner(store, file):
    mine = store.add([file()], owner="me")
    store.add([file()], owner="you")
    store.add([file()])
    assert (store.owned_by("me"), store.owned_by("")) == ([mine], [])
    assert "me" not in {path.read_text() for path in store.folder.glob("*/owner")}, "only a hash is kept"


def test_a_file_of_ours_is_copied(store, file):
    ours = file("a.txt")
    (path,) = store.files(store.add([ours]))
    assert not path.samefile(ours)


def test_a_draft_is_copied_to_a_run_and_stays_until_it_is_forgotten(store, file, tmp_path):
    id = store.add([file("a.txt"), file("b.txt")])
    (tmp_path / "input").mkdir()
    copied = store.copy_to(id, tmp_path / "input")
    assert [path.name for path in copied] == names(store, id) == ["a.txt", "b.txt"]
    store.forget(id)
    assert [path.read_text() for path in copied] == ["x" * 9] * 2
    with pytest.raises(CorpusError, match="The files are no longer here; add them again"):
        store.files(id)


@pytest.mark.parametrize("id", ["", "../runs", "AAAAAAAAAAAA"])
def test_an_invalid_id_names_nothing(store, id):
    with pytest.raises(CorpusError, match="The files are no longer here"):
        store.files(id)
    store.forget(id)


def test_too_many_or_too_large_files_are_refused(store, file):
    with pytest.raises(CorpusError, match="There are no files"):
        store.add([])
    with pytest.raises(CorpusError, match=r"The files have 1\.5 MB; the limit is 1 MB"):
        store.add([file(size=1_500_000)])
    before = store.add([file(size=700_000)])
    with pytest.raises(CorpusError, match=r"The files have 1\.4 MB; the limit is 1 MB"):
        store.add([file("more.txt", size=700_000)], before=before)
    with pytest.raises(CorpusError, match="There are 1,001 files; the limit is 1,000"):
        store.add([file()] * 1_001)


def test_a_name_is_kept_as_a_plain_one(store, file):
    (path,) = store.files(store.add([file("bees\n\x1b[31m" + "x" * 90 + ".txt")]))
    assert path.name.startswith("bees[31mxx")
    assert path.suffix == ".txt"
    assert len(path.name) < 100


def test_an_ending_is_kept_as_a_plain_one_too(store, file):
    (path,) = store.files(store.add([file("a.t\r\nx\x1b")]))
    assert path.name == "a.tx"


def test_old_drafts_are_swept(store, file):
    old, fresh = store.add([file()]), store.add([file()])
    long_ago = time.time() - SECONDS_KEPT - 9
    os.utime(store.folder / old, (long_ago, long_ago))
    store.sweep()
    assert [path.name for path in store.folder.iterdir()] == [fresh]


def test_all_drafts_together_have_a_size_limit(store, file, monkeypatch):
    monkeypatch.setattr(drafts, "MAX_FULL_DRAFTS", 2)
    old, new = store.add([file(size=900_000)]), store.add([file(size=900_000)])
    with pytest.raises(CorpusError, match=r"The files waiting for a run have reached the limit of 2 MB"):
        store.add([file(size=900_000)])
    os.utime(store.folder / old, (time.time() - drafts.SECONDS_KEPT_WHEN_FULL - 5,) * 2)
    latest = store.add([file(size=900_000)])
    assert names(store, new) == names(store, latest) == ["bees.txt"]
    with pytest.raises(CorpusError, match="no longer here"):
        store.files(old)


def test_there_are_only_so_many_files(tmp_path, file):
    store = Staging(tmp_path / "drafts", max_megabytes=1, max_files=2)
    with pytest.raises(CorpusError, match=r"There are 3 files; the limit is 2. Pack them as .zip"):
        store.add([file(f"{number}.txt") for number in range(3)])


def test_a_draft_without_files_is_gone(store, file):
    """What a reader wrote after the draft was forgotten."""
    draft = store.add([file()])
    store.forget(draft)
    store.prepared(draft).mkdir(parents=True)
    with pytest.raises(CorpusError, match="The files are no longer here"):
        store.files(draft)
