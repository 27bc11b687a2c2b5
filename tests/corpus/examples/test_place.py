import pytest
from hypothesis import given
from hypothesis import strategies as st

from mlm_demo.corpus.examples.example import Answer
from mlm_demo.corpus.examples.place import place_answer

TEXT = "Iron rose. Iron  fell. Then\niron rose."


@pytest.mark.parametrize(
    ("text", "start", "place", "how"),
    [
        ("Iron", 0, 0, "kept"),
        ("Iron", 11, 11, "kept"),
        (" Iron ", 10, 11, "kept"),
        ("  Iron", 11, 11, "kept"),  # COVID-QA: the offset does not count the space
        ("Iron", 9, 11, "moved"),
        ("Iron", 2, 0, "moved"),
        ("Iron", -5, 0, "moved"),
        ("Iron", 10**9, 11, "moved"),
        ("Iron", None, 0, "first"),
        ("fell", None, 17, "found"),
        ("iron fell", None, 11, "folded"),
        ("IRON ROSE", 30, 28, "folded"),
    ],
)
def test_an_answer_is_found_where_its_text_stands(text, start, place, how):
    placed = place_answer(TEXT, text, start)
    assert (placed.answer.start, placed.how) == (place, how)
    assert TEXT.startswith(placed.answer.text, place)


@pytest.mark.parametrize("text", ["", "  ", "zinc", "Iron rose. Iron fell. Zinc"])
def test_what_does_not_stand_there_is_not_placed(text):
    assert place_answer(TEXT, text, 0) is None


def test_a_folded_answer_is_the_text_of_the_context():
    assert place_answer(TEXT, "then iron", None).answer == Answer(23, "Then\niron")


@pytest.mark.parametrize(
    ("context", "place", "how"),
    [
        ("In 2012 we gave 12 g.", 16, "found"),
        ("In 2012 we gave 12 g, then 12 mg.", 16, "first"),
        ("Of 0.12 and 12.5, 12.", 18, "found"),
        ("In 2012, again in 2012.", 5, "first"),
    ],
)
def test_an_answer_without_an_offset_is_no_part_of_a_word_if_it_can_be(context, place, how):
    placed = place_answer(context, "12", None)
    assert (placed.answer.start, placed.how) == (place, how)


@given(
    context=st.text("ab .", max_size=40),
    text=st.text("ab ", max_size=3),
    start=st.none() | st.integers(-5, 50),
)
def test_the_nearest_place_is_taken(context, text, start):
    placed = place_answer(context, text, start)
    stripped = text.strip()
    places = [i for i in range(len(context)) if stripped and context.startswith(stripped, i)]
    if not places:
        assert placed is None or placed.how == "folded"
        return
    assert placed.answer.start in places
    if start is None:
        around = [(f" {context} "[i], f" {context} "[i + len(stripped) + 1]) for i in places]
        whole = [i for i, ends in zip(places, around, strict=True) if not {"a", "b"} & {*ends}]
        assert placed.answer.start == (whole or places)[0]
    elif placed.how != "kept":
        assert abs(placed.answer.start - start) == min(abs(place - start) for place in places)
