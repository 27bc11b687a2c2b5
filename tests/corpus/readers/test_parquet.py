import pandas as pd

from mlm_demo.corpus.documents import Document
from tests.support.texts import LONG


def test_a_parquet_file_is_read_from_one_column(read, tmp_path):
    texts = [f"{LONG} {i}" for i in range(250)]
    pd.DataFrame({"n": range(250), "kind": "k", "remarks": texts}).to_parquet(tmp_path / "p")
    found, notes = read("a.parquet", (tmp_path / "p").read_bytes())
    assert found == [Document(f"a.parquet, row {i}", text) for i, text in enumerate(texts, 1)]
    assert notes == ["Column 'remarks' of a.parquet was read as the text."]
    assert read("a.parquet", (tmp_path / "p").read_bytes(), column="kind")[0][0].text == "k"


def test_lists_and_nested_columns_of_strings_are_read(read, tmp_path):
    rows = [{"id": i, "parts": [LONG, f"No. {i}"], "meta": {"source": "x"}} for i in range(120)]
    pd.DataFrame(rows).to_parquet(tmp_path / "p")
    found, _ = read("a.parquet", (tmp_path / "p").read_bytes())
    assert [document.text for document in found] == [f"{LONG}\n\nNo. {i}" for i in range(120)]
    assert read("a.parquet", (tmp_path / "p").read_bytes(), column="meta.source")[0][110].text == "x"


def test_a_bad_parquet_file_is_refused_with_the_reason(refused, tmp_path):
    pd.DataFrame({"n": [1], "m": [2]}).to_parquet(tmp_path / "p")
    data = (tmp_path / "p").read_bytes()
    refused("a.parquet", data, "'a.parquet' has no text column, only 'n', 'm'; add one")
    refused(
        "a.parquet", data[:-9], r"'a.parquet' is a corrupt Parquet file \(.*\); download it or save it again"
    )
    refused(
        "a.parquet", "just words", r"'a.parquet' is a corrupt .parquet file \(it does not begin like one\)"
    )
