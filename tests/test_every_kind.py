"""Every kind of model that transformers calls a masked language model works here, or is refused with a sentence."""

import pytest
import torch
from numpy import isfinite

from mlm_demo.errors import ModelError
from mlm_demo.inference.score import score_sentence
from mlm_demo.models.cpu.optimize import optimize_for_cpu
from mlm_demo.models.loader import REFUSED_KINDS, load_folder
from mlm_demo.models.masked_lm import MaskedLM
from mlm_demo.training.config import AdaptConfig
from mlm_demo.training.dataset import make_blocks
from mlm_demo.training.train import train
from tests.support.every_kind import KINDS, build_kind
from tests.support.nightly import NIGHTLY, some
from tests.support.prompts import fill
from tests.support.tiny_models import SENTENCES

CONFIG = AdaptConfig(max_steps=2, batch_size=2, block_size=32, learning_rate=1e-3)
ACCEPTED = [kind for kind in KINDS if kind not in REFUSED_KINDS]
# Padding changes the logits of these, so rows of different lengths take passes of their own.
NOT_PADDED = {"convbert", "fnet", "funnel", "nystromformer", "yoso"}


def test_the_kinds_are_those_of_transformers():
    assert len(KINDS) > 50
    assert set(REFUSED_KINDS) <= set(KINDS)


@pytest.mark.parametrize("kind", REFUSED_KINDS)
def test_a_kind_that_cannot_work_is_refused_by_its_config(kind, tmp_path):
    (tmp_path / "config.json").write_text(f'{{"model_type": "{kind}"}}')
    (tmp_path / "model.safetensors").write_bytes(b"")
    with pytest.raises(ModelError, match=f"'it' is of the type '{kind}', which .*; pick another model"):
        load_folder(tmp_path, "it")


@pytest.mark.parametrize("kind", ACCEPTED)
def test_a_kind_answers_as_a_plain_pass_does(kind):
    """At some positions and at more than a row is long, with rows of one length and of several."""
    mlm = MaskedLM(*build_kind(kind), name=kind)
    assert mlm.may_pad == (kind not in NOT_PADDED)
    rows = [mlm.with_special_tokens(mlm.encode(text).ids) for text in (SENTENCES[0], "the fox", SENTENCES[2])]
    everywhere = [list(range(len(row))) for row in rows]
    for positions in ([[1], [2, 1], [3]], everywhere):
        with torch.inference_mode():
            plain = [
                mlm.model(input_ids=torch.tensor([row])).logits[0, at]
                for row, at in zip(rows, positions, strict=True)
            ]
        torch.testing.assert_close(mlm.logits_at(rows, positions), torch.cat(plain), atol=1e-3, rtol=1e-3)


@pytest.mark.parametrize("kind", ACCEPTED)
def test_a_kind_fills_and_scores_on_the_fast_layers(kind):
    plain, fast = (MaskedLM(*build_kind(kind), name=kind) for _ in range(2))
    optimize_for_cpu(fast, "exact")
    long = f"{' '.join(SENTENCES)} Paris is the <mask> of <mask>."  # longer than the model reads
    for text in ("Paris is the <mask> of <mask>.", long):
        answers = [fill(mlm, text, joint=True) for mlm in (plain, fast)]
        tokens = [[p.token for p in mask] for mask in answers[0].masks]
        assert [[p.token for p in mask] for mask in answers[1].masks] == tokens
        assert answers[0].joint[0].score == pytest.approx(answers[1].joint[0].score, rel=0.01)
    scores = [score_sentence(mlm, "The fox jumps over Paris.").log_likelihood for mlm in (plain, fast)]
    assert scores[0] == pytest.approx(scores[1], rel=1e-3)


@pytest.mark.parametrize("kind", some(ACCEPTED, 16))
def test_a_kind_adapts(kind, tmp_path):
    mlm = MaskedLM(*build_kind(kind), name=kind)
    before = {name: tensor.clone() for name, tensor in mlm.model.state_dict().items()}
    trained = train(mlm, make_blocks(mlm, SENTENCES, [], CONFIG), None, CONFIG, tmp_path)
    assert isfinite([line["loss"] for line in trained.log if "loss" in line]).all()
    assert any(not torch.equal(tensor, before[name]) for name, tensor in mlm.model.state_dict().items())


@pytest.mark.skipif(not NIGHTLY, reason="the files of each kind: make nightly")
@pytest.mark.parametrize("kind", ACCEPTED)
def test_a_kind_is_saved_and_loaded(kind, tmp_path):
    tokenizer, model = build_kind(kind)
    model.save_pretrained(tmp_path)
    tokenizer.save_pretrained(tmp_path)
    mlm = load_folder(tmp_path, "it", device="cpu")
    row = mlm.with_special_tokens(mlm.encode("the fox").ids)
    with torch.inference_mode():
        expected = model(input_ids=torch.tensor([row])).logits[0, 1]
    torch.testing.assert_close(mlm.logits_at([row], [[1]])[0], expected, atol=1e-4, rtol=1e-3)
