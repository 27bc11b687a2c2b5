import csv
import io

import pytest

from mlm_demo.corpus.sentence_file import Line
from mlm_demo.runs.answered_file import (
    FILL,
    MOST_COLUMNS,
    SCORE,
    answered,
    csv_columns,
    csv_header,
    csv_lines,
    json_lines,
    own_columns,
)
from mlm_demo.runs.answered_file import csv as csv_of

MODEL = {"name": "m", "revision": "r"}
SCORED = {
    "model": MODEL, "text": "A b.", "method": "original", "log_likelihood": -1.0, "pseudo_perplexity": 2.0,
    "bits_per_word": 3.0, "tokens": 4,
}  # fmt: skip
FILLED = {
    "model": MODEL,
    "masks": [[{"word": word, "score": 0.5, "sequence": word} for word in ("cat", "dog")]],
}


def rows_in(text):
    return list(csv.DictReader(io.StringIO(text)))


def test_a_persons_own_columns_stand_beside_the_text():
    rows = [
        answered(Line("a.csv, row 2", "A b.", {"item": "1", "condition": "match"}), [SCORED]),
        answered(Line("a.csv, row 3", "A b.", {"item": "2"}), [SCORED]),
    ]
    found = rows_in(csv_of(SCORE, rows))
    assert list(found[0])[:5] == ["where", "text", "item", "condition", "model"]
    assert [(row["item"], row["condition"], row["bits_per_word"]) for row in found] == [
        ("1", "match", "3.0"), ("2", "", "3.0"),
    ]  # fmt: skip
    assert [line["columns"] for line in json_lines(rows[0])] == [{"item": "1", "condition": "match"}]


def test_they_are_in_each_row_of_a_sentence():
    row = answered(Line("a.csv, row 2", "A <mask>.", {"item": "1"}), [FILLED])
    assert [(line["item"], line["word"]) for line in rows_in(csv_of(FILL, [row]))] == [
        ("1", "cat"),
        ("1", "dog"),
    ]


def test_joint_fillings_are_rows_of_the_mask_all():
    joint = [{"score": 0.25, "sequence": "cat dog", "token_strs": [" cat", "dog"], "tokens": [1, 2]}]
    row = answered(Line("a.csv, row 2", "<mask> <mask>", {}), [{**FILLED, "joint": joint}])
    found = rows_in(csv_of(FILL, [row]))
    assert [(line["mask"], line["rank"], line["word"], line["score"]) for line in found] == [
        ("1", "1", "cat", "0.5"), ("1", "2", "dog", "0.5"), ("all", "1", "cat + dog", "0.25"),
    ]  # fmt: skip


@pytest.mark.parametrize("name", ["text", "where", "error", "bits_per_word"])
def test_a_column_called_like_one_of_ours_is_kept_under_another_name(name):
    row = answered(Line("a.csv, row 2", "A b.", {name: "theirs"}), [SCORED])
    (found,) = rows_in(csv_of(SCORE, [row]))
    assert found["text"] == "A b."
    assert found[f"{name} (own)"] == "theirs"
    assert found["bits_per_word"] == "3.0"


def test_a_header_is_no_formula():
    row = answered(Line("a.csv, row 2", "A b.", {"=1+1": "@2"}), [SCORED])
    (found,) = rows_in(csv_of(SCORE, [row]))
    assert found["'=1+1"] == "'@2"


def test_a_table_with_endless_columns_stays_small():
    rows = [
        answered(Line(str(n), "A b.", {f"key {n} {i}": "" for i in range(50)}), [SCORED]) for n in range(50)
    ]
    text = csv_of(SCORE, rows)
    assert len(rows_in(text)[0]) == len(csv_columns(SCORE, [])) + MOST_COLUMNS
    assert len(text) < 50_000
    assert len(json_lines(rows[49])[0]["columns"]) == 50, "JSON lines have them all"


def test_a_line_break_in_a_header_stays_in_it():
    rows = [answered(Line("a.jsonl, line 1", "A b.", {"my\nitem": "1"}), [SCORED])]
    own = own_columns(row["columns"] for row in rows)
    text = csv_header(SCORE, own) + csv_lines(SCORE, rows[0], own)
    assert text == csv_of(SCORE, rows)
    (found,) = rows_in(text)
    assert (found["my\nitem"], found["text"]) == ("1", "A b.")


def test_lines_of_text_have_no_columns():
    row = answered(Line("a.txt, line 1", "A b."), [SCORED])
    assert "columns" not in row
    assert "columns" not in json_lines(row)[0]
    assert csv_columns(SCORE, own_columns([{}]))[:3] == ["where", "text", "model"]
