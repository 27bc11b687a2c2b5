import pytest
import torch
from transformers import TrainerControl, TrainerState, TrainingArguments

from mlm_demo.models.masked_lm import MaskedLM
from mlm_demo.training import trainer
from mlm_demo.training.callbacks import SETTLING, Patience
from mlm_demo.training.config import AdaptConfig
from mlm_demo.training.dataset import MaskingCollator, make_blocks
from mlm_demo.training.evaluation import MaskedEvalSet, sum_by_document
from mlm_demo.training.masking import IGNORED, Masking, vocabulary_ids
from mlm_demo.training.run_trainer import DEFAULT_ARGUMENTS
from mlm_demo.training.schedule import TimedSchedule
from mlm_demo.training.train import no_dropout
from mlm_demo.training.trainer import MaskedLMTrainer
from tests.support.tiny_models import ARCHITECTURES, build
from tests.support.training import TEXTS

CONFIG = AdaptConfig(max_steps=8, batch_size=4, block_size=32, learning_rate=1e-3)


@pytest.mark.parametrize("architecture", ARCHITECTURES)
def test_loss_and_gradients_equal_those_of_run_mlm(architecture, tmp_path, monkeypatch):
    """The stock model with labels, dropout off: the same loss and the same gradient of every weight."""
    monkeypatch.setattr(trainer, "bfloat16_is_fast", lambda device: False)
    mlm = MaskedLM(*build(architecture))
    no_dropout(mlm)
    blocks = make_blocks(mlm, TEXTS[:5], [], CONFIG)
    masking = Masking(mlm.mask_id, vocabulary_ids(mlm), 0.3)
    batch = MaskingCollator(blocks, masking)([(0, i) for i in range(len(blocks))])
    mlm.model.train()
    labels = torch.full_like(batch["input_ids"], IGNORED)
    labels.view(-1)[batch["masked"]] = batch["labels"]
    inputs = {name: tensor for name, tensor in batch.items() if name not in ("masked", "labels")}
    stock = mlm.model(**inputs, labels=labels).loss
    stock.backward()
    expected = {name: p.grad.clone() for name, p in mlm.model.named_parameters() if p.grad is not None}
    mlm.model.zero_grad()
    arguments = TrainingArguments(output_dir=str(tmp_path), use_cpu=True, report_to="none")
    training = MaskedLMTrainer(mlm, arguments, blocks, masking, None, TimedSchedule(1, 0, None))
    ours = training.compute_loss(mlm.model, dict(batch))
    ours.backward()
    assert ours.item() == pytest.approx(stock.item(), rel=1e-5)
    for name, parameter in mlm.model.named_parameters():
        if name in expected:
            torch.testing.assert_close(parameter.grad, expected[name], atol=1e-5, rtol=1e-3, msg=name)


def test_training_uses_bfloat16_and_evaluation_does_not(tmp_path, monkeypatch):
    """Also the second training of one model: a wrapper left by the first once kept it from that."""
    monkeypatch.setattr(trainer, "bfloat16_is_fast", lambda device: True)
    mlm = MaskedLM(*build("BERT"))
    blocks = make_blocks(mlm, TEXTS, [], CONFIG)
    masking = Masking(mlm.mask_id, vocabulary_ids(mlm))
    seen = []
    layer = mlm.model.bert.encoder.layer[0].output.dense
    layer.register_forward_hook(lambda module, inputs, output: seen.append(output.dtype))
    arguments = TrainingArguments(output_dir=str(tmp_path), use_cpu=True, max_steps=1, **DEFAULT_ARGUMENTS)
    for _ in range(2):
        training = MaskedLMTrainer(mlm, arguments, blocks, masking, None, TimedSchedule(1, 0, None))
        seen.clear()
        training.train()
        assert set(seen) == {torch.bfloat16}
    seen.clear()
    sum_by_document(mlm, MaskedEvalSet.of(mlm, TEXTS[:3], block_size=32))
    assert set(seen) == {torch.float32}


WARM_UP = 10


def state_at(step, best=3.0):
    return TrainerState(global_step=step, best_metric=best)


@pytest.fixture
def arguments(tmp_path):
    evaluation = {"eval_strategy": "steps", "eval_steps": 1, "save_strategy": "steps", "save_steps": 1}
    best = {"load_best_model_at_end": True, "metric_for_best_model": "eval_loss", "greater_is_better": False}
    quiet = {**DEFAULT_ARGUMENTS, **evaluation, **best}
    return TrainingArguments(output_dir=str(tmp_path), use_cpu=True, warmup_steps=WARM_UP, **quiet)


def test_patience_counts_once_training_has_settled(arguments):
    patience, control = Patience(2), TrainerControl()
    for step in (1, WARM_UP, WARM_UP + SETTLING - 1, WARM_UP + SETTLING):
        patience.on_evaluate(arguments, state_at(step), control, {"eval_loss": 4.0})
    assert (patience.early_stopping_patience_counter, control.should_training_stop) == (1, False)
    patience.on_evaluate(arguments, state_at(100), control, {"eval_loss": 4.0})
    assert control.should_training_stop
    assert patience.ran_out


def test_patience_does_not_claim_a_run_that_ends_anyway(arguments):
    patience, control = Patience(1), TrainerControl(should_training_stop=True)
    patience.on_evaluate(arguments, state_at(100), control, {"eval_loss": 4.0})
    assert not patience.ran_out


@pytest.mark.parametrize(("step", "stops"), [(WARM_UP, False), (WARM_UP + SETTLING, True)])
def test_patience_resumes_from_the_checkpoint_of_an_older_version(arguments, step, stops):
    """It counted every evaluation."""
    kept = {
        "args": {"early_stopping_patience": 3, "early_stopping_threshold": 0.0},
        "attributes": {"early_stopping_patience_counter": 3},
    }
    patience, control = Patience.from_state(kept), TrainerControl()
    assert patience.state() == kept
    patience.on_train_begin(arguments, state_at(step), control)
    assert (control.should_training_stop, patience.ran_out) == (stops, stops)
