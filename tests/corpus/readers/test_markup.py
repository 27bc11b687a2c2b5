import gzip
import tracemalloc

import pytest

from mlm_demo.corpus.formats import Document
from tests.support.packed_files import word, zipped

HTML = """<!doctype html><html><head><title>T</title><style>p {}</style></head><body><nav>Menu</nav>
<header>Top</header><h1>Head &amp; line</h1><p>One <b>bold</b>
 word.<br>New line &eacute;<script>var p = "<p>no"</script><p hidden>Not seen<p style="display: none">Nor this
<ul><li>first<li>second</ul><table><tr><td>a</td><td>b</td></tr></table><footer>End</footer></body></html>"""


@pytest.mark.parametrize("name", ["a.html", "a.htm", "a.txt"])
def test_the_visible_text_of_a_page_is_read(read, name):
    found, notes = read(name, HTML)
    assert found == [Document(name, "Head & line\n\nOne bold word.\nNew line é\n\nfirst\n\nsecond\n\na b")]
    assert notes == (["a.txt is an HTML page, and was read as one."] if name == "a.txt" else [])


def test_the_encoding_that_a_page_declares_counts(read):
    page = '<html><meta charset="windows-1251"><p>Это\n<p>да</html>'
    assert read("a.html", page.encode("cp1251"))[0][0].text == "Это\n\nда"


def test_a_page_nested_deep_or_left_open_is_read(read):
    deep = "<html>" + "<div>" * 20_000 + "deep" + "</div>" * 10_000 + "<p>after<!--"
    assert read("a.html", deep)[0][0].text == "deep\n\nafter"


def test_the_paragraphs_of_a_word_file_and_its_tables_are_read(read):
    assert read("a.docx", word("One\ttwo", "", "Three\nfour", cell="In a table")) == (
        [Document("a.docx", "One two\n\nThree\nfour\n\nIn a table")],
        [],
    )


def test_what_a_word_file_draws_in_two_ways_is_read_once(read):
    box = "<txbxContent><p><r><t>In a box</t></r></p></txbxContent>"
    twice = f"<AlternateContent><Choice>{box}</Choice><Fallback>{box}</Fallback></AlternateContent>"
    tabs = "<pPr><tabs><tab/></tabs></pPr>"
    text = f"<document><body><p>{tabs}<r>{twice}<t>Around</t></r></p></body></document>"
    found, _ = read("a.docx", zipped([("word/document.xml", text)]))
    assert found == [Document("a.docx", "In a box\n\nAround")]


PUBMED = """<?xml version="1.0"?>
<!DOCTYPE PubmedArticleSet PUBLIC "-//NLM//DTD PubMedArticle" "http://127.0.0.1:9/a.dtd">
<PubmedArticleSet><PubmedArticle><MedlineCitation><PMID>7</PMID><Article>
<ArticleTitle>On <i>X</i> &beta;.</ArticleTitle><Abstract><AbstractText Label="A">First
part.</AbstractText><AbstractText>Second.</AbstractText></Abstract></Article></MedlineCitation>
<PubmedData>no</PubmedData></PubmedArticle><PubmedArticle><MedlineCitation><PMID>8</PMID><Article>
<ArticleTitle>Y.</ArticleTitle></Article></MedlineCitation></PubmedArticle></PubmedArticleSet>"""
JATS = """<article><front><article-meta><title-group><article-title>Title</article-title></title-group>
<abstract><p>Short.</p></abstract></article-meta></front><body><sec><title>S</title><p>Body <xref>1</xref>.
<list><list-item><p>in it</p></list-item></list></p><table-wrap><p>1 2 3</p></table-wrap><p>End.</p></sec></body>
<back><p>no</p></back></article>"""


@pytest.mark.parametrize("name", ["a.xml", "a.txt", "a.xml.gz"])
def test_each_record_of_pubmed_is_a_document(read, name):
    found, _ = read(name, gzip.compress(PUBMED.encode(), mtime=0) if name.endswith("gz") else PUBMED)
    expected = [("7", "On X β.\n\nFirst part.\n\nSecond."), ("8", "Y.")]
    assert found == [Document(f"{name}, PMID {number}", text) for number, text in expected]


@pytest.mark.parametrize("namespace", ["", ' xmlns="https://jats.nlm.nih.gov/ns/archiving/1.3/"'])
def test_a_jats_article_is_its_title_abstract_and_body(read, namespace):
    found, _ = read("a.xml", JATS.replace("<article>", f"<article{namespace}>"))
    assert found == [Document("a.xml", "Title\n\nShort.\n\nBody 1. in it\n\nEnd.")]


def test_xml_opens_no_other_file_and_expands_no_entity(read, tmp_path):
    (tmp_path / "secret").write_text("root:x:0:0")
    for url in ("/etc/passwd", f"file://{tmp_path}/secret", "http://127.0.0.1:9/x"):
        entities = f'<!DOCTYPE article [<!ENTITY x SYSTEM "{url}"><!ENTITY a "haha"><!ENTITY b "&a;&a;">]>'
        found, _ = read("a.xml", entities + JATS.replace("End.", "End &x;&b; &a;."))
        assert found[0].text.endswith("\n\nEnd .")
        assert "root:" not in found[0].text


def test_as_many_names_of_characters_as_a_megabyte_holds_are_read(read):
    names = "".join(
        f"&beta;&no{i}; " for i in range(80_000)
    )  # minutes, were each looked for in the whole text
    found, _ = read("a.xml", PUBMED.replace("Second.", names))
    assert found[0].text.endswith("First part.\n\n" + " ".join(["β"] * 80_000))


@pytest.mark.parametrize("depth", [10, 35])
def test_a_billion_laughs_are_refused(refused, depth):
    laughs = "".join(f'<!ENTITY l{i} "{f"&l{i - 1};" * 10}">' for i in range(1, depth))
    entities = f'<!DOCTYPE article [<!ENTITY l0 "ha">{laughs}]>'
    tracemalloc.start()
    try:
        refused(
            "a.xml",
            entities + JATS.replace("End.", f"&l{depth - 1};"),
            "'a.xml' is a broken XML .*Maximum entity",
        )
        assert tracemalloc.get_traced_memory()[1] < 5_000_000
    finally:
        tracemalloc.stop()
