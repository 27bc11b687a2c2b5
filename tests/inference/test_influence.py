from math import log

import pytest

from mlm_demo.errors import ParameterError, PromptError

FRANCE = "Paris is the <mask> of France."
WITHOUT_FRANCE, WITHOUT_PARIS = "Paris is the <mask> of <mask>.", "<mask> is the <mask> of France."


def test_the_influence_of_a_word_is_what_hiding_it_takes_from_the_guess(engine):
    found = engine.why(FRANCE, "general", precision="exact")

    def score(text, mask):
        answer = engine.fill_mask(text, "general", targets=["capital"], precision="exact")
        return answer["masks"][mask][0]["score"]

    whole, france, paris = score(FRANCE, 0), score(WITHOUT_FRANCE, 0), score(WITHOUT_PARIS, 1)
    assert (found["guess"], found["model"]["name"], found["mask"]) == ("capital", "general", 1)
    assert found["score"] == pytest.approx(whole, rel=1e-4)
    words = {word["word"]: word for word in found["words"]}
    assert list(words) == ["Paris", "is", "the", "of", "France"]
    assert [words[one]["score"] for one in ("France", "Paris")] == pytest.approx([france, paris], rel=1e-4)
    changes = [log(whole / france), log(whole / paris)]
    assert [words[one]["change"] for one in ("France", "Paris")] == pytest.approx(changes, abs=1e-3)
    assert changes[0] > 0
    assert (words["France"]["start"], words["France"]["end"]) == (23, 29)


def test_with_targets_the_guess_is_the_best_of_them(engine):
    found = engine.why(FRANCE, "general", targets="heart, city, hepatosplenomegaly")
    ranked = engine.fill_mask(FRANCE, "general", targets="heart, city")["masks"][0]
    assert found["guess"] == ranked[0]["word"] == "city"


def test_targets_of_several_pieces_are_refused(engine):
    with pytest.raises(ParameterError, match="general writes each of the targets with several pieces"):
        engine.why(FRANCE, "general", targets="hepatosplenomegaly")


def test_another_mask_has_its_own_guess(engine):
    two = "The <mask> sat on the <mask>."
    answer = engine.fill_mask(two, "general", top_k=1, precision="exact")
    for mask in (1, 2):
        found = engine.why(two, "general", mask=mask, precision="exact")
        assert found["guess"] == answer["masks"][mask - 1][0]["word"]
        assert found["mask"] == mask
    with pytest.raises(ParameterError, match="the sentence has 2"):
        engine.why(two, "general", mask=3)


def test_progress_and_a_sentence_without_a_mask(engine):
    shares = []
    engine.why("a " * 19 + FRANCE, on_progress=lambda share, stage: shares.append(share))
    assert shares[-2:] == [16 / 24, 1.0]
    with pytest.raises(PromptError):
        engine.why("No mask.")


def test_a_sentence_may_have_as_many_blanks_as_any_other_question(engine):
    most = engine.settings.max_masks
    assert len(engine.why("a <mask> " * most, "general")["words"]) == most
    with pytest.raises(PromptError, match=f"holds {most + 1} masks"):
        engine.why("a <mask> " * (most + 1), "general")
