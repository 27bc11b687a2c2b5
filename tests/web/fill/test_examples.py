"""The examples, and that what their hints say is so."""

import pytest

from mlm_demo.web.fill.examples import GROUPS, example_groups, example_of
from tests.support.html_reader import Reader

NAMED = {group.name: group.examples for group in GROUPS}


@pytest.fixture(scope="module")
def first(engine):
    """A function that returns the first guesses of an example: of the general model, of the biomedical one."""

    def guesses(example, text=""):
        asked = engine.compare(text or example.text, ["general", "biomedical"], targets=example.targets)
        return [answer["masks"][0][0]["word"] for answer in asked["answers"]]

    return guesses


def test_there_are_twenty_to_thirty_and_each_is_one_press():
    read = Reader(example_groups())
    buttons = [a for tag, a in zip(read.tags, read.attributes, strict=True) if tag == "button"]
    pressed = [
        example_of({"group": int(a["data-group"]), "example": int(a["data-example"])}) for a in buttons
    ]
    assert pressed == [example for group in GROUPS for example in group.examples]
    assert 20 <= len(pressed) <= 30
    assert read.tags.count("input") == len(GROUPS)


@pytest.mark.parametrize(
    "data", [None, {}, {"group": 0}, {"group": -1, "example": 0}, {"group": 0, "example": 99}, {"group": "0"}]
)
def test_no_example_is_one(data):
    assert example_of(data) is None


def test_the_models_differ_on_general_or_biomedical(first):
    for example in NAMED["General or biomedical"]:
        general, biomedical = first(example)
        assert general != biomedical, example


def test_the_biomedical_model_finds_the_medical_word(first):
    found = [first(example)[1] for example in NAMED["Medicine"]]
    assert found == ["pressure", "breathing", "blood", "cancer"]


def test_the_models_know_some_facts_and_repeat_a_city(first):
    found = [first(example) for example in NAMED["Facts"]]
    assert found == [["capital"] * 2, ["obama"] * 2, ["madrid", "spain"], ["london"] * 2]


def test_simple_grammar_is_right_and_a_noun_between_misleads(first):
    found = [first(example) for example in NAMED["Grammar"]]
    assert found == [["are", "are"], ["is", "is"], ["an", "an"], ["than", "than"]]


def test_the_models_mix_up_opposites(first):
    found = [first(example) for example in NAMED["Opposites"]]
    assert found == [[word] * 2 for word in ("hot", "black", "rich", "sick")]


def test_the_pronoun_follows_the_profession_and_is_less_sure_of_some(engine, first):
    examples = NAMED["Professions"]
    assert [first(example) for example in examples] == [["she", "she"], *[["he", "he"]] * 3]
    for model in ("general", "biomedical"):
        answers = [engine.fill_mask(example.text, model, targets=example.targets) for example in examples]
        _, soldier, nurse, secretary = (answer["masks"][0][0]["score"] for answer in answers)
        assert max(nurse, secretary) < soldier


def test_the_first_guess_overlooks_not(first):
    for example in NAMED["Negation"]:
        assert first(example) == first(example, example.text.replace(" not", "")), example


def test_several_blanks_are_filled_together():
    assert all(example.joint and example.text.count("<mask>") == 2 for example in NAMED["Several blanks"])
