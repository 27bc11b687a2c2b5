import random
from types import SimpleNamespace

import numpy as np
import pytest
import torch

from mlm_demo.errors import ModelError, ParameterError, PromptError
from mlm_demo.inference.bm25 import BM25
from mlm_demo.inference.kept_indexes import KeptIndexes
from mlm_demo.inference.search import Index, check_query, check_top_k, fused_ranks, mean_vectors
from mlm_demo.models.masked_lm import MaskedLM
from tests.support.papers import paper_of
from tests.support.tiny_models import SENTENCES, build, tiny

LONG = " ".join(SENTENCES * 3)  # longer than the window of 64 tokens
TEXTS = [*SENTENCES, "Paris.", LONG]


def reference(mlm, text):
    """The mean of the last hidden states by transformers, one text at a time."""
    tokenizer, model = mlm.tokenizer, mlm.model
    ids = tokenizer(text, add_special_tokens=False, verbose=False).input_ids
    parts = []
    for start in range(0, len(ids), 62):
        row = torch.tensor([[*mlm.prefix, *ids[start : start + 62], *mlm.suffix]])
        with torch.no_grad():
            hidden = model(input_ids=row, output_hidden_states=True).hidden_states[-1][0]
        parts.append(hidden[1:-1])
    return torch.cat(parts).mean(0).numpy()


@pytest.mark.parametrize("architecture", ["BERT", "RoBERTa", "ModernBERT"])
def test_vectors_are_those_of_transformers(architecture):
    mlm = tiny(architecture)
    shares = []
    vectors = mean_vectors(mlm, TEXTS, shares.append)
    assert vectors.shape == (len(TEXTS), 16)
    assert vectors.dtype == np.float32
    np.testing.assert_allclose(vectors, [reference(mlm, text) for text in TEXTS], atol=1e-5)
    assert shares[-1] == 1.0


def test_a_search_is_that_of_plain_numpy():
    mlm, texts = tiny("BERT"), [" ".join(SENTENCES[:3]), " ".join(SENTENCES[3:])]
    papers = [paper_of(text, f"{number}.txt") for number, text in enumerate(texts)]
    sentences = [paper.sentence(n) for paper in papers for n in range(len(paper.sentences))]
    vectors = np.array([reference(mlm, sentence) for sentence in sentences])
    query = reference(mlm, "the heart of France") - vectors.mean(0)
    centered = vectors - vectors.mean(0)
    expected = centered @ query / np.linalg.norm(centered, axis=1) / np.linalg.norm(query)
    index = Index(mlm, papers)
    np.testing.assert_allclose(index.similarities(mlm, "the heart of France"), expected, atol=1e-5)
    found = index.search(mlm, "the heart of France", 3)
    shared = BM25(sentences).scores("the heart of France")
    order = np.argsort(-fused_ranks(expected, shared), kind="stable")[:3]
    assert [passage.text for passage in found] == [sentences[number] for number in order]
    for passage, number in zip(found, order, strict=True):
        assert passage.similarity == pytest.approx(expected[number], abs=1e-4)
        paper = papers[int(passage.document[0])]
        assert paper.text[passage.start : passage.end] == passage.text
    assert index.search(mlm, "the heart of France", 3) == found
    assert Index(mlm, papers).search(mlm, "the heart of France", 3) == found


def test_neither_padding_nor_the_order_changes_a_vector():
    mlm, order = tiny("BERT"), list(range(len(TEXTS)))
    together = mean_vectors(mlm, TEXTS)
    for number, text in enumerate(TEXTS):
        np.testing.assert_allclose(mean_vectors(mlm, [text])[0], together[number], atol=1e-5)
    random.Random(0).shuffle(order)
    shuffled = mean_vectors(mlm, [TEXTS[number] for number in order])
    np.testing.assert_array_equal(shuffled, together[order])
    alone = MaskedLM(*build("BERT"))
    alone.may_pad = False
    np.testing.assert_allclose(mean_vectors(alone, TEXTS), together, atol=1e-5)


def test_equal_passages_stay_in_order_and_a_lone_one_is_found():
    mlm = tiny("BERT")
    papers = [paper_of("The heart pumps blood.", name) for name in ("b.txt", "a.txt", "c.txt")]
    found = Index(mlm, papers).search(mlm, "Paris", 2)
    assert [passage.document for passage in found] == ["b.txt", "a.txt"]
    (alone,) = Index(mlm, papers[:1]).search(mlm, "The heart pumps blood.")
    assert alone.similarity == 1.0


def test_ranks_are_merged_and_words_that_are_not_shared_count_nothing():
    merged = fused_ranks(np.array([0.9, 0.5, 0.5, 0.1]), np.array([0.0, 0.0, 3.0, 1.0]))
    assert merged == pytest.approx([1 / 61, 1 / 62, 1 / 62 + 1 / 61, 1 / 64 + 1 / 62])


def test_rare_and_repeated_words_score_more_and_long_texts_less():
    words = BM25(["bees fly", "Bees and bees", "a wasp flies far away over the hill and the bees", "wasps"])
    scores = words.scores("BEES bees")
    assert scores[1] > scores[0] > scores[2] > scores[3] == 0
    assert words.scores("wasp")[2] > scores[2]
    assert words.scores("bee").tolist() == [0] * 4
    # log(1 + 1.5 / 3.5) for a word in three of four texts, and a length of 2 where the mean is 17 / 4
    assert scores[0] == pytest.approx(np.log(1 + 1.5 / 3.5) * 2.2 / (1 + 1.2 * (0.25 + 0.75 * 2 / 4.25)))
    assert BM25(["", "?"]).scores("bees").tolist() == [0, 0]


def test_a_search_that_cannot_be_made_says_why():
    mlm = tiny("BERT")
    assert check_query(" bees ", mlm, 100) == "bees"
    for query, message in ((" \n", "is empty"), ("a" * 101, "101 characters"), ("a " * 63, "has 63 tokens")):
        with pytest.raises(PromptError, match=message):
            check_query(query, mlm, 126 if "tokens" in message else 100)
    with pytest.raises(PromptError, match="Character 6 of the query is half of a surrogate pair"):
        check_query(" bees \ud83d", mlm, 100)
    assert check_top_k(3.0) == 3
    for wrong in (0, 1.5, "3", True):
        with pytest.raises(ParameterError, match="must be a whole number"):
            check_top_k(wrong)
    with pytest.raises(ParameterError, match="no paper"):
        Index(mlm, [])
    with pytest.raises(ParameterError, match="no sentences"):
        Index(mlm, [paper_of(""), paper_of("?!")])


def test_a_model_without_a_vector_for_each_token_is_refused():
    mlm = MaskedLM(*build("BERT"))
    mlm.model.bert.forward = lambda **inputs: SimpleNamespace(last_hidden_state=torch.zeros(1, 1, 16))
    with pytest.raises(ModelError, match="cannot compare texts"):
        mean_vectors(mlm, SENTENCES)
    mlm.model.bert.forward = lambda **inputs: {}
    with pytest.raises(ModelError, match="cannot compare texts"):
        mean_vectors(mlm, SENTENCES)


def test_broken_weights_are_named():
    mlm = MaskedLM(*build("BERT"))
    mlm.model.bert.encoder.layer[-1].output.LayerNorm.weight.data.fill_(float("nan"))
    with pytest.raises(ModelError, match="not finite"):
        mean_vectors(mlm, SENTENCES)


def test_indexes_are_kept_by_model_and_papers_until_they_are_too_large():
    made, kept = [], KeptIndexes(max_bytes=100)

    def get(model, text, size):
        def make():
            made.append((model, text))
            return SimpleNamespace(bytes=size)

        return kept.get(model, [paper_of(text)], make)

    first = get("one", "Bees.", 40)
    assert get("one", "Bees.", 40) is first
    assert get("two", "Bees.", 40) is not first
    assert get("one", "Bees.", 40) is first
    get("one", "Wasps.", 40)  # no room: the one used longest ago goes
    assert get("one", "Bees.", 40) is first
    get("one", "Hornets.", 500)  # the newest stays
    get("one", "Hornets.", 500)
    get("one", "Bees.", 40)
    assert made == [
        ("one", "Bees."),
        ("two", "Bees."),
        ("one", "Wasps."),
        ("one", "Hornets."),
        ("one", "Bees."),
    ]
