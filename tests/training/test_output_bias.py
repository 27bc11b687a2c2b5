import numpy as np
import pytest
import torch

from mlm_demo.models.masked_lm import MaskedLM
from mlm_demo.training import output_bias
from mlm_demo.training.config import AdaptConfig
from mlm_demo.training.evaluation import MaskedEvalSet, masked_logits, sum_by_document
from mlm_demo.training.masking import IGNORED, make_masking, mask_blocks
from mlm_demo.training.output_bias import PRIOR, STRENGTHS, fit_output_bias
from mlm_demo.training.packing import NO_WORD, pack
from tests.support.tiny_models import ARCHITECTURES, SENTENCES, build

CONFIG = AdaptConfig(max_steps=1, block_size=32)
TEXTS = [f"{s} {t}" for s in SENTENCES for t in SENTENCES]


def parts(architecture="BERT", held_out=TEXTS[:6]):
    mlm = MaskedLM(*build(architecture), name="tiny")
    blocks = pack(mlm.tokenizer, TEXTS[6:], 32)
    return mlm, blocks, make_masking(mlm, CONFIG), MaskedEvalSet.of(mlm, held_out, block_size=32)


def bias_of(mlm):
    return mlm.model.get_output_embeddings().bias.detach().clone()


def mean_loss(mlm, eval_set):
    sums = sum_by_document(mlm, eval_set)
    return sums.loss.sum() / sums.count.sum()


@pytest.mark.parametrize("architecture", ARCHITECTURES)
def test_the_loss_falls_to_what_it_says(architecture):
    mlm, blocks, masking, eval_set = parts(architecture)
    before = mean_loss(mlm, eval_set)
    done = fit_output_bias(mlm, blocks, masking, eval_set)
    assert done.strength in STRENGTHS[1:]
    assert done.loss_before == pytest.approx(before, rel=1e-5)
    assert done.loss_after == pytest.approx(mean_loss(mlm, eval_set), rel=1e-5)
    assert done.loss_after < before - 0.1


def test_the_bias_moves_by_the_formula():
    mlm, blocks, masking, eval_set = parts()
    masked = mask_blocks(blocks, range(len(blocks)), masking, epoch=0)
    rows, columns = np.nonzero(masked.labels != IGNORED)
    with torch.no_grad():
        attention = torch.from_numpy(blocks.ids != blocks.pad_id).long()
        logits = mlm.model(torch.from_numpy(masked.ids), attention_mask=attention).logits
    mean = logits[rows, columns].softmax(-1).mean(0).numpy()
    seen = np.bincount(blocks.ids[blocks.words != NO_WORD], minlength=len(mean))
    expected = np.log((seen + PRIOR * mean) / ((seen.sum() + PRIOR) * mean))
    before = bias_of(mlm)
    done = fit_output_bias(mlm, blocks, masking, eval_set)
    moved = (bias_of(mlm) - before).numpy()
    special = mlm.tokenizer.all_special_ids
    assert (moved[special] == 0).all()
    ordinary = np.setdiff1d(np.arange(len(mlm.tokenizer)), special)
    assert moved[ordinary] == pytest.approx(done.strength * expected[ordinary], abs=1e-4)
    common, rare = seen.argmax(), ordinary[seen[ordinary] == 0][0]
    assert moved[common] > 0 > moved[rare]


def test_a_start_that_does_not_help_is_left_out():
    """The held-out text has only words that the corpus lacks."""
    mlm = MaskedLM(*build("BERT"), name="tiny")
    blocks = pack(mlm.tokenizer, ["the the the of of is is"] * 40, 32)
    eval_set = MaskedEvalSet.of(mlm, ["kidney insulin bronchitis"] * 8, block_size=32)
    before = bias_of(mlm)
    done = fit_output_bias(mlm, blocks, make_masking(mlm, CONFIG), eval_set)
    assert done.strength == 0
    assert done.loss_after == done.loss_before
    assert bias_of(mlm).equal(before)


def test_a_model_without_an_output_bias_stays_as_it_is(monkeypatch):
    mlm, blocks, masking, eval_set = parts()
    monkeypatch.setattr(mlm.model, "get_output_embeddings", lambda: torch.nn.Linear(16, 400, bias=False))
    weights = {name: tensor.clone() for name, tensor in mlm.model.state_dict().items()}
    assert fit_output_bias(mlm, blocks, masking, eval_set) is None
    assert all(tensor.equal(weights[name]) for name, tensor in mlm.model.state_dict().items())


def test_a_large_corpus_is_sampled(monkeypatch):
    mlm, blocks, masking, eval_set = parts()
    monkeypatch.setattr(output_bias, "SAMPLE", 3)
    rows = []

    def counted(mlm, eval_set):
        rows.append(len(eval_set.blocks))
        return masked_logits(mlm, eval_set)

    monkeypatch.setattr(output_bias, "masked_logits", counted)
    fit_output_bias(mlm, blocks, masking, eval_set)
    assert rows == [3, len(eval_set.blocks)]
