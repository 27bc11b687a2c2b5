import math

import pytest
import torch

from mlm_demo.inference.extract import relevance
from mlm_demo.inference.extract.relevance import Stopped, probability, relevance_logits, shortlist
from mlm_demo.models.tasks import EVIDENCE
from tests.support.papers import evidence_by, paper_of
from tests.support.task_models import tiny_task
from tests.support.tiny_models import ARCHITECTURES, SENTENCES

QUESTION = "What does the heart do?"


@pytest.mark.parametrize("architecture", ARCHITECTURES)
def test_logits_are_those_of_transformers_for_each_pair_alone(architecture):
    model, paper = tiny_task(EVIDENCE, architecture), paper_of(" ".join(SENTENCES))
    found = relevance_logits(model, QUESTION, paper, list(range(len(paper.sentences))))
    for number, logit in enumerate(found):
        inputs = model.tokenizer(
            QUESTION, paper.sentence(number), return_tensors="pt", return_token_type_ids=True
        )
        accepted = {"input_ids", "attention_mask", *(["token_type_ids"] if model.takes_types else [])}
        with torch.inference_mode():
            expected = model.model(**{name: inputs[name] for name in accepted & inputs.keys()}).logits
        assert logit == pytest.approx(float(expected), abs=1e-4)


def test_a_sentence_longer_than_a_window_has_the_logit_of_its_best_window():
    model = evidence_by(lambda text: 3.0 if "pumps" in text else -1.0)
    paper = paper_of("Fox " * 150 + "pumps blood.")
    assert relevance_logits(model, QUESTION, paper, [0]) == [3.0]


def test_only_the_wanted_sentences_are_read():
    read = []
    model = evidence_by(lambda text: float(len(read.append(text) or read)))
    relevance_logits(model, QUESTION, paper_of("Paris is one. Lyon is two. Fox is three."), [1])
    assert [text.split()[0] for text in read] == ["lyon"]


def test_every_sentence_of_a_paper_is_on_the_shortlist():
    assert shortlist(QUESTION, paper_of("A. B. C.")) == [0, 1, 2]


def test_of_a_very_long_paper_the_sentences_with_rare_words_of_the_question_are_read(monkeypatch):
    monkeypatch.setattr(relevance, "MAX_SENTENCES", 3)
    paper = paper_of("The fox. The dog. Nothing. The heart. The cat. A HEART does. Nil. Do.")
    kept = [paper.sentence(number) for number in shortlist("What does the heart do?", paper)]
    assert kept == ["The heart.", "A HEART does.", "Do."]
    assert shortlist("\u5fc3\u81cf?", paper) == [0, 1, 2], "without a shared word, the first"


def test_progress_reaches_the_end_and_stop_is_asked_between_passes(monkeypatch):
    monkeypatch.setattr(relevance, "CHUNK", 2)
    shares, asked = [], []
    paper = paper_of("A. B. C. D. E.")
    relevance_logits(tiny_task(EVIDENCE), QUESTION, paper, list(range(5)), on_progress=shares.append)
    assert shares == pytest.approx([0.4, 0.8, 1.0])
    with pytest.raises(Stopped):
        relevance_logits(
            tiny_task(EVIDENCE),
            QUESTION,
            paper,
            list(range(5)),
            should_stop=lambda: len(asked.append(1) or asked) > 2,
        )
    assert len(asked) == 3


@pytest.mark.parametrize("logit", [-1000.0, -3.0, 0.0, 3.0, 1000.0])
def test_a_probability_is_the_logistic_function(logit):
    assert probability(logit) == pytest.approx(float(torch.tensor(logit).double().sigmoid()))
    assert not math.isnan(probability(logit))
