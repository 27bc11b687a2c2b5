"""Markup keeps its meaning: neighbors of what people reported, in XML, JATS and PubMed."""

import pytest

from mlm_demo.corpus.documents import Document, Dropped
from mlm_demo.corpus.readers.scripts import superscript


@pytest.mark.parametrize(
    ("before", "text", "expected"),
    [
        ("10", "6", "^6"), ("× 10", "−3", "^-3"), ("10", "5–6", "^5–6"), ("(a+b)", "2", "^2"), ("kg/m", "2", "^2"),
        ("R", "2", "^2"), ("mol", "-1", "^-1"), ("s", "–1", "^-1"), ("Ca", "2+", "2+"), ("Na", "+", "+"),
        ("CD4", "+", "+"), ("the ", "14", "14"), ("[", "18", "18"), ("", "99m", "99m"), ("1", "st", "st"),
        ("BRCA1", "−/−", "−/−"), ("x", "n", "^n"), ("Brand", "®", "®"), ("decline", "1,2–5", ""), ("decline", "3", ""),
        ("found.", "12", ""), ("in 2020", "3", ""), ("patients", "a", ""), ("mice", "*", ""), ("(see above)", "7", ""),
    ],
)  # fmt: skip
def test_a_superscript_keeps_its_meaning(before, text, expected):
    assert superscript(before, text) == expected


PARAGRAPHS = [
    ("10<sup>6</sup> cells and 2.5 × 10<sup>-3</sup>", "10^6 cells and 2.5 × 10^-3"),
    ("CO<sub>2</sub> and Ca<sup>2+</sup>", "CO2 and Ca2+"),
    ("Eels decline<sup>1,2–5</sup> across", "Eels decline across"),
    ("Eels<sup><xref ref-type='bibr'>1</xref>,<xref ref-type='bibr'>2</xref></sup> swim", "Eels swim"),
    ("Eels [<xref ref-type='bibr'>1</xref>, <xref ref-type='bibr'>2</xref>] swim", "Eels swim"),
    ("as <xref ref-type='bibr'>Smith (2020)</xref> says", "as Smith (2020) says"),
    ("see <xref ref-type='fig'>Fig. 1</xref>.", "see Fig. 1."),
    ("First line<break/>second line.", "First line second line."),
    ("held more fish<fig><label>Fig. 1</label><caption><p>Legend.</p></caption></fig> than", "held more fish than"),
    ("Nine herons<fn><p>Seen from the dyke.</p></fn> were seen.", "Nine herons were seen."),
    ("a<inline-formula><alternatives><tex-math>\\frac12</tex-math></alternatives></inline-formula> b", "a b"),
    ("The flow is<disp-formula><m:math><m:mi>E</m:mi><m:mo>=</m:mo><m:mi>m</m:mi></m:math><label>(1)</label>"
     "</disp-formula>where m is mass.", "The flow is E=m where m is mass."),
    ("ratio <m:math><m:mfrac><m:mn>1</m:mn><m:mn>2</m:mn></m:mfrac></m:math> fell", "ratio 1/2 fell"),
    ("<m:math><m:msup><m:mi>x</m:mi><m:mn>2</m:mn></m:msup></m:math> fell", "x^2 fell"),
    ("<m:math><m:msqrt><m:mi>a</m:mi><m:mo>+</m:mo><m:mi>b</m:mi></m:msqrt></m:math>", "√(a+b)"),
    ("<m:math><m:msub><m:mi>v</m:mi><m:mn>0</m:mn></m:msub></m:math> is", "v0 is"),
]  # fmt: skip


@pytest.mark.parametrize(("markup", "text"), PARAGRAPHS)
def test_a_paragraph_of_jats_is_read_as_a_person_reads_it(read, markup, text):
    article = f"<article xmlns:m='http://www.w3.org/1998/Math/MathML'><body><p>{markup}</p></body></article>"
    assert read("a.xml", article)[0] == [Document("a.xml", text)]


def test_lists_apart_appendices_in_and_pictures_of_abstracts_out(read):
    article = """<article><front><article-meta><title-group><article-title>T<xref ref-type="fn">*</xref></article-title>
    </title-group><abstract abstract-type="graphical"><p>Picture.</p></abstract><abstract><title>Abstract</title>No
    paragraph here.</abstract></article-meta></front><body><p>The steps are:<list><list-item><p>Open the gate.</p>
    </list-item><list-item><p>Close it.</p></list-item></list></p></body><back><app-group><app><title>A</title>
    <p>Appended.</p></app></app-group><ref-list><ref>Nobody</ref></ref-list></back></article>"""
    text = "T\n\nNo paragraph here.\n\nThe steps are:\n\nOpen the gate.\n\nClose it.\n\nAppended."
    assert read("a.nxml", article)[0] == [Document("a.nxml", text)]


def test_a_chapter_of_a_book_is_a_document(read):
    book = """<book-part-wrapper><book-part><book-part-meta><title-group><title>Pollards</title></title-group>
    </book-part-meta><body><p>One.</p><book-part><body><p>Inner.</p></body></book-part><p>Two.</p></body></book-part>
    </book-part-wrapper>"""
    assert [item.text for item in read("a.xml", book)[0]] == ["Inner.", "Pollards\n\nOne.\n\nTwo."]


def record(number, text, version=1, article="MedlineCitation"):
    return (
        f'<PubmedArticle><{article}><PMID Version="{version}">{number}</PMID><Article><Abstract><AbstractText>{text}'
        f"</AbstractText></Abstract></Article></{article}></PubmedArticle>"
    )


def texts(found):
    return [item.text for item in found if isinstance(item, Document)]


def test_deleted_and_superseded_records_and_notes_on_cuts_are_out(read):
    data = f"""<PubmedArticleSet>{record(1, "Old.")}{record(1, "New.", 2)}{record(2, "Gone.")}
    {record(3, "Kept.(ABSTRACT TRUNCATED AT 250 WORDS)")}<DeleteCitation><PMID Version="1">9</PMID>
    <PMID Version="1">2</PMID></DeleteCitation></PubmedArticleSet>"""
    assert texts(read("a.xml", data)[0]) == ["New.", "Kept."]


def test_bold_labels_that_touch_are_apart_and_books_are_read(read):
    data = record(1, "<b>Patient: Female, 61</b><b>Final Diagnosis: Marsh fever</b>")
    book = "<PubmedBookArticle><BookDocument><PMID>5</PMID><Book><BookTitle>B</BookTitle></Book><Abstract>"
    book += "<AbstractText>Cut in winter.</AbstractText></Abstract></BookDocument></PubmedBookArticle>"
    found, _ = read("a.xml", f"<PubmedArticleSet>{data}{book}</PubmedArticleSet>")
    assert texts(found) == ["Patient: Female, 61 Final Diagnosis: Marsh fever", "B\n\nCut in winter."]


@pytest.mark.parametrize("glue", ["", '<?xml version="1.0"?>\n<!DOCTYPE PubmedArticleSet SYSTEM "x">\n'])
def test_sets_that_were_glued_together_are_read(read, glue):
    data = "".join(
        f"<PubmedArticleSet>{record(n, f'Text {n} &beta;.')}</PubmedArticleSet>{glue}" for n in range(3)
    )
    found, _ = read("a.xml", '<!DOCTYPE PubmedArticleSet SYSTEM "x">' + data)
    assert texts(found) == ["Text 0 β.", "Text 1 β.", "Text 2 β."]


def test_a_set_that_is_cut_off_or_damaged_gives_its_good_records(read):
    data = f"<PubmedArticleSet>{record(1, 'One.')}{record(2, 'Two <b>open.')}{record(3, 'Three.')}{record(4, 'Four.')}"
    found, _ = read("a.xml", data[:-60])
    assert texts(found) == ["One.", "Three."]
    assert [item.source for item in found if isinstance(item, Dropped)] == ["a.xml, record 2, 4"]


def test_xml_of_an_unknown_kind_gives_its_sentences(read):
    data = """<?xml version="1.0"?><notes><note id="7"><by>Ann</by><on>2020-01-01</on><text>The <b>gate</b> was open
    at noon.</text></note><note><text><i>Nobody</i> closed the gate again.</text></note></notes>"""
    found, notes = read("a.xml", data)
    assert texts(found) == ["The gate was open at noon.\n\nNobody closed the gate again."]
    assert notes == ["a.xml is XML of an unknown kind; the sentences of its elements were read."]
    assert texts(read("a.xml", "<note>words</note>")[0]) == ["words"]
    letter = (
        "<root><TEXT><![CDATA[The gate was open.\n  \n\nNobody closed it again.\nAt noon.]]></TEXT></root>"
    )
    assert texts(read("a.xml", letter)[0]) == ["The gate was open.\n\nNobody closed it again. At noon."]


def test_xml_of_an_unknown_kind_opens_no_other_file(read, refused, tmp_path):
    (tmp_path / "secret").write_text("root:x:0:0")
    entities = f'<!DOCTYPE n [<!ENTITY x SYSTEM "file://{tmp_path}/secret"><!ENTITY y "word">]>'
    found, _ = read("a.xml", f"{entities}<n><t>The text begins here &x; and ends &y;.</t></n>")
    assert texts(found) == ["The text begins here and ends word."]
    laughs = "".join(f'<!ENTITY l{i} "{f"&l{i - 1};" * 10}">' for i in range(1, 12))
    bomb = f'<!DOCTYPE n [<!ENTITY l0 "ha">{laughs}]><n>&l11;</n>'
    refused("a.xml", bomb, "'a.xml' is a corrupt XML file .*Maximum entity")


KINDS = {
    "BioC": (
        """<collection><document><id>42</id><passage><infon key="type">abstract</infon>
        <text>Herons wait.</text></passage>
        <passage><infon key="section_type">REF</infon><text>Nobody 1999</text></passage></document></collection>""",
        [Document("a.xml, document 42", "Herons wait.")],
    ),
    "TEI": (
        """<TEI xmlns="http://www.tei-c.org/ns/1.0"><teiHeader><fileDesc><titleStmt><title>Reeds</title></titleStmt>
        <publicationStmt><p>Licence</p></publicationStmt></fileDesc></teiHeader><text><body><div><head>One</head><p>Cut
        <ref type="bibr">[1]</ref> in winter.</p></div></body><back><listBibl/></back></text></TEI>""",
        [Document("a.xml", "Reeds\n\nCut in winter.")],
    ),
    "ClinicalTrials.gov": (
        """<clinical_study><id_info><nct_id>NCT0</nct_id></id_info><brief_title>Reeds</brief_title><brief_summary>
        <textblock>\n  We cut\n  them.\n\n  Twice.\n</textblock></brief_summary></clinical_study>""",
        [Document("a.xml, NCT0", "Reeds\n\nWe cut them.\n\nTwice.")],
    ),
}  # fmt: skip


@pytest.mark.parametrize(("data", "documents"), KINDS.values(), ids=list(KINDS))
def test_other_xml_of_research_is_read_by_its_kind(read, data, documents):
    assert read("a.xml", data) == (documents, [])
