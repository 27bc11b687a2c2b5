import gzip
import tracemalloc

import pytest

from mlm_demo.corpus.documents import Document

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
    assert found == [Document("a.xml", "Title\n\nShort.\n\nBody 1.\n\nin it\n\nEnd.")]


def test_xml_opens_no_other_file_and_expands_no_entity(read, tmp_path):
    (tmp_path / "secret").write_text("root:x:0:0")
    for url in ("/etc/passwd", f"file://{tmp_path}/secret", "http://127.0.0.1:9/x"):
        entities = f'<!DOCTYPE article [<!ENTITY x SYSTEM "{url}"><!ENTITY a "haha"><!ENTITY b "&a;&a;">]>'
        found, _ = read("a.xml", entities + JATS.replace("End.", "End &x;&b; &a;."))
        assert found[0].text.endswith("\n\nEnd .")
        assert "root:" not in found[0].text


def test_many_different_entities_take_linear_time(read):
    names = "".join(
        f"&beta;&no{i}; " for i in range(80_000)
    )  # replacing one after the other in the whole text would take minutes
    found, _ = read("a.xml", PUBMED.replace("Second.", names))
    assert found[0].text.endswith("First part.\n\n" + " ".join(["β"] * 80_000))


@pytest.mark.parametrize("depth", [10, 35])
def test_a_billion_laughs_attack_is_refused(refused, depth):
    laughs = "".join(f'<!ENTITY l{i} "{f"&l{i - 1};" * 10}">' for i in range(1, depth))
    entities = f'<!DOCTYPE article [<!ENTITY l0 "ha">{laughs}]>'
    tracemalloc.start()
    try:
        refused(
            "a.xml",
            entities + JATS.replace("End.", f"&l{depth - 1};"),
            "'a.xml' is a corrupt XML .*Maximum entity",
        )
        assert tracemalloc.get_traced_memory()[1] < 5_000_000
    finally:
        tracemalloc.stop()


def test_every_annotation_of_elan_is_read(read):
    def tier(*values):
        annotations = "".join(
            f"<ANNOTATION><REF_ANNOTATION><ANNOTATION_VALUE>{value}</ANNOTATION_VALUE></REF_ANNOTATION></ANNOTATION>"
            for value in values
        )
        return f'<TIER TIER_ID="a">{annotations}</TIER>'

    eaf = (
        '<?xml version="1.0"?><ANNOTATION_DOCUMENT><HEADER><PROPERTY NAME="URN">urn:a b c d</PROPERTY></HEADER>'
        f"{tier('They went to the river.', '', 'Then home.')}{tier('Nami')}</ANNOTATION_DOCUMENT>"
    )
    found, notes = read("a.eaf", eaf)
    assert [d.text for d in found] == ["They went to the river.\nThen home.\n\nNami"]
    assert notes == ["a.eaf is an XML file, and was read as one."]


def test_a_footnote_inside_a_sentence_of_other_xml_is_left_out(read):
    act = (
        '<?xml version="1.0"?><act xmlns="http://docs.oasis-open.org/legaldocml/ns/akn/3.0"><p>An insurer shall cover '
        "care<authorialNote><p>A <i>note</i>.</p></authorialNote> without <i>prior</i> approval.</p></act>"
    )
    assert [d.text for d in read("a.xml", act)[0]] == ["An insurer shall cover care without prior approval."]


def test_sentences_without_spaces_are_read_from_other_xml(read):
    xml = '<?xml version="1.0"?><r><a>名前</a><p>鷺は葦の中で一日中待っていた。</p><p>The heron waits here.</p></r>'
    assert read("a.xml", xml)[0][0].text == "鷺は葦の中で一日中待っていた。\n\nThe heron waits here."
