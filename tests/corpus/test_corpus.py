import json
import random
import zipfile

import pytest

from mlm_demo.corpus import corpus
from mlm_demo.corpus.corpus import read_corpus
from mlm_demo.corpus.deduplicate import Deduplicator
from mlm_demo.errors import CorpusError
from tests.support.texts import paragraph


def write(path, documents):
    path.write_text("\n".join(json.dumps({"text": text}) for text in documents))
    return path


def test_every_document_is_in_exactly_one_part(tmp_path):
    documents = [paragraph(i) for i in range(60)]
    found = read_corpus([write(tmp_path / "a.jsonl", documents)])
    assert sorted(found.training + found.held_out) == sorted(documents)
    assert 0.08 <= sum(len(t.split()) for t in found.held_out) / found.counts.words <= 0.15
    assert (found.counts.files, found.counts.documents) == (1, 60)


def test_the_split_depends_on_the_seed_alone(tmp_path):
    path = write(tmp_path / "a.jsonl", [paragraph(i) for i in range(60)])
    assert read_corpus([path]).held_out == read_corpus([path]).held_out
    assert read_corpus([path], seed=1).held_out != read_corpus([path]).held_out


def test_no_held_out_text_is_a_near_duplicate_of_training_text(tmp_path):
    documents = [paragraph(i, 120) for i in range(40)]
    documents += [text + f" tail{i}." for i, text in enumerate(documents)]
    random.Random(0).shuffle(documents)
    found = read_corpus([write(tmp_path / "a.jsonl", documents)])
    assert found.counts.near_duplicates >= 38
    deduplicator = Deduplicator()
    assert all(deduplicator.is_new(text) for text in found.training)
    assert all(deduplicator.is_new(text) for text in found.held_out)


def test_duplicates_are_counted_and_duplicate_documents_dropped(tmp_path):
    documents = [paragraph(i) for i in range(30)] * 2
    found = read_corpus([write(tmp_path / "a.jsonl", documents)])
    assert found.counts.exact_duplicates == 30
    assert len(found.counts.dropped) == 30
    assert found.counts.dropped[0].reason == "all of its text is duplicated"
    assert "line 31" in found.counts.dropped[0].source


def test_one_long_text_is_cut_into_sections(tmp_path):
    (tmp_path / "book.txt").write_text("\n\n".join(paragraph(i) for i in range(200)))
    found = read_corpus([tmp_path / "book.txt"])
    assert len(found.training) + len(found.held_out) > 20
    assert found.held_out


def test_a_corpus_beyond_the_limit_is_cut_short(tmp_path, monkeypatch):
    monkeypatch.setattr(corpus, "MAX_CHARACTERS", 5000)
    found = read_corpus([write(tmp_path / "a.jsonl", [paragraph(i) for i in range(60)])])
    assert found.counts.cut_short
    assert found.counts.documents < 60


def test_too_little_text_is_refused(tmp_path):
    with pytest.raises(
        CorpusError,
        match="The corpus holds 40 words of text after removing duplicates; at least 200 are needed",
    ):
        read_corpus([write(tmp_path / "a.jsonl", [paragraph(0)] * 50)])


def test_the_refusal_of_too_little_text_names_skipped_files(tmp_path):
    inner = tmp_path / "inner.zip"
    with zipfile.ZipFile(inner, "w") as packed:
        packed.writestr("a.txt", "some text")
    with zipfile.ZipFile(tmp_path / "outer.zip", "w") as packed:
        packed.write(inner, "inner.zip")
        packed.writestr("b.txt", "some text")
    with pytest.raises(
        CorpusError, match=r"holds 2 words .* Skipped: 'outer.zip/inner.zip' \(.*archive.*\)\."
    ):
        read_corpus([tmp_path / "outer.zip"])


def test_one_paragraph_cannot_be_split(tmp_path):
    (tmp_path / "a.txt").write_text(paragraph(0, 500))
    with pytest.raises(CorpusError, match="one paragraph, so no part of it can be held out for evaluation"):
        read_corpus([tmp_path / "a.txt"])


def test_the_hash_depends_on_the_text_alone(tmp_path):
    one = read_corpus([write(tmp_path / "a.jsonl", [paragraph(i) for i in range(30)])])
    two = read_corpus([write(tmp_path / "b.jsonl", [paragraph(i) for i in range(30)])])
    other = read_corpus([write(tmp_path / "c.jsonl", [paragraph(i) for i in range(31)])])
    assert one.sha256 == two.sha256 != other.sha256


def test_parts_of_one_huge_line_are_held_out(tmp_path):
    (tmp_path / "line.txt").write_text(" ".join(paragraph(i) for i in range(1_000)))
    found = read_corpus([tmp_path / "line.txt"])
    words = [len(text.split()) for text in found.held_out]
    assert len(words) >= 3
    assert 0.05 <= sum(words) / found.counts.words <= 0.16


def test_a_repeated_document_of_short_paragraphs_is_dropped(tmp_path):
    documents = [f"Number {i}.\n\nToo short." for i in range(100)] * 2
    found = read_corpus([write(tmp_path / "a.jsonl", documents)])
    assert len(found.training) + len(found.held_out) == 100
    assert found.counts.exact_duplicates == 200
