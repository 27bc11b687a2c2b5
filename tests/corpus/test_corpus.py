import gzip
import json
import os
import random
import zipfile

import pytest

from mlm_demo.corpus import corpus
from mlm_demo.corpus.corpus import read_corpus, read_texts
from mlm_demo.corpus.deduplicate import Deduplicator
from mlm_demo.corpus.documents import ReadLimits
from mlm_demo.errors import CorpusError, MoreNeededError, ReadingError
from tests.support.packed_files import pdf, word, zipped
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
    assert (found.counts.dropped, found.counts.repeated) == ([], 30)
    assert found.counts.notes[-1] == (
        "30 documents were left out, the first being a.jsonl, line 31: their text is an exact or near duplicate of "
        "earlier text."
    )


def test_one_document_left_out_is_named(tmp_path):
    documents = [*(paragraph(i) for i in range(30)), paragraph(3)]
    notes = read_corpus([write(tmp_path / "a.jsonl", documents)]).counts.notes
    assert notes == ["a.jsonl, line 31 was left out: its text is an exact or near duplicate of earlier text."]


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
    with pytest.raises(
        CorpusError,
        match="one paragraph without line breaks, so no part of it can be held out for evaluation",
    ):
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


def test_of_200_files_the_ten_damaged_ones_are_named_and_the_others_read(tmp_path):
    good = {
        ".txt": lambda i: paragraph(i).encode(),
        ".md": lambda i: f"# Title\n\n{paragraph(i)}".encode(),
        ".csv": lambda i: f"id,text\n1,{paragraph(i)}\n".encode(),
        ".jsonl": lambda i: json.dumps({"text": paragraph(i)}).encode(),
        ".json": lambda i: json.dumps([{"text": paragraph(i)}]).encode(),
        ".html": lambda i: f"<html><body><p>{paragraph(i)}</p></body></html>".encode(),
        ".pdf": lambda i: pdf([paragraph(i, 8)]),
        ".docx": lambda i: word(paragraph(i)),
        ".txt.gz": lambda i: gzip.compress(paragraph(i).encode()),
        ".zip": lambda i: zipped([("a.txt", paragraph(i))]),
    }
    suffixes = list(good)
    bad = {
        "cut.pdf": pdf(["Page."])[:40],
        "cut.docx": word("Word.")[:-300],
        "cut.zip": zipped([("a.txt", "Word.")])[:-30],
        "cut.txt.gz": gzip.compress(paragraph(0).encode())[:-30],
        "old.doc": b"\xd0\xcf\x11\xe0" + b"\0" * 600,
        "picture.txt": b"\x89PNG\r\n\x1a\n\0" + b"\0" * 99,
        "empty.txt": b"",
        "lines.jsonl": b"not json\nat all\n",
        "unknown.css": b"Words.",
        "blank.html": b"<html><body></body></html>",
    }
    paths = []
    for i in range(190):
        suffix = suffixes[i % len(suffixes)]
        paths.append(tmp_path / f"{i}{suffix}")
        paths[-1].write_bytes(good[suffix](i))
    for i, (name, data) in enumerate(bad.items()):
        paths.insert(i * 17, tmp_path / name)
        paths[i * 17].write_bytes(data)
    found = read_corpus(paths).counts
    assert (found.files, found.documents) == (190, 190)
    assert {item.source for item in found.dropped} == set(bad)
    assert found.documents_by_file == [0 if path.name in bad else 1 for path in paths]
    assert all(item.source in item.reason or item.source == "empty.txt" for item in found.dropped)


def test_a_file_alone_is_refused_and_of_several_unreadable_ones_the_first_are_named(tmp_path):
    names = ["a.css", "b.css", "c.jsonl", "d.css"]
    for name in names:
        (tmp_path / name).write_text("words")
    with pytest.raises(CorpusError, match=r"^'a.css' has an unknown format \(\.css\)"):
        read_texts([tmp_path / "a.css"])
    with pytest.raises(
        CorpusError, match=r"^None of the 4 files can be read. Skipped: 'a.css' .*; and 1 more\.$"
    ):
        read_texts([tmp_path / name for name in names])


def test_the_rows_before_the_damage_are_read_and_the_rest_is_named(tmp_path):
    rows = "".join(json.dumps({"text": f"{paragraph(i)} {os.urandom(400).hex()}"}) + "\n" for i in range(400))
    cut = gzip.compress(rows.encode())[:-2000]
    (tmp_path / "a.jsonl.gz").write_bytes(cut)
    (tmp_path / "b.txt").write_text("Some words.")
    texts, counts = read_texts([tmp_path / "a.jsonl.gz", tmp_path / "b.txt"])
    assert 100 < len(texts) < 401
    assert counts.files == 2
    assert f"only its first {len(texts) - 1} documents could be read" in counts.dropped[0].reason


@pytest.mark.parametrize("kind", ["missing", "folder", "bomb"])
def test_reading_stops_where_leaving_a_file_out_is_no_use(tmp_path, kind):
    (tmp_path / "good.txt").write_text(paragraph(0))
    bad = tmp_path / "bad.txt.gz"
    if kind == "folder":
        bad.mkdir()
    elif kind == "bomb":
        bad.write_bytes(gzip.compress(b"a" * 11_000_000))
    with pytest.raises(ReadingError, match=r"'bad\.txt\.gz'"):
        read_texts([tmp_path / "good.txt", bad], limits=ReadLimits(max_ratio=10))


def test_near_duplicates_stay_if_asked(tmp_path):
    documents = [f"{paragraph(i)} The end" for i in range(40)] + [f"{paragraph(i)} An end" for i in range(40)]
    path = write(tmp_path / "a.jsonl", documents)
    assert read_corpus([path]).counts.near_duplicates == 40
    kept = read_corpus([path], keep_near=True)
    assert (kept.counts.near_duplicates, len(kept.training) + len(kept.held_out)) == (0, 80)


def test_control_characters_and_tables_are_found(tmp_path):
    (tmp_path / "a.txt").write_text(f"{paragraph(0)} a\x01b\x02c {paragraph(1)}")
    write(tmp_path / "b.jsonl", [paragraph(i) for i in range(2, 6)])
    _, counts = read_texts([tmp_path / "a.txt", tmp_path / "b.jsonl"])
    assert counts.findings.controls == 2
    assert [(table.file, table.column) for table in counts.findings.tables] == [("b.jsonl", "text")]
    assert [passage.source for passage in counts.passages] == ["a.txt", "b.jsonl, line 2", "b.jsonl, line 4"]


def test_a_validation_file_is_held_out_and_the_corpus_is_trained_on_whole(tmp_path):
    documents = [paragraph(i) for i in range(60)]
    path = write(tmp_path / "a.jsonl", documents[:30])
    own = write(tmp_path / "own.jsonl", documents[28:60])
    found = read_corpus([path], validation=own)
    assert found.training == documents[:30]
    assert found.held_out == documents[30:60]
    assert (found.counts.files, found.counts.documents, found.on_both_sides) == (1, 30, 0)
    assert found.counts.notes[-1] == (
        "2 of 32 texts of 'own.jsonl' are in the corpus too and were left out of the validation."
    )
    with pytest.raises(
        MoreNeededError, match=r"The validation file holds 0 text\(s\) that the corpus does not"
    ):
        read_corpus([path], validation=path)


def test_what_a_validation_file_leaves_out_is_named(tmp_path):
    path = write(tmp_path / "a.jsonl", [paragraph(i) for i in range(30)])
    own = write(tmp_path / "own.jsonl", [paragraph(i) for i in range(100, 105)])
    own.write_text(own.read_text() + "\nnot JSON")
    assert [item.source for item in read_corpus([path], validation=own).counts.dropped] == [
        "own.jsonl, line 6"
    ]


def test_a_validation_text_of_one_document_is_cut_into_sections(tmp_path):
    (tmp_path / "own.txt").write_text("\n\n".join(paragraph(i) for i in range(100, 110)))
    path = write(tmp_path / "a.jsonl", [paragraph(i) for i in range(30)])
    held_out = read_corpus([path], validation=tmp_path / "own.txt").held_out
    assert len(held_out) > 2
    assert "\n\n".join(held_out) == (tmp_path / "own.txt").read_text()


def test_a_long_validation_file_is_not_read_to_its_end(tmp_path):
    path = write(tmp_path / "a.jsonl", [paragraph(i) for i in range(30)])
    own = write(tmp_path / "own.jsonl", [paragraph(i, 1000) for i in range(100, 150)])
    words = sum(len(text.split()) for text in read_corpus([path], validation=own).held_out)
    assert 30_000 <= words < 32_000
