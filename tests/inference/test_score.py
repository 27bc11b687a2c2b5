import os
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from math import exp, log

import pytest
import torch

from mlm_demo.errors import ParameterError, PromptError
from mlm_demo.inference.score import NICENESS, score_sentence, score_sentences, score_tokens
from mlm_demo.models.masked_lm import MaskedLM
from tests.support.prompts import prompt_of
from tests.support.tiny_models import ARCHITECTURES, tiny

TEXT = "The patient was diagnosed with hepatitis, and treated."


def direct(mlm, text, method):
    """Score with one complete forward pass per token, without batching, windows or hooks."""
    encoding = mlm.tokenizer(text)
    ids, words = encoding.input_ids, encoding.word_ids()
    special = set(range(len(mlm.prefix))) | set(range(len(ids) - len(mlm.suffix), len(ids)))
    nats = []
    for i, token in enumerate(ids):
        if i in special:
            continue
        row = list(ids)
        row[i] = mlm.mask_id
        for j in range(i + 1, len(ids)):
            if method == "within_word" and j not in special and words[j] == words[i] and words[i] is not None:
                row[j] = mlm.mask_id
        with torch.inference_mode():
            nats.append(mlm.model(torch.tensor([row])).logits[0, i].log_softmax(-1)[token].item())
    return nats


@pytest.mark.parametrize("method", ["within_word", "original"])
@pytest.mark.parametrize("architecture", ARCHITECTURES)
def test_scores_equal_a_slow_direct_computation(architecture, method):
    mlm = tiny(architecture)
    ours = [token.log_probability for token in score_tokens(mlm, mlm.encode(TEXT), method=method)]
    assert ours == pytest.approx(direct(mlm, TEXT, method), abs=2e-4)


@pytest.mark.parametrize("method", ["within_word", "original"])
def test_the_built_in_model_equals_it_too(general, method):
    score = score_sentence(general, TEXT, method=method)
    nats = direct(general, TEXT, method)
    assert score.log_likelihood == pytest.approx(sum(nats), rel=1e-4)
    assert score.pseudo_perplexity == pytest.approx(exp(-sum(nats) / len(nats)), rel=1e-4)
    assert sum(word.surprisal for word in score.words) == pytest.approx(-sum(nats) / log(2), rel=1e-4)


def test_the_original_method_overrates_words_of_several_tokens(general):
    """As Kauf & Ivanova (2023) show on this word: the visible tokens give the masked one away."""
    text = "The traveler lost the souvenir."
    within = {w.text: w for w in score_sentence(general, text).words}
    original = {w.text: w for w in score_sentence(general, text, method="original").words}
    assert len(within["souvenir"].pieces) > 1
    assert original["souvenir"].surprisal < within["souvenir"].surprisal
    assert original["lost"].surprisal == pytest.approx(within["lost"].surprisal, abs=1e-3)


@pytest.mark.parametrize("architecture", ARCHITECTURES)
def test_words_are_the_texts_own_characters(architecture):
    mlm = tiny(architecture)
    score = score_sentence(mlm, TEXT)
    for word in score.words:
        assert TEXT[word.start : word.end] == word.text
    assert sum(len(word.pieces) for word in score.words) == score.tokens
    assert "patient" in "".join(word.text for word in score.words)


def test_a_text_over_the_models_limit_is_scored_in_windows():
    mlm = tiny("BERT")
    text = "the quick brown fox " * 20
    score = score_sentence(mlm, text)
    assert score.tokens > mlm.capacity
    assert any("each token was scored with the text around it" in notice for notice in score.notices)


def test_scores_at_the_same_time_take_turns_a_pass_each(monkeypatch):
    mlm, busy, passes = tiny("BERT"), threading.Lock(), []
    stock = mlm.logits_at

    def logits_at(rows, positions, *, alone):
        assert alone, "nobody else is to wait for it"
        assert busy.acquire(blocking=False), "two passes at once"
        try:
            passes.append(len(rows) * len(rows[0]))
            time.sleep(0.002)  # so that the others come meanwhile
            return stock(rows, positions, alone=alone)
        finally:
            busy.release()

    monkeypatch.setattr(mlm, "logits_at", logits_at)
    monkeypatch.setattr(mlm, "tokens_per_pass", 40)
    encoded = mlm.encode(TEXT)
    alone = score_tokens(mlm, encoded)
    a_score = len(passes)
    assert a_score > 3
    with ThreadPoolExecutor(4) as people:
        scores = list(people.map(lambda _: score_tokens(mlm, encoded), range(4)))
    assert scores == [pytest.approx(alone, abs=1e-5)] * 4
    assert len(passes) == 5 * a_score
    assert max(passes) <= 40


def test_progress_reaches_the_end():
    shares = []
    score_sentence(tiny("BERT"), "the fox sat " * 30, on_progress=shares.append)
    assert shares == sorted(shares)
    assert len(shares) > 1
    assert shares[-1] == 1


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "The sentence is empty"),
        ("\ud800", "half of a surrogate pair"),
        ("a <mask>", "holds a mask, <mask>; replace it with a word"),
        ("a [mask]", r"holds a mask, \[mask\]"),
        ("the fox " * 300, "has 600 tokens; the limit for scoring is 512"),
    ],
)
def test_a_text_that_cannot_be_scored_is_an_error(general, text, message):
    with pytest.raises(PromptError, match=message):
        score_sentence(general, text)


def test_an_unknown_method_is_named():
    with pytest.raises(ParameterError, match="The method is 'fast'; it must be within_word or original"):
        score_sentence(tiny("BERT"), "a", method="fast")


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere threads have no niceness of their own")
def test_everything_else_goes_before_a_score(monkeypatch):
    mlm, niceness, asked = tiny("BERT"), [], MaskedLM.logits_at

    def logits_at(self, *arguments, **options):
        niceness.append(os.getpriority(os.PRIO_PROCESS, threading.get_native_id()))
        return asked(self, *arguments, **options)

    monkeypatch.setattr(MaskedLM, "logits_at", logits_at)
    own = os.getpriority(os.PRIO_PROCESS, 0)
    if own >= NICENESS:
        pytest.skip("all of these tests are as nice")
    score_sentence(mlm, "the dog sat")
    assert set(niceness) == {NICENESS}
    assert os.getpriority(os.PRIO_PROCESS, 0) == own


def test_each_token_has_its_probability_and_its_rank(general):
    score = score_sentence(general, "Paris is the capital of hepatosplenomegaly.")
    tokens = [token for word in score.words for token in word.tokens]
    assert len(tokens) == score.tokens
    assert sum(token.log_probability for token in tokens) == pytest.approx(score.log_likelihood)
    for token in tokens:
        assert token.probability == pytest.approx(exp(token.log_probability))
    capital = next(token for token in tokens if token.token_str == "capital")
    prompt = prompt_of("Paris is the <mask> of hepatosplenomegaly.", general)
    at = prompt.positions[0] + len(general.prefix)
    (row,) = general.logits_at([general.with_special_tokens(prompt.ids)], [[at]])
    assert capital.rank == int((row > row[capital.token]).sum()) + 1
    assert capital.rank < 5 < tokens[-2].rank


@pytest.mark.parametrize("architecture", ["BERT", "RoBERTa", "DeBERTa-v2"])
def test_sentences_that_share_passes_have_the_scores_that_they_have_alone(architecture):
    mlm = tiny(architecture)
    texts = [
        "The fox sat.",
        "",
        "A heart pumps blood and a kidney filters it.",
        "a <mask>",
        TEXT,
        "The dog sat.",
    ]
    found = score_sentences(mlm, texts)
    assert [isinstance(one, PromptError) for one in found] == [False, True, False, True, False, False]
    for one, text in zip(found, texts, strict=True):
        if not isinstance(one, PromptError):
            alone = [token.log_probability for token in score_tokens(mlm, mlm.encode(text))]
            together = [token.log_probability for word in one.words for token in word.tokens]
            assert together == pytest.approx(alone, abs=1e-4)


def test_a_pass_has_rows_of_one_length_of_several_sentences(monkeypatch):
    mlm, lengths, stock = tiny("BERT"), [], MaskedLM.logits_at
    monkeypatch.setattr(
        MaskedLM,
        "logits_at",
        lambda self, rows, *rest, **options: (
            lengths.append([len(row) for row in rows]) or stock(self, rows, *rest, **options)
        ),
    )
    score_sentences(mlm, ["The fox sat.", "The quick brown fox sat.", "The dog sat."])
    assert [len(set(row)) for row in lengths] == [1, 1]
    assert len(lengths[0]) == 2 * len(mlm.encode("The fox sat.").ids)


def test_what_would_take_too_long_is_refused_after_the_first_passes(general):
    passes = []
    with pytest.raises(PromptError, match=r"would take about .* seconds; the limit is 0"):
        score_sentence(general, "the fox " * 60, max_seconds=1e-9, on_progress=passes.append)
    assert len(passes) == 2


def test_surprisal_is_the_log_probability_in_bits(general):
    tokens = [token for word in score_sentence(general, "A souvenir.").words for token in word.tokens]
    for token in tokens:
        assert token.surprisal == pytest.approx(-token.log_probability / log(2))


@pytest.mark.parametrize("architecture", ["RoBERTa", "ModernBERT", "XLM-R"])
def test_white_space_that_is_tokens_of_its_own_counts_with_the_next_word(architecture):
    mlm = tiny(architecture)
    text = "Hello.\n\n The  dog \n"
    score = score_sentence(mlm, text)
    assert all(word.text for word in score.words)
    assert "".join(word.text for word in score.words) == "Hello.Thedog"
    assert all(text[word.start : word.end] == word.text for word in score.words)
    assert sum(len(word.pieces) for word in score.words) == score.tokens == len(mlm.encode(text).ids)
    assert sum(word.surprisal for word in score.words) == pytest.approx(-score.log_likelihood / log(2))


@pytest.mark.parametrize("architecture", ["BERT", "RoBERTa"])
def test_a_text_of_control_characters_and_white_space_is_empty(architecture):
    with pytest.raises(PromptError, match="The sentence is empty"):
        score_sentence(tiny(architecture), "\x00 ")


def test_sentences_that_would_take_too_long_together_are_refused(general):
    with pytest.raises(PromptError, match=r"would take about .* seconds; the limit is 0"):
        score_sentences(general, ["the fox " * 30, "the dog " * 30], max_seconds=1e-9)
