from collections import Counter
from math import log, sqrt

import pytest
import torch

from mlm_demo.training.cloze import (
    QUESTIONS,
    Question,
    answer_questions,
    share_within,
    typical_terms,
    write_questions,
)
from mlm_demo.training.dataset import general_texts
from tests.support.tiny_models import tiny

DOMAIN = [
    "The queen lays eggs in the brood comb of the hive. The workers feed the larvae with royal jelly every day.",
    "A queen lives for years in the same hive. The brood comb is dark, and the larvae lie in its cells all day.",
]
GENERAL = ["The people live in the same house for years and eat bread every day of the week in the dark."]


DRONE = ["A drone is there.", "A drone is here.", "It is a drone."]


def written(domain, held_out=None, general=GENERAL):
    """Write questions, from the domain's own texts or others, against ten thousand words of general text or more."""
    return write_questions(
        tiny("BERT").tokenizer, domain if held_out is None else held_out, domain, general * 500
    )


def test_the_terms_stand_out_in_the_domain():
    terms = typical_terms(DOMAIN * 2, GENERAL)
    assert {"queen", "brood", "hive", "comb", "larvae"} <= set(terms)
    assert not {"the", "every", "years", "same"} & set(terms)
    assert all(score > 0 for score in terms.values())


def test_our_own_general_text_keeps_common_words_out():
    terms = typical_terms(DOMAIN * 5, [text for part in general_texts() for text in part])
    assert not {"same", "years", "every"} & set(list(terms)[:8])
    assert "brood" in list(terms)[:8]


def test_the_score_is_the_log_odds_ratio_over_its_standard_error():
    """Monroe, Colaresi & Quinn 2008, equations 15, 16, 20 and 22; the prior is both texts, scaled to 500 words."""
    domain = ["brood comb brood combs", "comb brood"]
    general = ["bread table"] * 2000 + ["comb"]
    scores = typical_terms(domain, general)
    assert set(scores) == {"brood", "comb"}
    for term, ours, theirs in (("brood", 3, 0), ("comb", 3, 1)):
        prior = 500 * (ours + theirs) / (6 + 4001)
        odds_here = (ours + prior) / (6 + 500 - ours - prior)
        odds_there = (theirs + prior) / (4001 + 500 - theirs - prior)
        error = sqrt(1 / (ours + prior) + 1 / (theirs + prior))
        assert scores[term] == pytest.approx((log(odds_here) - log(odds_there)) / error, rel=1e-12)


def test_a_term_is_no_stop_word_rare_in_general_english_and_in_two_texts():
    domain = ["However, drone eggs were used in spring. Varroa varroa varroa."]
    domain += ["However, drone eggs were used in spring."] * 2
    general = ["In spring the days are long and warm.", *["The box is old."] * 10] * 10
    assert set(typical_terms(domain, general)) == {"drone", "eggs"}


def test_singular_and_plural_are_one_term():
    domain = [
        "The hive stood near hives of oak in a colony.",
        "The hives of two colonies are a colony of hives.",
    ]
    assert list(typical_terms(domain, GENERAL)) == ["hive", "colony"]
    assert "larva" not in typical_terms(["larvas larvas", "larvas"], GENERAL), "not without the singular"
    questions = written(
        domain, ["Oak hives are heavier than all others we have.", "A pine hive is lighter than an oak one."]
    )
    assert [q.term for q in questions] == ["hives"]


def test_each_term_is_asked_once_and_each_sentence_has_one_question():
    questions = written(DOMAIN * 3)
    assert len(questions) == 4, "as many as different sentences"
    assert len({q.sentence for q in questions}) == len({q.term.lower() for q in questions}) == 4
    for question in questions:
        assert question.sentence[question.start : question.end] == question.term
        assert question.sentence.endswith(".")


def test_the_most_typical_terms_come_first():
    sentences = ["One drone left the warm box at noon.", "One queen left the warm box at noon."]
    domain = [*[sentences[0]] * 3, *[sentences[1]] * 6]
    assert [q.term for q in written(domain, sentences, ["The box was warm at noon."])] == ["queen", "drone"]


def test_a_word_that_hardly_stands_out_is_not_asked():
    """Three drones are many in a few sentences, but not in thousands."""
    sentence = "One drone left the warm box at noon."
    assert [q.term for q in written([sentence] * 3)] == ["drone"]
    much = [sentence] * 3 + ["The birds left them."] * 40_000
    assert typical_terms(much, GENERAL * 500)["drone"] > 0
    assert written(much, [sentence]) == []


def test_a_term_of_several_tokens_goes_before_one_token_as_typical():
    """The tiny tokenizer has `coffee` as a token, but not `cofeef`."""
    sentences = [f"We had some {term} at the table when it was late." for term in ("coffee", "cofeef")]
    assert [len(tiny("BERT").encode(word).ids) > 1 for word in ("coffee", "cofeef")] == [False, True]
    general = ["We had some bread at the table when it was late."]
    assert [q.term for q in written(sentences * 3, sentences, general)] == ["cofeef", "coffee"]


@pytest.mark.parametrize("elsewhere", ["Drone", "DRONES", "drone-layer"])
def test_a_term_that_occurs_twice_in_a_sentence_is_not_asked(elsewhere):
    twice = f"The drone flew off after another {elsewhere} at noon."
    once = "The drone flew off after another bird at noon."
    assert written(DRONE, [twice]) == []
    assert [q.sentence for q in written(DRONE, [twice, once])] == [once]


def test_a_sentence_with_enough_context_is_preferred():
    short, long = "We saw a drone at noon.", f"We saw a drone {'and a bird ' * 13}at noon."
    good = "We saw a drone that left the box at noon."
    assert [written(DRONE, [text])[0].sentence for text in (short, long)] == [short, long]
    assert [q.sentence for q in written(DRONE, [short, long, good])] == [good]
    assert written(DRONE, ["A drone is there.", f"We saw a drone {'and a bird ' * 20}at noon."]) == []


@pytest.mark.parametrize(
    "text",
    [
        "How a drone leaves the box at noon",
        "HOW A DRONE LEAVES THE BOX AT NOON.",
        "Box | drone | worker | queen | noon | night .",
        "Drone 3.1 4.5 2.2 (0.1) 7.8 9.9.",
        "of the way a drone leaves the box at noon.",
        "It left the box.METHODS A drone was taken at noon.",
        "A box - a drone - a queen - a worker - a frame.",
        "A box is near [the picture](#drone-picture) of a frame.",
        "It leaves the box in figure drone4702 at noon.",
    ],
)
def test_what_is_no_sentence_is_not_asked(text):
    assert written(DRONE, [text]) == []


@pytest.mark.parametrize(
    "sentence",
    [
        "In spring 0.5 of the boxes had a drone in them (p = 0.01).",
        "The boxes of Smith et al. Boston, had a drone in them at noon.",
        "The boxes of the north vs. Those of the south had a drone.",
    ],
)
def test_numbers_and_abbreviations_do_not_end_a_sentence(sentence):
    (question,) = written(DRONE, [f"It rained. {sentence} It snowed."])
    assert question.sentence == sentence


def test_a_sentence_goes_on_in_the_next_of_wrapped_lines():
    text = "Leaving the box\nIn the warm months of the year there is always a\ndrone that leaves the box at noon."
    assert [q.sentence for q in written(DRONE, [text])] == [
        "In the warm months of the year there is always a drone that leaves the box at noon."
    ]


def test_the_questions_are_spread_over_the_texts():
    domain = [
        f"The {term} was in the warm old box today." for term in ("drone", "brood", "larva", "comb")
    ] * 3
    held_out = [" ".join(domain[:4]), *(sentence.replace("today", "then") for sentence in domain[1:4])]
    questions = written(domain, held_out, ["The box was warm and old."])
    texts = Counter(next(n for n, text in enumerate(held_out) if q.sentence in text) for q in questions)
    assert texts == {0: 1, 1: 1, 2: 1, 3: 1}


def test_there_are_at_most_so_many_questions_and_always_the_same():
    letters = "bcdfghjklmnp"
    terms = [f"{a}o{b}a{a}" for a in letters for b in letters]
    domain = [f"The {term} was in the warm old box today." for term in terms] * 3
    questions = written(domain)
    assert len(terms) > len(questions) == QUESTIONS
    assert questions == written(list(domain))
    assert written([], []) == []


@pytest.mark.parametrize("architecture", ["BERT", "RoBERTa", "XLM-R"])
def test_the_rank_is_that_of_the_worst_token(architecture):
    """Against forward passes without our head, one per token, with the later tokens of the term masked."""
    mlm = tiny(architecture)
    sentence = "The kidney filters hepatology now."
    start = sentence.index("hepatology")
    (graded,) = answer_questions(mlm, [Question(sentence, start, start + len("hepatology"))])
    encoding = mlm.tokenizer(sentence, return_offsets_mapping=True)
    inside = [i for i, (a, b) in enumerate(encoding.offset_mapping) if b > start and a < start + 10 and b > a]
    assert len(inside) > 1
    ranks = []
    for n, at in enumerate(inside):
        row = list(encoding.input_ids)
        for later in inside[n:]:
            row[later] = mlm.mask_id
        with torch.inference_mode():
            logits = mlm.model(torch.tensor([row])).logits[0, at]
        ranks.append(int((logits > logits[encoding.input_ids[at]]).sum()) + 1)
    assert graded.rank == max(ranks)
    assert graded.tokens == len(inside)


def test_shares_count_ranks(general):
    questions = [
        Question("Paris is the capital of France.", 13, 20),
        Question("Paris is the hive of France.", 13, 17),
    ]
    graded = answer_questions(general, questions)
    assert graded[0].rank == 1
    assert graded[0].guess == "capital"
    assert share_within(graded, 1) == 0.5
    assert share_within([], 1) == 0


def test_a_sentence_too_long_for_the_model_is_skipped():
    mlm = tiny("BERT")
    sentence = "the dog sat " * 30 + "today."
    assert answer_questions(mlm, [Question(sentence, 4, 7)]) == []


def test_a_sentence_with_a_special_token_is_skipped(general):
    questions = [Question(f"The bees {token} make honey in the hive.", 4, 8) for token in ("do", "[MASK]")]
    assert [answer.sentence for answer in answer_questions(general, questions)] == [questions[0].sentence]
