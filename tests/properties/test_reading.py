"""Files of every format give their texts back as documents, and a corpus keeps all but duplicates, for any texts.

Apart from white space between words, reading removes only invisible characters: control characters that are not line
breaks, and byte order marks.
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

from mlm_demo.corpus.corpus import read_texts
from mlm_demo.corpus.split import FEW_DOCUMENTS, SHORTEST_SECTION, split
from mlm_demo.errors import CorpusError
from tests.support.packed_files import zipped
from tests.support.texts import ANY_TEXTS, BREAKS, STRANGE, TEXTS, VISIBLE

LINE = st.text(VISIBLE, max_size=200).map(lambda line: " ".join(words(line))).filter(bool)
PARAGRAPHS = st.lists(st.lists(LINE, min_size=1, max_size=3).map("\n".join), min_size=2, max_size=5)
LONG = [" ".join(f"{letter}{n}" for n in range(12)) for letter in "abcdef"]
SHORT = ["One.", "Two words.", "Three of them."]


def words(text):
    """Return the words of a text as reading should give them."""
    return "".join(
        c for c in text if (unicodedata.category(c) != "Cc" or c in BREAKS) and c != "\ufeff"
    ).split()


def table(layout, texts):
    """Return a file of a format with one text per row, what it calls a row, and the number of the first row."""
    rows = [{"id": n, "text": text} for n, text in enumerate(texts)]
    if layout == "jsonl":
        return "".join(json.dumps(row) + "\n" for row in rows).encode(), "line", 1
    if layout == "lines":
        return "".join(json.dumps(text, ensure_ascii=False) + "\n" for text in texts).encode(), "line", 1
    if layout == "json":
        return json.dumps(rows).encode(), "item", 1
    if layout == "parquet":
        data = io.BytesIO()
        pq.write_table(pa.table({"id": range(len(texts)), "text": pa.array(texts, pa.string())}), data)
        return data.getvalue(), "row", 1
    data = io.StringIO(newline="")
    writer = csv.writer(data, delimiter="\t" if layout == "tsv" else ",")
    writer.writerows([["id", "text"], *enumerate(texts)])
    return data.getvalue().encode(), "row", 2


def packed(name, data, how):
    """Return a file as it is, in a .gz or in a .zip: its name, its content, and the source of its documents."""
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
def test_exactly_the_rows_with_words_are_documents(read, case, how):
    layout, texts = case
    data, what, first = table(layout, texts)
    name, data, where = packed(f"a.{'jsonl' if layout == 'lines' else layout}", data, how)
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
def test_the_parts_of_a_long_text_are_the_whole_text(read, text, longest):
    found, _ = read("a.txt", f"First of all.{text}".encode(), max_document_characters=longest)
    assert "".join("".join(words(document.text)) for document in found) == "".join(
        words(f"First of all.{text}")
    )
    # A page break is one character in the file and two in the text.
    assert all(0 < len(document.text.replace("\n\n", "\n")) <= longest for document in found)


@given(
    files=st.lists(
        st.lists(st.sampled_from([*LONG, *SHORT]), min_size=1, max_size=5).map(tuple), min_size=1, max_size=5
    )
)
def test_only_duplicates_are_removed_and_counted(tmp_path, files):
    paths = []
    for number, paragraphs in enumerate(files):
        paths.append(tmp_path / f"{number}.md")
        paths[-1].write_text("\n\n".join(paragraphs))
    texts, counts = read_texts(paths)
    kept, there = [p for text in texts for p in text.split("\n\n")], [p for file in files for p in file]
    assert set(kept) == set(there)
    assert all(kept.count(paragraph) == 1 for paragraph in LONG if paragraph in there)
    assert len(kept) + counts.exact_duplicates == len(there)
    # Short paragraphs are removed only with a whole document that came before.
    wanted = [p for n, file in enumerate(files) if file not in files[:n] for p in file if p in SHORT]
    assert [paragraph for paragraph in kept if paragraph in SHORT] == wanted
    assert (counts.files, counts.documents, counts.near_duplicates) == (len(files), len(files), 0)


@given(
    sizes=st.lists(st.lists(st.integers(1, 90), min_size=1, max_size=6), min_size=1, max_size=30),
    seed=st.integers(0, 99),
)
def test_held_out_text_is_not_trained_on_and_the_rest_is(sizes, seed):
    numbers = iter(range(1_000))
    texts = [
        "\n\n".join(f"p{next(numbers)}" + " word" * (size - 1) for size in paragraphs) for paragraphs in sizes
    ]
    try:
        parts = split(texts, seed)[:2]
    except CorpusError:
        assert len(texts) == 1  # too little for two sections
        assert sum(sizes[0]) < SHORTEST_SECTION + 90
        return
    trained, held = ([[int(n) for n in re.findall(r"p(\d+)", text)] for text in part] for part in parts)
    assert all(after == before + 1 for text in (*trained, *held) for before, after in pairwise(text))
    there = [n for text in (*trained, *held) for n in text]
    assert len(there) == len(set(there))
    # The end of a held-out text may be dropped, and nothing else.
    gone, ends = set(range(next(numbers))) - set(there), {text[-1] for text in held}
    firsts = {int(re.match(r"p(\d+)", text)[1]) for text in texts}
    assert all(n - 1 in gone | ends and n not in firsts for n in gone)
    assert trained
    assert held
    assert len(texts) < FEW_DOCUMENTS or len(trained) + len(held) == len(texts)
