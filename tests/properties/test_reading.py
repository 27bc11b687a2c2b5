"""Whatever the texts are, files of any kind give them back as documents, and a corpus keeps what is new in them.

What reading leaves out, beside white space between words, is what nobody sees: control characters that break no line,
and byte order marks.
"""

import csv
import gzip
import io
import json
import re
import unicodedata
from itertools import pairwise

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from mlm_demo.corpus.corpus import FEW_DOCUMENTS, SHORTEST_SECTION, read_texts, split
from mlm_demo.errors import CorpusError
from tests.support.packed_files import zipped

BREAKS = "\t\n\v\f\r\x85\u2028\u2029"
STRANGE = [*BREAKS, "\r\n", "\n\n", " ", "\u3000", "\ufeff", "\u202e", "\u0301", "\U0001f600", '"', ",", "\\"]
ODD = st.sampled_from(STRANGE)
SEEN = st.characters(exclude_categories=["Cc", "Cs"])
WORDS = st.lists(st.text(SEEN, max_size=12) | ODD | st.sampled_from('",;|{}<>\\/&#*[]()'), max_size=12)
# Raw in a file, more than a few control characters would make it no text; JSON and Parquet may hold any.
TEXTS = WORDS.map("".join)
ANY_TEXTS = TEXTS | st.text(st.characters(exclude_categories=["Cs"]), max_size=30)
LINE = st.text(SEEN, max_size=200).map(lambda line: " ".join(words(line))).filter(bool)
PARAGRAPHS = st.lists(st.lists(LINE, min_size=1, max_size=3).map("\n".join), min_size=2, max_size=5)
LONG = [" ".join(f"{letter}{n}" for n in range(12)) for letter in "abcdef"]
SHORT = ["One.", "Two words.", "Three of them."]


def words(text):
    """The words of a text as they are to be read."""
    return "".join(
        c for c in text if (unicodedata.category(c) != "Cc" or c in BREAKS) and c != "\ufeff"
    ).split()


def table(kind, texts):
    """A file of a kind with one text a row, and where its first row is."""
    rows = [{"id": n, "text": text} for n, text in enumerate(texts)]
    if kind == "jsonl":
        return "".join(json.dumps(row) + "\n" for row in rows).encode(), "line", 1
    if kind == "lines":
        return "".join(json.dumps(text, ensure_ascii=False) + "\n" for text in texts).encode(), "line", 1
    if kind == "json":
        return json.dumps(rows).encode(), "item", 1
    if kind == "parquet":
        data = io.BytesIO()
        pq.write_table(pa.table({"id": range(len(texts)), "text": pa.array(texts, pa.string())}), data)
        return data.getvalue(), "row", 1
    data = io.StringIO(newline="")
    writer = csv.writer(data, delimiter="\t" if kind == "tsv" else ",")
    writer.writerows([["id", "text"], *enumerate(texts)])
    return data.getvalue().encode(), "row", 2


def packed(name, data, how):
    """A file as it is, in a .gz or in a .zip: its name, its content, and the name it is read under."""
    if how == "gz":
        return f"{name}.gz", gzip.compress(data, mtime=0), f"{name}.gz"
    if how == "zip":
        return "a.zip", zipped([(name, data)]), f"a.zip/{name}"
    return name, data, name


HOW = st.sampled_from(["", "gz", "zip"])


@given(
    case=st.tuples(st.sampled_from(["jsonl", "json", "parquet"]), st.lists(ANY_TEXTS, max_size=6))
    | st.tuples(st.sampled_from(["csv", "tsv", "lines"]), st.lists(TEXTS, max_size=6)),
    how=HOW,
)
@example(case=("jsonl", ["x".join(STRANGE)]), how="")
@example(case=("csv", ["x".join(STRANGE)]), how="zip")
def test_every_row_with_words_is_a_document_and_no_other_is(read, case, how):
    kind, texts = case
    data, what, first = table(kind, texts)
    name, data, where = packed(f"a.{'jsonl' if kind == 'lines' else kind}", data, how)
    wanted = [(f"{where}, {what} {n}", words(text)) for n, text in enumerate(texts, first) if words(text)]
    if not wanted:
        with pytest.raises(CorpusError, match=r"holds no|is empty"):
            read(name, data)
        return
    found, _ = read(name, data)
    assert [(document.source, words(document.text)) for document in found] == wanted
    assert all(document.text == document.text.strip() for document in found)


@given(
    paragraphs=PARAGRAPHS,
    gap=st.sampled_from(["\n\n", "\r\n\r\n", "\r\r", "\n \t\n", "\n\n\n\n", "\n\f\n", "\n\u2029\n"]),
    encoding=st.sampled_from(["utf-8", "utf-8-sig", "utf-16", "utf-32"]),
    how=HOW,
)
def test_a_text_file_is_one_document_with_its_paragraphs(read, paragraphs, gap, encoding, how):
    paragraphs = ["First of all.", *paragraphs]
    name, data, where = packed("a.txt", gap.join(paragraphs).encode(encoding), how)
    (document,), _ = read(name, data)
    assert (document.source, document.text.split("\n\n")) == (where, paragraphs)


@given(text=TEXTS, longest=st.integers(1, 50))
def test_a_long_text_comes_in_parts_that_are_all_of_it(read, text, longest):
    found, _ = read("a.txt", f"First of all.{text}".encode(), max_document_characters=longest)
    assert "".join("".join(words(document.text)) for document in found) == "".join(
        words(f"First of all.{text}")
    )
    # Where a page breaks there is one character in the file and two in the text.
    assert all(0 < len(document.text.replace("\n\n", "\n")) <= longest for document in found)


@given(
    files=st.lists(
        st.lists(st.sampled_from([*LONG, *SHORT]), min_size=1, max_size=5).map(tuple), min_size=1, max_size=5
    )
)
def test_only_what_was_there_before_is_left_out_and_counted(tmp_path, files):
    paths = []
    for number, paragraphs in enumerate(files):
        paths.append(tmp_path / f"{number}.md")
        paths[-1].write_text("\n\n".join(paragraphs))
    texts, counts = read_texts(paths)
    kept, there = [p for text in texts for p in text.split("\n\n")], [p for file in files for p in file]
    assert set(kept) == set(there)
    assert all(kept.count(paragraph) == 1 for paragraph in LONG if paragraph in there)
    assert len(kept) + counts.exact_duplicates == len(there)
    # Of short paragraphs only those of a whole document that was there before.
    wanted = [p for n, file in enumerate(files) if file not in files[:n] for p in file if p in SHORT]
    assert [paragraph for paragraph in kept if paragraph in SHORT] == wanted
    assert (counts.files, counts.documents, counts.near_duplicates) == (len(files), len(files), 0)


@given(
    sizes=st.lists(st.lists(st.integers(1, 90), min_size=1, max_size=6), min_size=1, max_size=30),
    seed=st.integers(0, 99),
)
def test_what_is_held_out_is_not_trained_on_and_the_rest_is(sizes, seed):
    numbers = iter(range(1_000))
    texts = [
        "\n\n".join(f"p{next(numbers)}" + " word" * (size - 1) for size in paragraphs) for paragraphs in sizes
    ]
    try:
        parts = split(texts, seed)
    except CorpusError:
        assert len(texts) == 1  # too little for two sections
        assert sum(sizes[0]) < SHORTEST_SECTION + 90
        return
    trained, held = ([[int(n) for n in re.findall(r"p(\d+)", text)] for text in part] for part in parts)
    assert all(after == before + 1 for text in (*trained, *held) for before, after in pairwise(text))
    there = [n for text in (*trained, *held) for n in text]
    assert len(there) == len(set(there))
    # Of a text held out the end may be given up, and nothing else.
    gone, ends = set(range(next(numbers))) - set(there), {text[-1] for text in held}
    firsts = {int(re.match(r"p(\d+)", text)[1]) for text in texts}
    assert all(n - 1 in gone | ends and n not in firsts for n in gone)
    assert trained
    assert held
    assert len(texts) < FEW_DOCUMENTS or len(trained) + len(held) == len(texts)
