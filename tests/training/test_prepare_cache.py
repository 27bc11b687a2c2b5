import json
import os
import time
from pathlib import Path

import numpy as np
import pytest

from mlm_demo.corpus.corpus import Corpus, Counts
from mlm_demo.corpus.documents import Dropped
from mlm_demo.corpus.passages import Passage
from mlm_demo.training import prepare_cache
from mlm_demo.training.packing import NO_WORD, REPLAYED, Blocks
from mlm_demo.training.prepare_cache import SECONDS_STEPS_KEPT, PrepareCache, StepCost, key_of

CORPUS = Corpus(
    ["A text.\n\nNaïve – 𝔘.", "\ud800 is no character"],
    ["Held out."],
    Counts(
        1,
        3,
        9,
        60,
        1,
        2,
        True,
        [Dropped("a.txt", "it is empty", "x")],
        ["a.txt was odd."],
        documents_by_file=[0, 3],
        passages=[Passage("b.txt", "One\n\ntwo …")],
    ),
    "abc",
)
BLOCKS = Blocks(
    np.array([[101, 30_521, 102], [101, 7, 0]], np.int32),
    np.array([[NO_WORD, 0, NO_WORD], [NO_WORD, 1, NO_WORD]], np.int32),
    np.array([70_000, REPLAYED], np.int32),
    0,
)
STEP = StepCost(0.25, 900.5)


@pytest.fixture
def cache(tmp_path):
    return PrepareCache(tmp_path / "prepared")


def same(one, other):
    arrays = all(np.array_equal(getattr(one, n), getattr(other, n)) for n in ("ids", "words", "document"))
    types = {getattr(other, name).dtype for name in ("ids", "words", "document")}
    return arrays and types == {np.dtype(np.int32)} and one.pad_id == other.pad_id


def test_stored_parts_are_found_again(cache):
    cache.keep_corpus("key", CORPUS)
    cache.keep_blocks("key", BLOCKS)
    cache.keep_report("key", {"words": 9}, 2)
    cache.keep_step("key", STEP)
    again = PrepareCache(cache.folder)
    assert again.corpus("key") == CORPUS
    assert same(BLOCKS, again.blocks("key"))
    assert again.report("key") == {"key": "key", "report": {"words": 9}, "blocks": 2}
    assert again.step("key") == STEP


def test_nothing_is_there_for_another_key_or_in_no_folder(cache):
    def all_of(key):
        return [cache.corpus(key), cache.blocks(key), cache.report(key), cache.step(key)]

    assert all_of("key") == [None] * 4
    cache.keep_corpus("key", CORPUS)
    cache.keep_blocks("key", BLOCKS)
    cache.keep_report("key", {}, 2)
    cache.keep_step("key", STEP)
    assert all_of("other") == [None] * 4


def test_a_part_replaces_the_one_before(cache):
    cache.keep_corpus("one", CORPUS)
    cache.keep_blocks("one", BLOCKS)
    cache.keep_corpus("two", CORPUS)
    assert (cache.corpus("one"), cache.corpus("two")) == (None, CORPUS)
    assert cache.blocks("one") is not None
    assert len(list(cache.folder.iterdir())) == 3


DAMAGES = {
    "truncated": lambda path: path.write_bytes(path.read_bytes()[:-5]),
    "changed": lambda path: path.write_bytes(path.read_bytes()[:20] + b"x" + path.read_bytes()[21:]),
    "empty": lambda path: path.write_bytes(b""),
    "gone": Path.unlink,
    "a folder": lambda path: path.unlink() or path.mkdir(),
}


@pytest.mark.parametrize("damage", DAMAGES)
def test_a_damaged_part_is_not_there(cache, damage):
    cache.keep_corpus("key", CORPUS)
    cache.keep_blocks("key", BLOCKS)
    for path in cache.folder.glob("*-*"):
        DAMAGES[damage](path)
    assert cache.corpus("key") is None
    assert cache.blocks("key") is None


@pytest.mark.parametrize(
    "text", ["", "{", "[]", "null", '{"corpus": 1, "report": 2, "steps": 3}', '{"corpus": {"key": "key"}}']
)
def test_a_damaged_index_is_no_index(cache, text):
    cache.keep_corpus("key", CORPUS)
    (cache.folder / "index.json").write_text(text)
    assert [cache.corpus("key"), cache.report("key"), cache.step("key")] == [None] * 3
    cache.keep_corpus("key", CORPUS)
    assert cache.corpus("key") == CORPUS


def test_no_array_is_unpickled(cache, monkeypatch):
    cache.keep_blocks("key", BLOCKS)
    (file,) = cache.folder.glob("blocks-*")
    np.savez(file, ids=np.array([{}], object), words=BLOCKS.words, document=BLOCKS.document, pad_id=0)
    index = json.loads((cache.folder / "index.json").read_text())
    index["blocks"]["sha256"] = prepare_cache.hashlib.sha256(file.read_bytes()).hexdigest()
    (cache.folder / "index.json").write_text(json.dumps(index))
    assert cache.blocks("key") is None


def test_blocks_that_do_not_fit_together_are_none(cache):
    cache.keep_blocks("key", Blocks(BLOCKS.ids, BLOCKS.words[:1], BLOCKS.document, 0))
    assert cache.blocks("key") is None


def test_parts_over_the_size_limit_are_not_stored(tmp_path):
    words = np.random.default_rng(0).integers(0, 30_000, 4000)
    large = Corpus([" ".join(map(str, words))], [], Counts(characters=20_000), "")
    cache = PrepareCache(tmp_path, 3_000)
    cache.keep_corpus("large", large)
    cache.keep_corpus("small", CORPUS)
    cache.keep_blocks("large", Blocks(words.reshape(40, 100), words.reshape(40, 100), words[:40], 0))
    assert (cache.corpus("large"), cache.blocks("large")) == (None, None)
    assert cache.corpus("small") == CORPUS
    assert sum(path.stat().st_size for path in tmp_path.iterdir()) < 3_000


def test_where_nothing_can_be_written_nothing_is_kept(tmp_path):
    (tmp_path / "file").touch()
    cache = PrepareCache(tmp_path / "file")
    cache.keep_corpus("key", CORPUS)
    cache.keep_step("key", STEP)
    assert (cache.corpus("key"), cache.step("key")) == (None, None)


def test_a_step_time_is_good_for_an_hour(cache, monkeypatch):
    cache.keep_step("old", STEP, seconds_ago=SECONDS_STEPS_KEPT - 10)
    assert cache.step("old") == STEP
    now = time.time()
    for seconds, kept in ((20, None), (-7200, None)):  # the clock may be set back too
        monkeypatch.setattr(prepare_cache.time, "time", lambda seconds=seconds: now + seconds)
        assert cache.step("old") is kept


def test_step_times_do_not_grow_without_end(cache):
    for number in range(2 * prepare_cache.STEPS_KEPT):
        cache.keep_step(str(number), STEP)
    assert cache.step("0") is None
    assert cache.step(str(number)) == STEP


def test_a_key_depends_on_all_its_values():
    keys = {key_of("a", 1), key_of("a", 2), key_of("b", 1), key_of("a", [1]), key_of("a1"), key_of("a", None)}
    assert len(keys) == 6
    assert key_of("a", [1, None]) == key_of("a", [1, None])
    assert os.sep not in key_of("a")


def test_nothing_is_kept_of_files_that_were_deleted_meanwhile(tmp_path):
    cache = PrepareCache(tmp_path / "draft" / "prepared")
    cache.keep_corpus("key", CORPUS)
    cache.keep_step("key", STEP)
    assert not list(tmp_path.iterdir())
    assert cache.corpus("key") is None
