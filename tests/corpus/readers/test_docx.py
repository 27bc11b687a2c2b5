import pytest

from mlm_demo.corpus.documents import Document
from tests.support.packed_files import word, zipped


def test_the_paragraphs_of_a_word_file_and_its_tables_are_read(read):
    assert read("a.docx", word("One\ttwo", "", "Three\nfour", cell="In a table")) == (
        [Document("a.docx", "One two\n\nThree\nfour\n\nIn a table")],
        [],
    )


def test_alternate_content_of_a_word_file_is_read_once(read):
    box = "<txbxContent><p><r><t>In a box</t></r></p></txbxContent>"
    twice = f"<AlternateContent><Choice>{box}</Choice><Fallback>{box}</Fallback></AlternateContent>"
    tabs = "<pPr><tabs><tab/></tabs></pPr>"
    text = f"<document><body><p>{tabs}<r>{twice}<t>Around</t></r></p></body></document>"
    found, _ = read("a.docx", zipped([("word/document.xml", text)]))
    assert found == [Document("a.docx", "In a box\n\nAround")]


W = "http://schemas.openxmlformats.org/wordprocessingml/2006/main"
M = "http://schemas.openxmlformats.org/officeDocument/2006/math"


def made(body, **parts):
    """Return a Word file with a body and other parts, in Word's own markup."""
    start = f'<w:document xmlns:w="{W}" xmlns:m="{M}"><w:body>'
    return zipped([("word/document.xml", f"{start}{body}</w:body></w:document>"), *(
        (f"word/{name}.xml", f'<w:notes xmlns:w="{W}">{part}</w:notes>') for name, part in parts.items()
    )])  # fmt: skip


def run(text, properties=""):
    return f'<w:r><w:rPr>{properties}</w:rPr><w:t xml:space="preserve">{text}</w:t></w:r>'


def sym(code, font="Symbol"):
    return f'<w:r><w:sym w:font="{font}" w:char="{code}"/></w:r>'


UP = '<w:vertAlign w:val="superscript"/>'
PARAGRAPHS = {
    "hyphen": ("<w:r><w:t>COVID</w:t><w:noBreakHyphen/><w:t>19</w:t></w:r>", "COVID-19"),
    "soft hyphen": ("<w:r><w:t>long</w:t><w:softHyphen/><w:t>er</w:t></w:r>", "longer"),
    "symbols": (run("TNF-") + sym("F061") + run(" fell by 5 ") + sym("F06D") + run("g, p ") + sym("F0A3") + run(" 1"),
                "TNF-α fell by 5 µg, p ≤ 1"),
    "Wingdings": (sym("F0E0", "Wingdings") + run(" up"), "→ up"),
    "another font": (sym("03B2", "Arial"), "β"),
    "private characters": (run("p \uf0b3 0.05"), "p ≥ 0.05"),
    "font of symbols": (run("a", '<w:rFonts w:ascii="Symbol" w:hAnsi="Symbol"/>'), "α"),
    "ligature": (run("oﬃcial"), "official"),
    "exponent": (run("10") + run("6", UP) + run(" cells"), "10^6 cells"),
    "charge": (run("Ca") + run("2+", UP), "Ca2+"),
    "citation": (run("herons wait.") + run("3,4", UP), "herons wait."),
    "moved": (f"<w:moveFrom>{run('quietly ')}</w:moveFrom>{run('Herons waited ')}<w:moveTo>{run('here ')}</w:moveTo>",
              "Herons waited here"),
    "changed": (f"<w:ins>{run('new')}</w:ins><w:del><w:r><w:delText>old</w:delText></w:r></w:del>", "new"),
    "hidden": (run("Seen ") + run("unseen", "<w:vanish/>") + run("too", '<w:vanish w:val="0"/>'), "Seen too"),
    "placeholder": (run("Name: ") + f"<w:sdt><w:sdtPr><w:showingPlcHdr/></w:sdtPr><w:sdtContent>{run('Click or tap')}"
                    "</w:sdtContent></w:sdt>", "Name:"),
    "filled in": (f"<w:sdt><w:sdtPr/><w:sdtContent>{run('Ann')}</w:sdtContent></w:sdt>", "Ann"),
    "link": (f"<w:hyperlink>{run('a link')}</w:hyperlink>", "a link"),
    "fraction": ("<m:oMath><m:f><m:num><m:r><m:t>1</m:t></m:r></m:num><m:den><m:r><m:t>2</m:t></m:r></m:den></m:f>"
                 "</m:oMath>", "1/2"),
}  # fmt: skip


@pytest.mark.parametrize(("runs", "text"), PARAGRAPHS.values(), ids=list(PARAGRAPHS))
def test_a_paragraph_is_read_as_a_person_sees_it(read, runs, text):
    assert read("a.docx", made(f"<w:p>{runs}</w:p>"))[0] == [Document("a.docx", text)]


def paragraph(text, style=""):
    return f'<w:p><w:pPr><w:pStyle w:val="{style}"/></w:pPr>{run(text)}</w:p>'


def test_the_rows_of_a_table_stay_together_unless_their_cells_are_long(read):
    rows = [("Aspirin", "100 mg daily"), ("Ibuprofen", "400 mg")]
    cells = [[f"<w:tc>{paragraph(text)}</w:tc>" for text in row] for row in rows]
    long = (
        f"<w:tr><w:tc>{paragraph('One.')}{paragraph('Two.')}</w:tc><w:tc>{paragraph('Three.')}</w:tc></w:tr>"
    )
    table = "".join(f"<w:tr>{''.join(row)}</w:tr>" for row in cells)
    found, _ = read("a.docx", made(f"{paragraph('Before')}<w:tbl>{table}{long}</w:tbl>{paragraph('After')}"))
    assert (
        found[0].text
        == "Before\n\nAspirin 100 mg daily\n\nIbuprofen 400 mg\n\nOne.\n\nTwo.\n\nThree.\n\nAfter"
    )


def test_notes_are_read_last_and_a_table_of_contents_is_not(read):
    line = f'<w:footnote w:type="separator">{paragraph("Line")}</w:footnote>'
    data = made(
        paragraph("Chapter 1 5", "TOC1") + paragraph("Text."),
        footnotes=f"{line}<w:footnote>{paragraph('A footnote.')}</w:footnote>",
        endnotes=f"<w:endnote>{paragraph('An endnote.')}</w:endnote>",
    )
    assert read("a.docx", data)[0] == [Document("a.docx", "Text.\n\nA footnote.\n\nAn endnote.")]
