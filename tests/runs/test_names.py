import pytest

from mlm_demo.errors import RunError
from mlm_demo.runs.names import MAX_CHARACTERS, checked_name, default_name, distinct


@pytest.mark.parametrize(
    ("base", "made", "files", "name"),
    [
        ("general", "on", ["bees.txt"], "general on bees"),
        (
            "general",
            "for answers on",
            ["squad.json", "a.json", "b.json"],
            "general for answers on squad + 2 files",
        ),
        ("extract", "", ["1,200 papers.json"], "1,200 papers"),
        ("general", "on", [".txt"], "general on .txt"),
        ("gen\neral", "on", ["b\u202ees.txt"], "general on bes"),
        ("", "on", ["bees"], "file on bees"),
    ],
)
def test_the_default_name_says_base_and_files(base, made, files, name):
    assert default_name(base, made, files) == name


def test_a_default_name_is_one_that_a_person_could_give():
    name = default_name("b" * 90, "for evidence on", ["f" * 90 + ".txt", *["x"] * 99])
    assert len(name) <= MAX_CHARACTERS - len(" 999")
    assert name.endswith(" + 99 files")
    assert checked_name(name, []) == name


def test_a_taken_name_gets_the_first_free_number():
    assert distinct("bees", []) == "bees"
    assert distinct("bees", ["Bees"]) == "bees 2"
    assert distinct("bees", ["bees", "bees 2", "bees 4"]) == "bees 3"
    longest = "b" * MAX_CHARACTERS
    assert len(distinct(longest, [longest])) == MAX_CHARACTERS


def test_a_name_is_tidied():
    assert checked_name("  Bees  of\u0020May ", ["bees"]) == "Bees of May"
    assert checked_name("Bie\u0302ne", []) == "Biêne", "equal names have equal characters"


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("", "The name is empty"),
        (None, "The name is empty"),
        ("   ", "The name is empty"),
        ("a\nb", r"The name 'a\\nb' contains line breaks or other control characters"),
        ("a\u202eb", "control characters"),
        ("b" * (MAX_CHARACTERS + 1), f"has {MAX_CHARACTERS + 1} characters; the limit is {MAX_CHARACTERS}"),
        ("BEES", "Another of your runs is called 'BEES'; choose another name, such as BEES 2."),
    ],
)
def test_a_name_that_cannot_be_used_gets_a_sentence(text, problem):
    with pytest.raises(RunError) as refused:
        checked_name(text, ["bees"])
    assert problem.replace("\\\\", "\\") in str(refused.value)
