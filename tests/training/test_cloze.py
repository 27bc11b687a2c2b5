import pytest
import torch

from mlm_demo.training.cloze import Question, set_exam, share_within, sit_exam, typical_terms
from mlm_demo.training.dataset import general_texts
from tests.support.tiny_models import tiny

DOMAIN = [
    "The queen lays eggs in the brood comb of the hive. The workers feed the larvae with royal jelly every day.",
    "A queen lives for years in the same hive. The brood comb is dark, and the larvae lie in its cells all day.",
]
GENERAL = ["The people live in the same house for years and eat bread every day of the week in the dark."]


def test_the_terms_stand_out_in_the_domain():
    terms = typical_terms(DOMAIN, GENERAL)
    assert {"queen", "brood", "hive", "comb", "larvae"} <= set(terms)
    assert not {"the", "every", "years", "same"} & set(list(terms)[:5])
    assert all(score > 0 for score in terms.values())


def test_our_own_general_text_keeps_common_words_out():
    terms = typical_terms(DOMAIN * 5, [text for part in general_texts() for text in part])
    assert not {"same", "years", "every"} & set(list(terms)[:8])
    assert "brood" in list(terms)[:8]


def test_one_question_per_sentence_and_few_per_term():
    questions = set_exam(DOMAIN, DOMAIN, GENERAL)
    assert len(questions) == len({q.sentence for q in questions})
    for question in questions:
        assert question.sentence[question.start : question.end] == question.term
        assert question.sentence.endswith(".")


@pytest.mark.parametrize("architecture", ["BERT", "RoBERTa", "XLM-R"])
def test_the_rank_is_that_of_the_worst_token(architecture):
    """Against forward passes without our head, one per token, with the later tokens of the term masked."""
    mlm = tiny(architecture)
    sentence = "The kidney filters hepatology now."
    start = sentence.index("hepatology")
    (graded,) = sit_exam(mlm, [Question(sentence, start, start + len("hepatology"))])
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


def test_shares_count_ranks(general):
    questions = [
        Question("Paris is the capital of France.", 13, 20),
        Question("Paris is the hive of France.", 13, 17),
    ]
    graded = sit_exam(general, questions)
    assert graded[0].rank == 1
    assert graded[0].guess == "capital"
    assert share_within(graded, 1) == 0.5
    assert share_within([], 1) == 0


def test_a_sentence_too_long_for_the_model_is_skipped():
    mlm = tiny("BERT")
    sentence = "the dog sat " * 30 + "today."
    assert sit_exam(mlm, [Question(sentence, 4, 7)]) == []


def test_a_sentence_with_a_special_token_is_skipped(general):
    questions = [Question(f"The bees {token} make honey in the hive.", 4, 8) for token in ("do", "[MASK]")]
    assert [answer.sentence for answer in sit_exam(general, questions)] == [questions[0].sentence]
