import pytest

from mlm_demo.errors import PromptError

FRANCE = "Paris is the <mask> of France."


def test_a_hidden_word_has_the_guess_of_its_mask_and_its_own_rank(engine):
    hidden = [("city", FRANCE, 0), ("Paris", "<mask> is the <mask> of France.", 0)]
    answer = engine.expected_words(hidden, "general", precision="exact")
    assert answer["model"]["name"] == "general"
    city, paris = answer["words"]
    rows = engine.fill_mask(FRANCE, "general", top_k=2, precision="exact")["masks"][0]
    assert (city["word"], city["guess"], city["rank"]) == ("city", rows[0]["word"], 2)
    assert city["score"] == pytest.approx(rows[0]["score"], rel=1e-4)
    assert 2 ** -city["surprisal"] == pytest.approx(rows[1]["score"], rel=1e-4)
    both = engine.fill_mask("<mask> is the <mask> of France.", "general", top_k=1, precision="exact")
    assert paris["guess"] == both["masks"][0][0]["word"]


def test_a_word_of_several_pieces_has_no_rank(engine):
    hidden = [("hepatosplenomegaly", FRANCE, 0)]
    (word,) = engine.expected_words(hidden, "general", precision="exact")["words"]
    assert (word["rank"], word["surprisal"], word["guess"]) == (None, None, "capital")


def test_progress_over_many_words(engine):
    shares = []
    hidden = [("city", FRANCE, 0)] * 20
    answer = engine.expected_words(hidden, "general", on_progress=lambda share, stage: shares.append(share))
    assert len(answer["words"]) == 20
    assert shares[-2:] == [0.8, 1.0]


def test_a_sentence_without_a_mask_is_an_error(engine):
    with pytest.raises(PromptError):
        engine.expected_words([("city", "No mask.", 0)], "general")
