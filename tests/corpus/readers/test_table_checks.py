"""Tables that people sent, with what their text must and must not contain; skipped where they are not at hand."""

import json

import pytest

from mlm_demo.corpus.documents import Document, ReadLimits
from mlm_demo.corpus.formats import read_documents
from tests.support.paths import ROOT

INPUTS = ROOT.parent / "shared" / "inputs"
CHECKS = INPUTS / "checks.json"
TABLES = (
    {
        name: check
        for name, check in json.loads(CHECKS.read_text()).items()
        if name.startswith(("csv/", "json/"))
    }
    if CHECKS.is_file()
    else {}
)


@pytest.mark.skipif(not TABLES, reason="the inputs are not at hand")
@pytest.mark.parametrize("name", TABLES)
def test_the_text_of_a_table_is_read(name):
    check, notes = TABLES[name], []
    found = read_documents(INPUTS / name, limits=ReadLimits(), notes=notes)
    text = "\n\n".join(item.text for item in found if isinstance(item, Document))
    assert [
        part for part in [*check["must_contain"], *check.get("ideal_contain", [])] if part not in text
    ] == []
    assert [
        part for part in [*check["must_not_contain"], *check.get("ideal_not_contain", [])] if part in text
    ] == []
