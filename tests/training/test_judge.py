import pytest

from mlm_demo.training.evaluation import MaskedEvalSet, compute_metrics, sum_by_document
from mlm_demo.training.judge import ChoosingLosses, Judge, choose_share, halves
from tests.support.training import CORPUS, LEARNING, fresh


@pytest.fixture(scope="module")
def judge():
    return Judge(fresh(), CORPUS, LEARNING)


def test_no_text_both_chooses_and_judges():
    choosing, judging = halves(CORPUS.held_out)
    assert sorted(choosing + judging) == sorted(CORPUS.held_out)
    assert not set(choosing) & set(judging)


def test_a_single_held_out_text_does_both():
    assert halves(["one"]) == (["one"], ["one"])


def test_the_metrics_are_of_the_judging_half(judge):
    mlm = fresh()
    judging = halves(CORPUS.held_out)[1]
    eval_set = MaskedEvalSet.of(mlm, judging, block_size=32, redraw=True)
    expected = compute_metrics(sum_by_document(mlm, eval_set))
    assert judge.point(0.0, judge.before).figures.domain.before == expected
    assert expected.documents == len(judging)


def test_the_choosing_losses_are_of_the_other_half(judge):
    mlm = fresh()
    eval_set = MaskedEvalSet.of(mlm, halves(CORPUS.held_out)[0], block_size=32)
    sums = sum_by_document(mlm, eval_set)
    assert judge.choosing_losses().domain == pytest.approx(sums.loss.sum() / sums.count.sum(), rel=1e-6)


def test_the_base_model_does_not_differ_from_itself(judge):
    point = judge.point(0.0, judge.evaluate())
    assert point.figures.domain.change.loss.value == pytest.approx(0, abs=1e-6)
    assert point.figures.exam.top_5_before == point.figures.exam.top_5_after


def test_a_nat_forgotten_costs_two_learned():
    losses = {
        0.0: ChoosingLosses(4.0, 4.0),
        0.5: ChoosingLosses(3.5, 4.1),  # learned 0.5, forgot 0.1
        1.0: ChoosingLosses(3.2, 4.3),  # learned 0.8, forgot 0.3
    }
    assert choose_share(losses) == 0.5
    assert choose_share({**losses, 1.0: ChoosingLosses(3.2, 4.2)}) == 1.0
    assert choose_share({0.0: losses[0.0], 1.0: ChoosingLosses(3.9, 4.1)}) == 0.0
