from math import exp

import numpy as np
import pytest
import torch

from mlm_demo.errors import CorpusError
from mlm_demo.training import evaluation
from mlm_demo.training.evaluation import (
    DocumentSums,
    MaskedEvalSet,
    compute_change,
    compute_metrics,
    sum_by_document,
)
from mlm_demo.training.masking import IGNORED
from mlm_demo.training.packing import NO_WORD
from tests.support.tiny_models import ARCHITECTURES, SENTENCES, tiny


@pytest.mark.parametrize("architecture", ARCHITECTURES)
def test_metrics_equal_those_of_run_mlm(architecture):
    """Loss and accuracy as the stock model computes them from all logits, with labels of -100 elsewhere."""
    mlm = tiny(architecture)
    eval_set = MaskedEvalSet.of(mlm, SENTENCES, block_size=32)
    result = sum_by_document(mlm, eval_set)
    attention = torch.from_numpy((eval_set.blocks.ids != eval_set.blocks.pad_id).astype(np.int64))
    with torch.inference_mode():
        whole = mlm.model(torch.from_numpy(eval_set.ids), attention_mask=attention).logits
    labels = torch.from_numpy(eval_set.labels)
    loss = torch.nn.functional.cross_entropy(
        whole.view(-1, whole.shape[-1]), labels.view(-1), ignore_index=IGNORED
    )
    masked = labels != IGNORED
    metrics = compute_metrics(result)
    assert metrics.loss.value == pytest.approx(loss.item(), rel=1e-4)
    assert metrics.perplexity.value == pytest.approx(exp(loss.item()), rel=1e-3)
    assert metrics.accuracy.value == pytest.approx((whole.argmax(-1) == labels)[masked].float().mean().item())
    assert metrics.masked_tokens == masked.sum()


def test_the_masks_depend_on_the_seed_alone():
    mlm = tiny("BERT")
    one, two = (
        MaskedEvalSet.of(mlm, SENTENCES, block_size=32),
        MaskedEvalSet.of(mlm, SENTENCES, block_size=32),
    )
    assert (one.ids == two.ids).all()
    assert (MaskedEvalSet.of(mlm, SENTENCES, block_size=32, seed=1).ids != one.ids).any()


def test_text_without_tokens_raises():
    with pytest.raises(CorpusError, match="There is no text to evaluate on"):
        MaskedEvalSet.of(tiny("BERT"), [" "])


def test_intervals_cover_the_truth_about_as_often_as_they_claim():
    random = np.random.default_rng(0)
    inside = 0
    for seed in range(200):
        count = np.full(60, 10.0)
        losses = random.normal(3.0, 1.0, 60) * 10
        metrics = compute_metrics(DocumentSums(losses, np.zeros(60), count), seed)
        inside += metrics.loss.low <= 3.0 <= metrics.loss.high
    assert 180 <= inside <= 200


def test_resampling_in_parts_gives_the_same_intervals(monkeypatch):
    random = np.random.default_rng(0)
    result = DocumentSums(
        random.normal(30, 10, 50), random.integers(0, 9, 50).astype(float), np.full(50, 10.0)
    )
    whole = compute_metrics(result)
    monkeypatch.setattr(evaluation, "DRAWN_AT_ONCE", 333)
    assert compute_metrics(result) == whole


def test_a_change_is_paired():
    """Documents vary more than the change: unpaired intervals overlap, the paired one excludes 0."""
    random = np.random.default_rng(0)
    before = DocumentSums(random.normal(30, 10, 50), np.full(50, 3.0), np.full(50, 10.0))
    after = DocumentSums(before.loss - 1 + random.normal(0, 0.1, 50), before.hits + 1, before.count)
    metrics = compute_change(before, after)
    assert metrics.loss.value == pytest.approx(-0.1, abs=0.01)
    assert metrics.loss.high < 0
    assert metrics.accuracy.value == pytest.approx(0.1)
    assert compute_metrics(before).loss.low < compute_metrics(after).loss.high


def test_the_intervals_of_few_documents_are_over_their_sections():
    mlm = tiny("BERT")
    text = " ".join(SENTENCES * 6)
    eval_set = MaskedEvalSet.of(mlm, [text], block_size=32, redraw=True)
    metrics = compute_metrics(sum_by_document(mlm, eval_set))
    assert metrics.documents == 1
    assert metrics.sections == len(set(eval_set.number)) > 5
    assert metrics.loss.low < metrics.loss.value < metrics.loss.high
    many = compute_metrics(sum_by_document(mlm, MaskedEvalSet.of(mlm, SENTENCES, block_size=32)))
    assert (many.documents, many.sections) == (len(SENTENCES), None)


def test_one_section_has_no_interval():
    mlm = tiny("BERT")
    sums = sum_by_document(mlm, MaskedEvalSet.of(mlm, SENTENCES[:1], block_size=32, redraw=True))
    metrics, change = compute_metrics(sums), compute_change(sums, sums)
    assert (metrics.documents, metrics.sections) == (1, 1)
    for interval in (metrics.loss, metrics.perplexity, metrics.accuracy, change.loss, change.accuracy):
        assert (interval.low, interval.high, interval.side) == (None, None, 0)


def test_an_unknown_token_is_no_question():
    mlm = tiny("BERT")
    unknown, known = "\u8239\u5728\u9ece\u660e", SENTENCES[0]
    texts = [f"{unknown} {sentence} {unknown} {unknown}" for sentence in SENTENCES * 4]
    eval_set = MaskedEvalSet.of(mlm, texts, block_size=32, redraw=True)
    unknown_id = mlm.tokenizer.unk_token_id
    assert (eval_set.blocks.ids == unknown_id).any()
    assert not (eval_set.labels == unknown_id).any()
    assert (eval_set.labels != IGNORED).any(axis=1).all()
    tokens = (eval_set.blocks.words != NO_WORD).sum()
    assert eval_set.unknown_share == pytest.approx(
        (eval_set.blocks.ids == unknown_id).sum() / tokens, abs=0.05
    )
    assert MaskedEvalSet.of(mlm, [known], block_size=32).unknown_share == 0
    with pytest.raises(
        CorpusError, match="knows none of the words of the text; choose a model of its language"
    ):
        MaskedEvalSet.of(mlm, [unknown * 9], block_size=32)


def test_a_short_text_is_masked_several_times(monkeypatch):
    mlm = tiny("BERT")
    once = MaskedEvalSet.of(mlm, SENTENCES, block_size=32)
    again = MaskedEvalSet.of(mlm, SENTENCES, block_size=32, redraw=True)
    count = len(once.blocks)
    assert len(again.blocks) == evaluation.MAX_DRAWS * count
    assert (again.ids[:count] == once.ids).all()
    assert (again.ids[count : 2 * count] != once.ids).any()
    sums = sum_by_document(mlm, again)
    assert len(sums.count) == len(SENTENCES), "documents stay the unit of the intervals"
    masked = (once.labels != IGNORED).sum()
    monkeypatch.setattr(evaluation, "ENOUGH_MASKED", 2 * 0.15 * once.blocks.tokens)
    twice = MaskedEvalSet.of(mlm, SENTENCES, block_size=32, redraw=True)
    assert len(twice.blocks) == 2 * count
    monkeypatch.setattr(evaluation, "ENOUGH_MASKED", 1)
    assert (MaskedEvalSet.of(mlm, SENTENCES, block_size=32, redraw=True).labels != IGNORED).sum() == masked
