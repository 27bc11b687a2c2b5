import io

import pandas as pd
import pytest

from mlm_demo.web.fill.tables import csv, tables
from tests.support.html_reader import HOSTILE, Reader


@pytest.fixture(scope="module")
def answers(engine):
    return engine.compare("The <mask> sat on the <mask>.", ["general", "biomedical"], joint=True)["answers"]


def test_the_table_has_the_rows_of_the_chart(answers):
    read = Reader(tables(answers))
    assert read.tags.count("table") == 6
    assert read.tags.count("caption") == 6
    assert {a.get("scope") for a in read.attributes if a.get("scope")} == {"col", "row"}
    for mask in answers[0]["masks"]:
        for row in mask:
            assert row["word"] in read.texts
            assert row["sequence"] in read.texts


def test_targets_get_their_columns(engine):
    answer = engine.fill_mask("a <mask>", targets="dog,cat")
    assert {"Share of targets", "Scored as", "one piece"} <= set(Reader(tables([answer])).texts)


def test_csv_reads_back(answers):
    frame = pd.read_csv(io.StringIO(csv(answers)), dtype={"mask": str})
    assert list(frame["model"].unique()) == ["general", "biomedical"]
    assert list(frame["mask"].unique()) == ["1", "2", "all"]
    first = frame.iloc[0]
    assert first["score"] == pytest.approx(answers[0]["masks"][0][0]["score"])
    assert first["sequence"] == answers[0]["masks"][0][0]["sequence"]
    assert first["rank in biomedical"] == answers[0]["masks"][0][0]["elsewhere"][0]["rank"]


def test_hostile_text_stays_text():
    row = dict.fromkeys(("word", "token_str", "sequence", "scored"), HOSTILE)
    row |= {"score": 0.5, "token": 1, "share": 1}
    model = dict.fromkeys(("name", "domain", "architecture", "revision", "device", "precision"), HOSTILE)
    answer = {"model": model, "masks": [[row]], "seconds": 1, "notices": []}
    read = Reader(tables([answer]))
    assert {"img", "script"} & set(read.tags) == set()
    assert HOSTILE in "".join(read.texts)
    assert pd.read_csv(io.StringIO(csv([answer])))["sequence"][0] == HOSTILE


def test_a_spreadsheet_finds_no_formula(engine):
    answer = engine.fill_mask("=1+1 <mask>", targets="-2,@sum,dog")
    rows = pd.read_csv(io.StringIO(csv([answer])))
    assert set(rows["word"]) == {"'-2", "'@sum", "dog"}
    assert all(text.startswith("'=1+1 ") for text in rows["sequence"])
    assert rows["score"].dtype == float
