import json
import os
import shutil
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file
from transformers import AutoModelForMaskedLM

from mlm_demo.errors import TrainingError
from mlm_demo.models.loader import load_folder
from mlm_demo.training import reweigh as module
from mlm_demo.training.adapt import adapt
from mlm_demo.training.checkpoints import locked
from mlm_demo.training.evaluation import MaskedEvalSet, sum_by_document
from mlm_demo.training.judge import halves
from mlm_demo.training.result import CHANGE, RESULT, WEIGHTS, read_result
from mlm_demo.training.reweigh import reweigh
from tests.support.training import CORPUS, LEARNING, fresh


@pytest.fixture(scope="module")
def finished(tmp_path_factory, judged_on_little):
    output = tmp_path_factory.mktemp("run") / "a"
    adapt(fresh(), CORPUS, LEARNING, output)
    return output


@pytest.fixture
def output(finished, tmp_path):
    """A finished run that the test may change."""
    return Path(shutil.copytree(finished, tmp_path / "a"))


def loss_of(folder):
    """The loss on the texts that judge, as a fresh load of the folder has it."""
    mlm = load_folder(folder, "saved", device="cpu")
    judging = halves(CORPUS.held_out)[1]
    sums = sum_by_document(mlm, MaskedEvalSet.of(mlm, judging, block_size=32, redraw=True))
    return sums.loss.sum() / sums.count.sum()


def test_each_share_has_the_loss_that_was_measured_for_it(output):
    for point in reversed(read_result(output).points):
        result = reweigh(output, point.share)
        assert result.share == point.share
        assert result.figures == point.figures
        assert read_result(output) == result
        assert loss_of(output) == pytest.approx(point.figures.domain.after.loss.value, rel=1e-4)


def test_there_and_back_gives_the_same_weights(output):
    share, before = read_result(output).share, load_file(output / WEIGHTS)
    for other in (0.0, 1.0, 0.25, share):
        reweigh(output, other)
    after = load_file(output / WEIGHTS)
    for name, tensor in before.items():
        assert torch.allclose(tensor, after[name], atol=1e-6), name


def test_at_zero_it_is_the_base_model(output):
    reweigh(output, 0.0)
    base, model = fresh().model, AutoModelForMaskedLM.from_pretrained(output)
    for name, tensor in base.state_dict().items():
        assert torch.allclose(tensor, model.state_dict()[name], atol=1e-6), name


def test_the_card_and_the_version_follow(output):
    before = (output / RESULT).stat().st_mtime_ns
    os.utime(output / RESULT, ns=(before - 10**9, before - 10**9))
    result = reweigh(output, 0.25)
    card = (output / "README.md").read_text()
    assert f"{result.figures.domain.after.loss.value:.2f}" in card
    assert json.loads((output / RESULT).read_text())["share"] == 0.25
    assert (output / RESULT).stat().st_mtime_ns != before - 10**9


def test_a_share_that_was_not_measured_is_refused(output):
    with pytest.raises(
        TrainingError, match=r"share of the adapted model is 0\.6; choose one of 0, 0\.25, 0\.5"
    ):
        reweigh(output, 0.6)


def test_a_run_that_trains_again_is_refused(output):
    with locked(output), pytest.raises(TrainingError, match="Another run is writing"):
        reweigh(output, 0.25)


def test_killed_between_weights_and_result_the_weights_tell_the_share(output, monkeypatch):
    share = read_result(output).share
    other = 0.25 if share != 0.25 else 0.75

    def killed(path, value):
        raise KeyboardInterrupt

    monkeypatch.setattr(module, "write", killed)
    with pytest.raises(KeyboardInterrupt):
        reweigh(output, other)
    monkeypatch.undo()
    assert json.loads((output / RESULT).read_text())["share"] == share
    result = read_result(output)
    assert result.share == other
    assert loss_of(output) == pytest.approx(result.figures.domain.after.loss.value, rel=1e-4)
    reweigh(output, 1.0)
    assert loss_of(output) == pytest.approx(result.points[-1].figures.domain.after.loss.value, rel=1e-4)


def test_a_full_disk_leaves_the_model_as_it_was(output, monkeypatch):
    before = (output / WEIGHTS).read_bytes()

    def full(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(module, "save_file", full)
    with pytest.raises(TrainingError, match="cannot be written"):
        reweigh(output, 0.25)
    assert (output / WEIGHTS).read_bytes() == before
    assert sorted(path.name for path in output.glob("*.part")) == []


def test_a_run_without_a_result_is_refused(output):
    (output / RESULT).unlink()
    with pytest.raises(TrainingError, match="has no result yet"):
        reweigh(output, 0.25)


def test_the_change_is_not_part_of_the_model(output):
    assert (output / CHANGE).is_file()
    assert AutoModelForMaskedLM.from_pretrained(output).num_parameters() > 0
