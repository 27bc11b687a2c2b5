import numpy as np
import torch

from mlm_demo.models.tasks import EVIDENCE
from mlm_demo.training.dataset import NumberedDataset
from mlm_demo.training.downstream.dataset import LengthSampler, QuestionCollator
from mlm_demo.training.downstream.evidence import EvidenceTask
from tests.support.task_models import tiny_task
from tests.training.downstream.test_evidence import pool


def order(epoch, seed=0, count=103, batch=4):
    dataset = NumberedDataset(count)
    dataset.set_epoch(epoch)
    lengths = np.random.default_rng(1).integers(10, 1000, count)
    return list(LengthSampler(dataset, lengths, batch, seed)), lengths


def test_every_question_comes_once_per_epoch_in_an_order_of_seed_and_epoch():
    first, _ = order(0)
    assert sorted(first) == list(range(103))
    assert first == order(0)[0]
    assert first != order(1)[0]
    assert first != order(0, seed=1)[0]


def test_questions_of_similar_length_come_together():
    numbers, lengths = order(0, count=400, batch=8)
    batches = np.array(numbers).reshape(-1, 8)
    spread = np.mean([np.ptp(lengths[batch]) for batch in batches])
    assert spread < np.ptp(lengths) / 10
    longest = [lengths[batch].max() for batch in batches]
    assert longest != sorted(longest)  # but the batches are shuffled


def test_only_the_last_batch_is_smaller():
    numbers, lengths = order(0, count=103, batch=4)
    assert len(numbers[-3:]) == 3
    assert max(np.ptp(lengths[numbers[i : i + 4]]) for i in range(0, 100, 4)) < 200


def test_a_batch_has_windows_of_similar_length_together():
    model, pools = tiny_task(EVIDENCE), [pool(1, 9), pool(0, 3), pool(1, 1)]
    batch = QuestionCollator(EvidenceTask(), model, pools, seed=0)([(0, 0), (0, 1), (0, 2)])
    lengths = [int(row.sum()) for part in batch["parts"] for row in part["attention_mask"]]
    assert lengths == sorted(lengths)
    assert torch.bincount(batch["owner"]).tolist() == [6, 3, 2]
    assert sum(map(len, batch["targets"])) == len(lengths) == 11
    again = QuestionCollator(EvidenceTask(), model, pools, seed=0)([(0, 0), (0, 1), (0, 2)])
    assert all(
        torch.equal(a["input_ids"], b["input_ids"])
        for a, b in zip(batch["parts"], again["parts"], strict=True)
    )
