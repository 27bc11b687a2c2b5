import pytest
import torch
from transformers import TrainingArguments

from mlm_demo.models.masked_lm import MaskedLM
from mlm_demo.training import trainer
from mlm_demo.training.config import AdaptConfig
from mlm_demo.training.dataset import MaskingCollator, make_blocks
from mlm_demo.training.evaluation import MaskedEvalSet, sum_by_document
from mlm_demo.training.fast.dropout import no_dropout
from mlm_demo.training.masking import IGNORED, Masking, vocabulary_ids
from mlm_demo.training.run_trainer import DEFAULT_ARGUMENTS
from mlm_demo.training.schedule import TimedSchedule
from mlm_demo.training.trainer import MaskedLMTrainer
from tests.support.tiny_models import ARCHITECTURES, build
from tests.support.training import TEXTS

CONFIG = AdaptConfig(max_steps=8, batch_size=4, block_size=32, learning_rate=1e-3)


@pytest.mark.parametrize("architecture", ARCHITECTURES)
def test_loss_and_gradients_equal_those_of_run_mlm(architecture, tmp_path, monkeypatch):
    """The stock model with labels, dropout off: the same loss and the same gradient of every weight."""
    monkeypatch.setattr(trainer, "bfloat16_is_fast", lambda device: False)
    mlm = MaskedLM(*build(architecture))
    no_dropout(mlm.model)
    blocks = make_blocks(mlm, TEXTS[:5], [], CONFIG)
    masking = Masking(mlm.mask_id, vocabulary_ids(mlm), 0.3)
    batch = MaskingCollator(blocks, masking)([(0, i, i) for i in range(len(blocks))])
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


def test_the_share_of_a_run_is_that_of_whole_steps(tmp_path):
    mlm = MaskedLM(*build("BERT"))
    blocks = make_blocks(mlm, TEXTS, [], CONFIG).select(range(10))
    arguments = TrainingArguments(
        output_dir=str(tmp_path),
        use_cpu=True,
        per_device_train_batch_size=2,
        gradient_accumulation_steps=2,
        **DEFAULT_ARGUMENTS,
    )
    masking = Masking(mlm.mask_id, vocabulary_ids(mlm))
    training = MaskedLMTrainer(mlm, arguments, blocks, masking, None, TimedSchedule(6, 0, None))
    share = training.data_collator.share_over
    assert [share(0, 3), share(0, 4), share(0, 9), share(1, 0), share(1, 8)] == [
        0,
        1 / 6,
        2 / 6,
        3 / 6,
        5 / 6,
    ]


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
