import time

import pytest

from mlm_demo.corpus.readers.markdown import strip_markdown


def test_markdown_is_read_without_its_markup(read):
    text = (
        "# Title #\n\nSee [the *paper*](http://x.org/a) and ![a plot](p.png), **now**.\n\n```py\nx = 1\n```\n"
    )
    text += "\nTitle\n===\n"
    found, _ = read("a.md", text)
    assert found[0].text == "Title\n\nSee the paper and a plot, now.\n\nx = 1\n\nTitle"


@pytest.mark.parametrize("unit", ["#", "# ", " "])
def test_a_very_long_heading_takes_linear_time(read, unit):
    marks = unit * (
        900_000 // len(unit)
    )  # a regular expression for the closing # would take more than an hour
    found, _ = read("a.md", f"# One{marks}x\n\n# Two {marks}", max_document_characters=2_000_000)
    assert [document.text for document in found] == [f"One{marks}x\n\nTwo"]


PARAGRAPHS = [
    ("The *tide* turned at **noon**, ***late***.", "The tide turned at noon, late."),
    ("The _tide_ and snake_case_name stay.", "The tide and snake_case_name stay."),
    ("2 * 3 * 4 and a*b", "2 * 3 * 4 and a*b"),
    ("See [a](https://x.org/a_(b)) or <https://x.org>.", "See a or ."),
    ("See [it][1].\n\n[1]: https://x.org 'Title'\n", "See it.\n\n"),
    ("A note.[^1] Cited [@smith2020; @b].\n\n[^1]: Measured.", "A note. Cited .\n\nMeasured."),
    ("One <!-- a\nremark --> two.", "One  two."),
    ("| port | high |\n|:---|---:|\n| Wick | 04:12 |", "port high\nWick 04:12"),
    ("| port |\n  | - |  | :-: |:\n| Wick |", "port\nWick"),
    ("- first\n* second\n  - [x] third", "first\nsecond\nthird"),
    ("> quoted\n>> twice", "quoted\ntwice"),
    ("Use `code` and <b>bold</b><br/>.", "Use code and bold."),
    ("p < 0.05 and q > 3", "p < 0.05 and q > 3"),
    ("5 \\* 3 \\# 4", "5 * 3 # 4"),
    ("One\n\n***\n\n---\n\nTwo", "One\n\n\n\n\n\nTwo"),
    ("- 5 degrees\n1. counted", "5 degrees\n1. counted"),
]


@pytest.mark.parametrize(("markup", "text"), PARAGRAPHS)
def test_the_markup_of_a_paragraph_is_removed(markup, text):
    assert strip_markdown(markup) == text


@pytest.mark.parametrize(
    "settings", ["---\ntitle: A\ndraft: true\n---\n", "+++\ntitle = 'A'\n+++\n", "---\na: b\n...\n"]
)
def test_the_settings_at_the_beginning_are_left_out(read, settings):
    assert read("a.md", f"{settings}# Tides\n\nText.")[0][0].text == "Tides\n\nText."
    assert read("a.md", "Text.\n\n---\n\nMore.\n\n---\n")[0][0].text == "Text.\n\nMore."


@pytest.mark.parametrize(
    "unit", ["*", "_", "[", "<!--", "|-", "`", "> ", "- ", "*a", "[a](", "<b ", "\\", "\n|", "_a ", "[^a]"]
)
def test_a_megabyte_of_any_mark_takes_little_time(unit):
    start = time.process_time()
    strip_markdown(unit * (300_000 // len(unit)))
    assert time.process_time() - start < 4


def test_a_padded_row_of_many_empty_cells_is_no_rule():
    # A regular expression that reads a blank in two ways takes years.
    assert strip_markdown("| -      " + "|        " * 20 + "| see below |") == "see below"
