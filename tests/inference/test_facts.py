import pytest

from mlm_demo.errors import MlmDemoError, ParameterError
from mlm_demo.inference.facts import ask_facts
from tests.support.prompts import fill

ORGAN = "[X] is a disease of the [Y]."
FACTS = [
    ("organ", "hepatitis", ORGAN, "liver"),
    ("organ", "dementia", ORGAN, "brain"),
    ("capital", "France", "[Y] is the capital of [X].", "Paris"),
]


def rank_of(mlm, text, word, mask=0):
    rows = fill(mlm, text, top_k=mlm.vocab_size).masks[mask]
    return next((1 + sum(r.score > row.score for r in rows), row.score) for row in rows if row.word == word)


def test_ranks_are_those_of_fill_mask_with_the_subject_and_without(biomedical):
    found = ask_facts(biomedical, FACTS)
    first, _, capital = found.facts
    rank, score = rank_of(biomedical, "hepatitis is a disease of the <mask>.", "liver")
    assert (first.rank, first.probability) == (rank, pytest.approx(score, rel=1e-3))
    rank, score = rank_of(biomedical, "<mask> is a disease of the <mask>.", "liver", mask=1)
    assert (first.rank_without, first.probability_without) == (rank, pytest.approx(score, rel=1e-3))
    # Sentences in one pass differ from the same ones alone in the seventh digit, and ranks of rare words with it.
    for found_rank, text in ((capital.rank, "France"), (capital.rank_without, "<mask>")):
        assert abs(found_rank - rank_of(biomedical, f"<mask> is the capital of {text}.", "paris")[0]) <= 2


def test_the_shares_count_the_ranks_by_relation_and_together(biomedical):
    found = ask_facts(biomedical, FACTS, k=20)
    assert [(recall.relation, recall.facts) for recall in found.relations] == [("organ", 2), ("capital", 1)]
    assert found.together.facts == 3
    for recall, facts in (
        (found.relations[0], found.facts[:2]),
        (found.relations[1], found.facts[2:]),
        (found.together, found.facts),
    ):
        assert recall.first.correct == sum(fact.rank == 1 for fact in facts)
        assert recall.in_k.correct == sum(fact.rank <= 20 for fact in facts)
        assert recall.in_k_without.correct == sum(fact.rank_without <= 20 for fact in facts)
        assert (
            recall.in_k.low <= recall.in_k.accuracy == recall.in_k.correct / recall.facts <= recall.in_k.high
        )


def test_many_facts_share_passes_and_get_the_same_ranks(general):
    facts = [("r", subject, ORGAN, "liver") for subject in ("hepatitis", "malaria", "gout") * 25]
    progress = []
    found = ask_facts(general, facts, on_progress=progress.append)
    assert len({(fact.subject, fact.rank) for fact in found.facts}) == 3
    assert len({fact.rank_without for fact in found.facts}) == 1
    assert progress[-1] == 1.0


def test_what_cannot_be_asked_is_left_out_with_its_reason(general):
    odd = [
        ("r", "hot", ORGAN, "antidisestablishment"),
        ("r", "a ___ b", ORGAN, "liver"),
        ("r", "hot", ORGAN, "<mask>"),
    ]
    found = ask_facts(general, [*FACTS, *odd])
    assert [fact.subject for fact in found.facts] == ["hepatitis", "dementia", "France"]
    reasons = [one["error"] for one in found.left_out]
    assert "writes 'antidisestablishment' with" in reasons[0]
    assert "holds a blank beside the object" in reasons[1]
    assert "cannot write '<mask>'" in reasons[2]
    with pytest.raises(MlmDemoError, match="antidisestablishment"):
        ask_facts(general, odd[:1])


@pytest.mark.parametrize("k", [0, 1.5, 10**6])
def test_a_k_out_of_range_is_refused(general, k):
    with pytest.raises(ParameterError, match="top_k is"):
        ask_facts(general, FACTS, k=k)
