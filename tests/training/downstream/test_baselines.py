import numpy as np
import pytest

from mlm_demo.corpus.documents import ReadLimits
from mlm_demo.corpus.examples.example import Answer, AnswerExample, EvidencePool
from mlm_demo.corpus.examples.pubmedqa import joint_pools, read_paper
from mlm_demo.corpus.examples.records import read_records
from mlm_demo.training.downstream import baselines
from mlm_demo.training.downstream.baselines import QuestionBlind, SpanOverlap, WordOverlap, random_scores
from mlm_demo.training.downstream.ranking_metrics import rank_pools
from tests.support.paths import CORPORA, needs_corpora

POOL = EvidencePool(
    "1",
    "How much zinc was given?",
    ("We conclude that it is safe.", "The zinc was given daily.", "Zinc was it."),
    (False, True, False),
    "a",
)


def test_chance_is_exact():
    reciprocal, first = rank_pools([random_scores(POOL)], [POOL.labels])
    assert reciprocal[0] == pytest.approx(11 / 18)
    assert first[0] == pytest.approx(1 / 3)


def test_the_question_blind_baseline_learns_how_evidence_is_worded():
    pools = [
        EvidencePool(
            str(n), f"Q{n}?", (f"We conclude that w{n} is safe.", f"It was w{n}."), (True, False), str(n)
        )
        for n in range(20)
    ]
    scores = QuestionBlind(pools).scores(POOL)
    assert scores.argmax() == 0
    assert scores[2] < 0
    asked = EvidencePool("2", "We conclude?", POOL.sentences, POOL.labels, "a")
    assert (QuestionBlind(pools).scores(asked) == scores).all()


def test_shared_words_count_by_their_rarity():
    overlap = WordOverlap([*POOL.sentences, "It was.", "How it was.", "What was given?"])
    scores = overlap.scores(POOL)
    assert scores.argsort().tolist() == [0, 2, 1]
    assert scores[0] == 0
    # zinc stands in two of six sentences, was in five.
    assert scores[2] == pytest.approx(np.log(6 / 2) + np.log(6 / 5))


TEXT = "Iron is old. The dose of zinc was 40 mg daily for all. Nobody was harmed by the gold."


def answer(question, text, context=TEXT):
    return AnswerExample(question, question, context, (Answer(context.index(text), text),), "a")


def test_a_short_answer_is_the_span_near_the_shared_words():
    span = SpanOverlap([answer("What was the dose of zinc?", "40 mg daily")] * 5)
    assert span.length == 3
    found = span.answer("What was the dose of zinc?", TEXT)
    assert found == Answer(TEXT.index("40"), "40 mg daily")
    assert TEXT.startswith(found.text, found.start)


def test_a_long_answer_is_the_whole_sentence():
    whole = "The dose of zinc was 40 mg daily for all"
    span = SpanOverlap([answer("What was the dose of zinc?", whole)])
    assert span.length is None
    assert span.answer("Who was harmed?", TEXT).text == "Nobody was harmed by the gold"


def test_the_length_is_chosen_on_a_bounded_number_of_examples(monkeypatch):
    monkeypatch.setattr(baselines, "FITTED_ON", 2)
    fitted = []
    monkeypatch.setattr(baselines, "token_f1", lambda text, answers: fitted.append(answers) or 0.0)
    SpanOverlap([answer("Q?", "Iron")] * 5)
    assert len(fitted) == 2 * len(baselines.LENGTHS)


def test_a_text_without_words_has_no_answer():
    assert SpanOverlap([answer("Q?", "Iron")]).answer("Who?", " -- ") is None
    unanswered = AnswerExample("1", "Who?", TEXT, (), "a")
    assert SpanOverlap([unanswered]).answer("How old is iron?", TEXT).text == "Iron is old"


@needs_corpora
def test_real_joint_pools_are_not_solved_by_a_baseline():
    """Measured on PubMedQA's other half: random 0.178, blind 0.235, overlap 0.548."""
    records = read_records(CORPORA / "pubmedqa.jsonl.gz", ReadLimits(), [])
    papers = [read_paper(record) for record in records]
    training, pools = list(joint_pools(papers[:250])), list(joint_pools(papers[250:]))
    overlap = WordOverlap(sentence for pool in pools for sentence in pool.sentences)
    blind = QuestionBlind(training)
    means = [
        rank_pools([scores(pool) for pool in pools], [pool.labels for pool in pools])[0].mean()
        for scores in (random_scores, blind.scores, overlap.scores)
    ]
    assert np.abs(np.array(means) - [0.195, 0.235, 0.56]).max() < 0.03
