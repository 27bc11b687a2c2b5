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
