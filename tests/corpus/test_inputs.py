"""Files as people send them, from a folder beside the project: what the text must and must not contain."""

import json
from pathlib import Path

import pytest

from mlm_demo.corpus.documents import Document, ReadLimits
from mlm_demo.corpus.formats import read_documents
from mlm_demo.errors import CorpusError
from tests.support.paths import ROOT

INPUTS = ROOT.parent / "shared" / "inputs"
CHECKS = json.loads((INPUTS / "checks.json").read_text()) if INPUTS.is_dir() else {}
# Tables have checks of their own; prompts and word lists are no corpus.
MINE = [name for name in CHECKS if name.split("/")[0] in ("text", "markup", "xml", "docx", "pdf", "archives")]
# What no check of strings can tell: these files are refused, for this reason.
REFUSED = {
    "docx/old_word.doc": "old Office file",
    "docx/old_word_renamed.docx": "old Office file",
    "pdf/scanned_no_text.pdf": "may be a scan",
    "pdf/truncated.pdf": "corrupt PDF",
    "pdf/renamed_text.pdf": "does not begin like one",
    "pdf/encrypted_needs_password.pdf": "protected by a password",
    "archives/password.zip": "protected by a password",
    "archives/ratio_bomb.zip": "expands to more than",
    "archives/truncated.txt.gz": "corrupt compressed file",
    "archives/not_a_gzip.txt.gz": "does not begin like one",
    "archives/path_escape.zip": "leads out of the archive",
}


def read(path: Path) -> str:
    found = read_documents(path, limits=ReadLimits(), notes=[])
    return "\n\n".join(item.text for item in found if isinstance(item, Document))


@pytest.mark.skipif(not CHECKS, reason="the folder with the inputs is not there")
@pytest.mark.parametrize("name", MINE)
def test_the_text_of_an_input_is_what_a_careful_reader_wants(name):
    check = CHECKS[name]
    if "encrypted" in name:
        pytest.importorskip("cryptography")
    if name in REFUSED:
        with pytest.raises(CorpusError, match=REFUSED[name]):
            read(INPUTS / name)
        return
    text = read(INPUTS / name)
    assert "\0" not in text
    for wanted in (*check["must_contain"], *check.get("ideal_contain", ())):
        assert wanted in text
    for unwanted in (*check["must_not_contain"], *check.get("ideal_not_contain", ())):
        assert not unwanted or unwanted not in text
