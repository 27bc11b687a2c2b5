import time

import pytest

from mlm_demo.corpus.documents import Document

NBIB = """
PMID- 11
OWN - NLM
TI  - Growth of reeds in
      mud.
AB  - BACKGROUND: Herons nest in reeds. METHODS: We looked
      at them.
FAU - Heron, Ann
AD  - Department of Marshes.

PMID- 12
TI  - Tides.
AB  - The tide peaks at one.
"""
RIS = """TY  - JOUR
TI  - Growth of reeds
AU  - Heron, A.
AB  - Herons nest in reeds.
And wait.
ID  - 7
ER  -

TY  - JOUR
T1  - Tides
N2  - The tide peaks at one.
ER  -
"""
TEXT = """1. J Marsh. 2021 Jan;3(1):1-9. doi: 10.1/x. Epub 2020 Dec 1.

Growth of reeds in
mud.

Heron A(1), Eel B(2)(3).

Author information:
(1)Department of Marshes.

BACKGROUND: Herons nest in
reeds.
METHODS: We looked at them.

Copyright © 2021 Press.

DOI: 10.1/x
PMID: 11 [Indexed for MEDLINE]

Conflict of interest statement: None.


2. J Mud. 2020;1:2.

Tides.

Crane C.

The tide peaks at one.

PMID: 12
"""
BIB = """% exported
@article{heron2021,
  title = {Growth of {R}eeds in H$_2$S},
  author = {Heron, A.},
  abstract = {Herons {\\em nest} in caf\\'e reeds, 5\\% of them.},
  year = 2021
}
@comment{jabref}
@book(eel, title = "Tides {and} \\"{o}", abstract = "The tide
peaks.")
"""


@pytest.mark.parametrize("name", ["a.nbib", "pubmed-reeds.txt"])
def test_medline_is_read_by_title_and_abstract(read, name):
    found, notes = read(name, NBIB)
    assert found == [
        Document(f"{name}, PMID 11",
                 "Growth of reeds in mud.\n\nBACKGROUND: Herons nest in reeds. METHODS: We looked at them."),
        Document(f"{name}, PMID 12", "Tides.\n\nThe tide peaks at one."),
    ]  # fmt: skip
    assert notes == ([] if name == "a.nbib" else [f"{name} is a MEDLINE file, and was read as one."])


@pytest.mark.parametrize("name", ["a.ris", "export.txt"])
def test_ris_is_read_by_title_and_abstract(read, name):
    assert read(name, RIS.replace("\n", "\r\n"))[0] == [
        Document(f"{name}, reference 7", "Growth of reeds\n\nHerons nest in reeds. And wait."),
        Document(name, "Tides\n\nThe tide peaks at one."),
    ]


def test_the_abstracts_that_pubmed_saves_as_text_are_read(read):
    found, notes = read("abstract-reeds-set.txt", TEXT)
    assert found == [
        Document("abstract-reeds-set.txt, record 1",
                 "Growth of reeds in mud.\n\nBACKGROUND: Herons nest in reeds. METHODS: We looked at them."),
        Document("abstract-reeds-set.txt, record 2", "Tides.\n\nThe tide peaks at one."),
    ]  # fmt: skip
    assert notes == ["abstract-reeds-set.txt is a text from PubMed, and was read as one."]


def test_bibtex_is_read_by_title_and_abstract(read):
    assert read("a.bib", BIB)[0] == [
        Document("a.bib, heron2021", "Growth of Reeds in H2S\n\nHerons nest in café reeds, 5% of them."),
        Document("a.bib, eel", "Tides and ö\n\nThe tide peaks."),
    ]


def test_the_parts_of_a_value_in_bibtex_are_joined(read):
    bib = (
        '@article{tone, title = "Tone in " # {Bantu}, abstract = "It spreads right " # "in\n most of them.",}'
    )
    assert [d.text for d in read("a.bib", bib)[0]] == ["Tone in Bantu\n\nIt spreads right in most of them."]


@pytest.mark.parametrize("name", ["a.enw", "a.txt"])
def test_endnote_is_read_by_title_and_abstract(read, name):
    data = "%0 Journal Article\n%T Reeds\n%A Heron, A.\n%X Herons wait.\n\n%0 Book\n%T Tides\n"
    assert [item.text for item in read(name, data)[0]] == ["Reeds\n\nHerons wait.", "Tides"]


@pytest.mark.parametrize("name", ["a.pubtator", "a.txt"])
def test_pubtator_is_read_without_its_annotations(read, name):
    data = "11|t|Reeds in mud.\n11|a|Herons wait.\n11\t0\t5\tReeds\tSpecies\t1\n\n12|t|Tides.\n12|a|At one.\n"
    assert read(name, data)[0] == [
        Document(f"{name}, PMID 11", "Reeds in mud.\n\nHerons wait."),
        Document(f"{name}, PMID 12", "Tides.\n\nAt one."),
    ]


@pytest.mark.parametrize("name", ["a.txt", "a.md"])
def test_prose_that_begins_alike_stays_prose(read, name):
    for text in (
        "1. First we counted.\n\n2. Then we waited.",
        "PMID is a number.\n\nTY - no tag.",
        "@home we rest.",
    ):
        assert read(name, text)[0][0].text.replace("- ", "") == text.replace("- ", "")


def test_a_reference_without_an_abstract_is_its_title(read):
    assert [d.text for d in read("a.nbib", "PMID- 1\nTI  - Alone.\n")[0]] == ["Alone."]


@pytest.mark.parametrize(
    "unit", ["@a{b, title = {", "title = ", '"', "{", "AB  - x\n", "TI  - ", "@a{b,\n", "\n1. x\n"]
)
@pytest.mark.parametrize("name", ["a.bib", "a.nbib"])
def test_a_megabyte_of_anything_takes_little_time(read, name, unit):
    start = time.process_time()
    read(name, "PMID- 1\nTI  - One.\n@a{b,\n title = {Two}\n}\n" + unit * (300_000 // len(unit)))
    assert time.process_time() - start < 5


def test_a_percent_sign_in_bibtex_ends_nothing(read):
    bib = "@article{a,\n abstract = {It rose in 95% of them and 5\\% of us. It then fell.},\n}"
    assert [d.text for d in read("a.bib", bib)[0]] == ["It rose in 95% of them and 5% of us. It then fell."]


def test_a_sentence_that_begins_like_a_name_is_no_author(read):
    text = TEXT.replace(
        "The tide peaks at one.", "Tides are high in bays on the IJ, but their height is debated."
    )
    assert read("a.txt", text)[0][1].text == (
        "Tides.\n\nTides are high in bays on the IJ, but their height is debated."
    )


@pytest.mark.parametrize(
    "authors", ["Heron A; Marsh Study Group; Eel BC Jr.", "van der Fen A(#)(1), O'Eel B(1)(#)."]
)
def test_authors_are_left_out(read, authors):
    assert read("a.txt", TEXT.replace("Crane C.", authors))[0][1].text == "Tides.\n\nThe tide peaks at one."


def test_a_title_may_begin_like_a_remark(read):
    assert read("a.txt", TEXT.replace("Tides.", "Update in tides."))[0][1].text.startswith("Update in tides.")


def test_lines_of_an_abstract_that_look_like_tags_are_text(read):
    ris = RIS.replace("And wait.\n", "AIMS - To find it.\nDNA - based\n\nThe end.\n")
    assert read("a.ris", ris)[0][0].text == (
        "Growth of reeds\n\nHerons nest in reeds. AIMS - To find it. DNA - based The end."
    )
    data = "%0 Journal Article\n%T Reeds\n%X Herons wait.\nAIMS - To find it.\n\nAll.\n\n%0 Book\n%T Tides\n"
    assert [item.text for item in read("a.enw", data)[0]] == [
        "Reeds\n\nHerons wait. AIMS - To find it. All.",
        "Tides",
    ]


def test_of_several_titles_the_main_one_counts(read):
    fields = [
        "TY  - CHAP",
        "T1  - x",
        "TI  - Reeds",
        "N2  - y",
        "AB  - They nest.",
        "ID  - 7",
        "AN  - 8",
        "ER  -",
    ]
    assert read("a.ris", "\n".join(fields))[0] == [Document("a.ris, reference 8", "Reeds\n\nThey nest.")]
