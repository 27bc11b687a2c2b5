"""What surrounds the text of a page goes, and its lines become paragraphs."""

import pytest

from mlm_demo.corpus.readers.page_lines import Line, lines_of
from mlm_demo.corpus.readers.page_text import PageText, is_stamp
from tests.support.packed_files import drawn_pdf


def page(*texts, top=700, step=14):
    return [Line(text, 72, top - step * number, 10) for number, text in enumerate(texts)]


def read_pages(*pages):
    text = PageText()
    return [*text.paragraphs(pages), *text.rest()]


BODY = [
    "The heron stood in the reeds all day and",
    "watched the water for a sign of fish until",
    "the evening came.",
]


@pytest.mark.parametrize(
    ("top", "bottom"),
    [
        ("Journal of Marsh Studies 12 (2021) 301-309", "301"),
        ("Herons of the fen", "Page 3 of 10"),
        ("AUTHOR MANUSCRIPT", "- 4 -"),
        ("Marsh et al. Page 2", "J Marsh. Author manuscript; available in PMC 2020."),
    ],
)
def test_running_heads_and_page_numbers_are_left_out(top, bottom):
    bodies = [[f"{word} {line}" for line in BODY] for word in ("One", "Two", "Three")]
    pages = [[Line(top, 72, 760, 8), *page(*body), Line(bottom, 290, 40, 8)] for body in bodies]
    assert read_pages(*pages) == [" ".join(body) for body in bodies]


def test_a_line_with_the_number_of_its_page_is_a_head():
    titles = ["Chapter 1: Reeds", "Chapter 1: Reeds", "Chapter 2: Mud", "Chapter 3: Eels", "Chapter 4: Tides"]
    pages = [
        [Line(f"{title} {number}", 72, 760, 8), *page(*(f"{word} {line}" for line in BODY))]
        for number, (title, word) in enumerate(zip(titles, "ABCDE", strict=True), 7)
    ]
    assert read_pages(*pages) == [" ".join(f"{word} {line}" for line in BODY) for word in "ABCDE"]


def test_text_that_only_two_of_many_pages_share_stays():
    pages = [page(f"{word} begins here and", "goes on for a line.") for word in "ABCDEFGHIJ"]
    pages[3] = pages[7] = page("The same words begin", "these two pages.")
    assert read_pages(*pages).count("The same words begin these two pages.") == 2


def test_a_sentence_goes_on_on_the_next_page():
    assert read_pages(page("A sentence that runs over the"), page("page break. The next one.")) == [
        "A sentence that runs over the page break. The next one."
    ]


def test_references_go_and_an_appendix_stays():
    references = [
        "References",
        "1. Heron A. Reeds. J Marsh. 2001;3:1-9.",
        "2. Eel B. Mud. J Marsh. 1999;2:5.",
    ]
    first = page(*BODY, *references)
    second = page("3. Crane C. Fens. 2010.", "Appendix A", "The gauge was read at noon.")
    text = " ".join(read_pages(first, second))
    assert "gauge was read" in text
    assert "Heron A." not in text
    assert "Crane C." not in text


REFERENCES = ["References", "1. Heron A. Reeds. J Marsh. 2001;3:1-9.", "2. Eel B. Mud. J Marsh. 1999;2:5."]


@pytest.mark.parametrize(
    "heading", ["Methods", "Materials and methods", "1 Introduction", "Abstract", "Chapter 2: Mud"]
)
def test_a_heading_of_text_ends_references(heading):
    text = " ".join(
        read_pages(page(*BODY, *REFERENCES), page("3. Crane C. Fens. 2010.", heading, "It was noon."))
    )
    assert "It was noon." in text
    assert "Crane C." not in text


@pytest.mark.parametrize(
    "line", ["chapter 3. In: Marsh B, editor.", "Chapter 3, Fens", "Chapter 3. In: Marsh B"]
)
def test_the_chapter_of_a_reference_ends_nothing(line):
    assert "Crane" not in " ".join(read_pages(page(*BODY, *REFERENCES, line, "Crane C. 2010.")))


def test_many_lines_without_years_are_no_references():
    lines = [f"The gauge was read on day {number} and" for number in range(8)]
    text = " ".join(read_pages(page(*BODY, *REFERENCES), page(*lines, "that was all.")))
    assert "read on day 0 and" in text
    assert text.endswith("that was all.")
    assert "Eel B." not in text
    assert "day 1" not in " ".join(read_pages(page(*BODY, *REFERENCES), page(*lines, "Crane C. Fens. 2010.")))


def test_the_word_references_in_a_table_of_contents_ends_nothing():
    assert "evening came" in " ".join(read_pages(page("References", *BODY)))


@pytest.mark.parametrize(
    "license",
    [
        "© 2021 Made-up Press. All rights reserved.",
        "Copyright 2020 The Authors.",
        "This is an open access article under the Creative Commons Attribution License, which permits use.",
    ],
)
def test_a_license_is_left_out(license):
    assert read_pages([*page(*BODY), Line(license, 72, 500, 7)]) == [" ".join(BODY)]


def test_gaps_indents_and_short_last_lines_are_paragraphs():
    lines = page(*BODY, "Another paragraph begins after a short line and", "goes on.")
    lines += [Line("A gap stands before this.", 72, 600, 10)]
    assert read_pages(lines) == [
        " ".join(BODY), "Another paragraph begins after a short line and goes on.", "A gap stands before this.",
    ]  # fmt: skip


def test_columns_that_were_drawn_side_by_side_are_read_one_after_the_other(read):
    left = ["The left column starts here and tells", "of the herons that stood in the reeds", "all day long."]
    right = ["Meanwhile the right column is about", "the eels that swam in the river and", "were gone."]
    rows = [
        (x, 700 - 14 * n, text)
        for n, both in enumerate(zip(left, right, strict=True))
        for x, text in zip((72, 320), both, strict=True)
    ]
    found, _ = read("a.pdf", drawn_pdf(rows))
    assert found[0].text == f"{' '.join(left)}\n\n{' '.join(right)}"


def test_the_cells_of_a_table_stay_together(read):
    rows = [(x, 700 - 14 * n, text) for n in range(3) for x, text in ((72, "Aspirin"), (320, f"{n} mg"))]
    assert "Aspirin 1 mg" in read("a.pdf", drawn_pdf(rows))[0][0].text


@pytest.mark.parametrize("beside", [True, False])
def test_the_line_numbers_of_a_manuscript_are_left_out(read, beside):
    lines = [
        "The heron stood in",
        "the reeds all day",
        "and watched for fish",
        "until the evening",
        "came at last.",
    ]
    rows = []
    for n, text in enumerate(lines, 12):
        y = 700 - 14 * (n - 12)
        rows += [(72, y, f"{n} {text}")] if beside else [(50, y, str(n))]
    if not beside:
        rows += [(72, 700 - 14 * n, text) for n, text in enumerate(lines)]
    assert read("a.pdf", drawn_pdf(rows))[0][0].text == " ".join(lines)


@pytest.mark.parametrize(
    "stamp",
    ["Downloaded from https://press.example by guest on 4 May 2021", "downloaded by 10.0.0.1 on 3 May 2020"],
)
def test_a_stamp_alone_is_no_text_of_a_scan(refused, stamp):
    refused(
        "a.pdf", drawn_pdf([(72, 30, stamp)]), "'a.pdf' holds no text on its 1 pages, so it may be a scan"
    )


@pytest.mark.parametrize(
    "text",
    [
        "Downloaded from ajp.marsh.org by guest",
        "Downloaded by [Fen College] at 03:10 4 May 2021",
        "Printed on 4/5/21",
    ],
)
def test_a_stamp_has_a_host_or_a_date(text):
    assert is_stamp(Line(text, 72, 30, 7))


@pytest.mark.parametrize(
    "text",
    [
        "downloaded from the Gene Expression Omnibus (GEO) and",
        "accessed by two reviewers who were blinded to the",
        "accessed on 4 May 2021, and the counts of the herons",
        "printed on both sides of the page, as the",
    ],
)
def test_the_rest_of_a_sentence_is_no_stamp(text):
    assert not is_stamp(Line(text, 72, 400, 10))


def test_text_along_the_side_of_a_page_is_left_out_unless_all_is_turned(read):
    side = (20, -200, "Along the margin")
    assert (
        read("a.pdf", drawn_pdf([(72, 700, "The heron waits here."), side]))[0][0].text
        == "The heron waits here."
    )
    assert read("a.pdf", drawn_pdf([side]))[0][0].text == "Along the margin"


def test_a_small_raised_text_is_a_superscript(read):
    texts = [(72, 700, "We counted 10"), (140, 704, "6", 7), (145, 700, " cells."), (175, 704, "3,4", 7)]
    texts += [(190, 700, " Ca"), (205, 704, "2+", 7), (215, 700, " in CO"), (235, 697, "2", 7)]
    assert read("a.pdf", drawn_pdf(texts))[0][0].text == "We counted 10^6 cells. Ca2+ in CO2"


def test_ligatures_and_symbols_are_letters_and_lost_ones_are_noted(read):
    data = drawn_pdf([(72, 700, "The \x01rst o\x02cial \x03 survey \x04 was su\x05cient.")], {
        1: "FB01", 2: "FB03", 3: "F061", 4: "E001", 5: "0000",
    })  # fmt: skip
    found, notes = read("a.pdf", data)
    assert found[0].text == "The first official α survey was sucient."
    assert "its fonts do not name 2 of its characters" in notes[0]


def test_lines_have_their_positions():
    import io

    import pypdf

    reader = pypdf.PdfReader(io.BytesIO(drawn_pdf([(72, 700, "One."), (72, 680, "Two.")])))
    assert lines_of(reader.pages[0]) == [Line("One.", 72, 700, 10), Line("Two.", 72, 680, 10)]
