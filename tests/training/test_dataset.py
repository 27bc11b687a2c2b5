import pytest
import torch
from transformers import TrainingArguments

from mlm_demo.models.masked_lm import MaskedLM
from mlm_demo.training import trainer
from mlm_demo.training.config import AdaptConfig
from mlm_demo.training.dataset import (
    MaskingCollator,
    ShuffledDataset,
    general_texts,
    make_blocks,
)
from mlm_demo.training.fast.dropout import no_dropout
from mlm_demo.training.masking import IGNORED, Masking, vocabulary_ids
from mlm_demo.training.packing import NO_WORD
from mlm_demo.training.run_trainer import DEFAULT_ARGUMENTS
from mlm_demo.training.schedule import TimedSchedule
from mlm_demo.training.trainer import MaskedLMTrainer
from tests.support.tiny_models import ARCHITECTURES, SENTENCES, build, tiny
from tests.support.training import TEXTS

CONFIG = AdaptConfig(max_steps=8, batch_size=4, block_size=32, learning_rate=1e-3)


def test_replay_adds_the_configured_share():
    mlm = tiny("BERT")
    config = AdaptConfig(max_steps=1, block_size=32, replay=0.25)
    blocks = make_blocks(mlm, TEXTS, SENTENCES, config)
    assert (blocks.document == -1).mean() == pytest.approx(0.25, abs=0.02)


def test_line_by_line_keeps_lines_apart():
    mlm = tiny("BERT")
    config = AdaptConfig(max_steps=1, block_size=32, line_by_line=True)
    assert len(make_blocks(mlm, ["the dog\nthe cat\n\nthe fox"], [], config)) == 3


def test_replayed_and_evaluated_general_text_share_nothing():
    replay, evaluated = general_texts()
    assert len(replay) >= 50
    assert len(evaluated) >= 50
    assert not set(replay) & set(evaluated)


def test_the_order_of_an_epoch_depends_on_the_seed_alone():
    items, orders = ShuffledDataset(50, seed=3), []
    for epoch in (0, 1, 0):
        items.set_epoch(epoch)
        drawn = [items[position] for position in range(50)]
        assert [item[:2] for item in drawn] == [(epoch, position) for position in range(50)]
        orders.append([number for *_, number in drawn])
    assert orders[0] == orders[2] != orders[1]
    assert sorted(orders[1]) == list(range(50))
    assert [ShuffledDataset(50, seed=4)[position][2] for position in range(50)] != orders[0]


def test_the_last_part_of_a_run_is_masked_less():
    mlm = MaskedLM(*build("BERT"))
    blocks = make_blocks(mlm, TEXTS * 20, [], CONFIG)
    masking = Masking(mlm.mask_id, vocabulary_ids(mlm), 0.6, final_probability=0.1)
    collate = MaskingCollator(blocks, masking, lambda epoch, position: (epoch + position / 100) / 3)
    tokens = (blocks.words[:40] != NO_WORD).sum()

    def share(epoch, position):
        items = [(epoch, position + number, number) for number in range(40)]
        return (collate(items)["labels"] != IGNORED).sum() / tokens

    assert [share(0, 0), share(2, 0), share(2, 30)] == pytest.approx([0.6] * 3, abs=0.1)
    assert [share(2, 41), share(2, 60)] == pytest.approx([0.1] * 2, abs=0.05)


def test_a_batch_without_padding_has_no_attention_mask():
    mlm = MaskedLM(*build("BERT"))
    blocks = make_blocks(mlm, TEXTS, [], CONFIG)
    collate = MaskingCollator(blocks, Masking(mlm.mask_id, vocabulary_ids(mlm)))
    assert "attention_mask" not in collate([(0, 0, 0), (0, 1, 1)])
    last = collate([(0, 0, 0), (0, 1, len(blocks) - 1)])
    assert (last["attention_mask"].numpy() == (blocks.ids[[0, -1]] != blocks.pad_id)).all()


@pytest.mark.parametrize("architecture", ARCHITECTURES)
def test_unused_slots_change_neither_loss_nor_gradient(architecture, tmp_path, monkeypatch):
    monkeypatch.setattr(trainer, "bfloat16_is_fast", lambda device: False)
    mlm = MaskedLM(*build(architecture))
    no_dropout(mlm.model)
    blocks = make_blocks(mlm, TEXTS, [], CONFIG)
    masking = Masking(mlm.mask_id, vocabulary_ids(mlm))
    arguments = TrainingArguments(output_dir=str(tmp_path), use_cpu=True, **DEFAULT_ARGUMENTS)
    training = MaskedLMTrainer(mlm, arguments, blocks, masking, None, TimedSchedule(1, 0, None))
    drawn = [(0, 0, 0), (0, 1, 1)]
    exact, even = MaskingCollator(blocks, masking)(drawn), MaskingCollator(blocks, masking, even=True)(drawn)
    assert len(even["masked"]) == len(even["labels"]) == 64 > len(exact["labels"]) > 0
    assert (exact["labels"] != IGNORED).all()
    found = []
    for batch in (exact, even):
        mlm.model.zero_grad()
        loss = training.compute_loss(mlm.model, batch)
        loss.backward()
        found.append([loss, *(p.grad for p in mlm.model.parameters() if p.grad is not None)])
    for one, two in zip(*found, strict=True):
        torch.testing.assert_close(one, two, atol=1e-5, rtol=1e-3)
