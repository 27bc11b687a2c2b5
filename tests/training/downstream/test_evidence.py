from types import SimpleNamespace

import numpy as np
import pytest
import torch

from mlm_demo.corpus.examples.example import EvidencePool
from mlm_demo.models.tasks import EVIDENCE
from mlm_demo.training.downstream.evidence import CANDIDATES, MAX_TOKENS, NEAR, EvidenceTask
from tests.support.task_models import tiny_task

TASK = EvidenceTask()


def pool(right, wrong, group="a"):
    sentences = tuple("The cat sat on the mat. " * (n + 1) for n in range(right + wrong))
    return EvidencePool("1", "Where is it?", sentences, (True,) * right + (False,) * wrong, group)


@pytest.mark.parametrize(
    ("right", "wrong", "count"),
    [(1, 20, CANDIDATES), (3, 20, CANDIDATES), (1, 2, 3), (0, 20, CANDIDATES), (2, 0, 1)],
)
def test_a_step_sees_one_right_candidate_and_others(right, wrong, count):
    item = TASK.item(tiny_task(EVIDENCE), pool(right, wrong), np.random.default_rng(0))
    assert len(item.windows) == len(item.targets) == count
    assert sum(item.targets) == min(right, 1)


def test_candidates_change_from_epoch_to_epoch():
    drawn = [TASK.item(tiny_task(EVIDENCE), pool(2, 20), np.random.default_rng(n)) for n in range(6)]
    assert len({tuple(tuple(window.ids) for window in item.windows) for item in drawn}) > 2


def test_half_of_the_others_share_the_most_words_with_the_question():
    near, far = [f"Here the cat sat on {n}." for n in "abcde"], list("klmnopqrst")
    example = EvidencePool("1", "Where is the cat?", ("On it.", *far, *near), (True,) + (False,) * 15, "a")
    items = [TASK.item(tiny_task(EVIDENCE), example, np.random.default_rng(n)) for n in range(20)]
    shortest = min(len(window) for item in items for window in item.windows)
    found = [sum(len(window) > shortest + 4 for window in item.windows[1:]) for item in items]
    assert min(found) == NEAR < max(found)  # the rest is drawn from all that are left


def test_a_very_long_sentence_is_cut():
    long = EvidencePool("1", "Where?", ("the cat " * 500, "It sat."), (True, False), "a")
    item = TASK.item(tiny_task(EVIDENCE), long, np.random.default_rng(0))
    assert max(len(window) for window in item.windows) <= MAX_TOKENS


def test_the_loss_is_a_softmax_over_the_candidates_and_no_answer():
    logits, labels, owner = [1.0, -2.0, 0.5, 3.0, -1.0], [0.0, 1.0, 0.0, 0.0, 0.0], [0, 0, 1, 1, 0]
    # Question 0: 1.0, -2.0 (right), -1.0. Question 1: 0.5, 3.0 and no right one.
    expected = np.mean(
        [
            np.log(1 + np.exp(1.0) + np.exp(-2.0) + np.exp(-1.0)) + 2.0,
            np.log(1 + np.exp(0.5) + np.exp(3.0)),
        ]
    )
    parts = [SimpleNamespace(logits=torch.tensor(part)[:, None]) for part in (logits[:2], logits[2:])]
    targets = [torch.tensor(labels[:2]), torch.tensor(labels[2:])]
    assert float(TASK.loss(parts, targets, torch.tensor(owner))) == pytest.approx(expected, abs=1e-6)


def test_logits_come_back_by_pool():
    model = tiny_task(EVIDENCE)
    pools = [pool(1, 3), pool(2, 0, "b")]
    found = TASK.predict(model, pools)
    assert [len(part) for part in found] == [4, 2]
    alone = TASK.predict(model, pools[1:])
    np.testing.assert_allclose(found[1], alone[0], atol=1e-4)
