import pytest

from mlm_demo.corpus.documents import Document
from tests.support.packed_files import odt, zipped

UP = '<style:style style:name="T1"><style:text-properties style:text-position="super 58%"/></style:style>'
DOWN = '<style:style style:name="T2"><style:text-properties style:text-position="sub 58%"/></style:style>'
PARAGRAPHS = {
    "spaces": ("One<text:s/> two<text:tab/>three<text:line-break/>four", "One two three\nfour"),
    "span": ("The <text:span>heron</text:span> waits.", "The heron waits."),
    "exponent": ('10<text:span text:style-name="T1">6</text:span> cells', "10^6 cells"),
    "charge": ('Ca<text:span text:style-name="T1">2+</text:span> ions', "Ca2+ ions"),
    "subscript": ('CO<text:span text:style-name="T2">2</text:span> rose', "CO2 rose"),
    "note": (
        "Nine<text:note><text:note-body><text:p>Seen.</text:p></text:note-body></text:note> herons",
        "Nine herons",
    ),
    "remark": ("Nine<office:annotation><text:p>Really?</text:p></office:annotation> herons", "Nine herons"),
    "ligature": ("oﬃcial", "official"),
    "symbol": ("p \uf0a3 0.05", "p ≤ 0.05"),
    "link": ("see <text:a>here</text:a>.", "see here."),
    "broken line": ("One\n   line.", "One line."),
}


@pytest.mark.parametrize(("body", "text"), PARAGRAPHS.values(), ids=list(PARAGRAPHS))
def test_a_paragraph_is_read_as_a_person_sees_it(read, body, text):
    found, notes = read("a.odt", odt(f"<text:p>{body}</text:p>", styles=UP + DOWN))
    assert [" ".join(item.text.split(" ")).replace("  ", " ") for item in found] == [text]
    assert notes == []


def test_rows_stay_together_and_deleted_text_and_contents_are_out(read):
    cells = "".join(
        f"<table:table-cell><text:p>{text}</text:p></table:table-cell>" for text in ("Aspirin", "100 mg")
    )
    deleted = "<text:tracked-changes><text:p>Old.</text:p></text:tracked-changes>"
    index = "<text:table-of-content><text:p>Head 1</text:p></text:table-of-content>"
    body = f"{deleted}{index}<text:h>Head</text:h><table:table><table:table-row>{cells}</table:table-row></table:table>"
    assert read("a.odt", odt(body))[0] == [Document("a.odt", "Head\n\nAspirin 100 mg")]


def test_what_is_no_text_is_refused_by_name(refused):
    refused("a.ods", odt("", kind="spreadsheet"), "'a.ods' is an OpenDocument spreadsheet; save it as .csv")
    locked = odt("", manifest="<encryption-data/>")
    refused("a.odt", locked, "'a.odt' is protected by a password; save it without one")
    refused(
        "a.odt", zipped([("mimetype", "x"), ("content.xml", "<a>")]), "'a.odt' is a corrupt OpenDocument file"
    )
    refused("a.odt", odt(""), "'a.odt' holds no text")


def test_entities_are_not_expanded(read, tmp_path):
    (tmp_path / "secret").write_text("root:x:0:0")
    xml = f'<!DOCTYPE a [<!ENTITY x SYSTEM "file://{tmp_path}/secret">]><a xmlns:t="t"><t:p>One &x;two.</t:p></a>'
    found, _ = read("a.odt", zipped([("mimetype", "x"), ("content.xml", xml)]))
    assert found == [Document("a.odt", "One two.")]
