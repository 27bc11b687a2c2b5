import os

import pytest

from mlm_demo.errors import ModelError
from mlm_demo.models import extractor
from mlm_demo.models.cpu.linear import ReorderedLinear
from mlm_demo.models.extractor import find_extractor, load_extractor, version_of
from mlm_demo.models.tasks import ANSWERS, EVIDENCE
from tests.support.task_models import save_task
from tests.support.tiny_models import save_tiny


@pytest.mark.parametrize("architecture", ["BERT", "RoBERTa"])
def test_both_models_of_a_folder_are_loaded_and_optimized(architecture, tmp_path):
    for task in (EVIDENCE, ANSWERS):
        save_task(tmp_path / task, task, architecture)
    found = load_extractor(tmp_path, "mine", device="cpu")
    assert [model.task for model in found.models] == [EVIDENCE, ANSWERS]
    for model in found.models:
        assert any(isinstance(module, ReorderedLinear) for module in model.model.modules())
    described = found.describe()
    assert described["name"] == "mine"
    assert described["evidence"]["name"] == "mine/evidence"
    assert described["revision"] == f"{found.evidence.revision}+{found.answers.revision}"


@pytest.mark.parametrize("task", [EVIDENCE, ANSWERS])
def test_one_model_is_enough(task, tmp_path):
    save_task(tmp_path, task)
    (model,) = load_extractor(tmp_path, "mine", device="cpu").models
    assert model.task == task
    save_task(tmp_path / "folder" / task, task)
    (model,) = load_extractor(tmp_path / "folder", "mine", device="cpu").models
    assert model.task == task


def test_the_threshold_is_that_of_the_model_that_answers(tmp_path):
    for task, threshold in ((EVIDENCE, 1.5), (ANSWERS, -2.5)):
        folder = save_task(tmp_path / task, task)
        config = (folder / "config.json").read_text()
        (folder / "config.json").write_text(config.replace("{", f'{{"answer_threshold": {threshold},', 1))
    assert load_extractor(tmp_path, "mine", device="cpu").threshold == -2.5
    assert load_extractor(tmp_path / EVIDENCE, "mine", device="cpu").threshold == 1.5


def test_models_in_the_wrong_folder_are_an_error(tmp_path):
    save_task(tmp_path / EVIDENCE, ANSWERS)
    with pytest.raises(ModelError, match="'mine/evidence' was fine-tuned for answers"):
        load_extractor(tmp_path, "mine", device="cpu")


def test_folders_without_a_fine_tuned_model_are_errors(tmp_path):
    with pytest.raises(
        ModelError, match="'mine' has no fine-tuned model, and no folder 'evidence' or 'answers'"
    ):
        load_extractor(tmp_path, "mine", device="cpu")
    with pytest.raises(ModelError, match="'mine' is a BertForMaskedLM, which answers no questions"):
        load_extractor(save_tiny(tmp_path), "mine", device="cpu")
    (tmp_path / "folder" / EVIDENCE).mkdir(parents=True)
    with pytest.raises(ModelError, match="'mine/evidence' is not a transformers folder"):
        load_extractor(tmp_path / "folder", "mine", device="cpu")


def test_a_name_is_found(tmp_path, monkeypatch):
    assert find_extractor(str(tmp_path), folders=True) == tmp_path
    monkeypatch.setattr(extractor, "BUILT_IN_FOLDER", tmp_path)
    (tmp_path / "extract").mkdir()
    assert (
        find_extractor("", folders=False)
        == find_extractor(" extract ", folders=False)
        == tmp_path / "extract"
    )


def test_a_name_without_a_model_is_an_error(tmp_path, monkeypatch):
    monkeypatch.setattr(extractor, "BUILT_IN_FOLDER", tmp_path)
    with pytest.raises(
        ModelError, match="There is no built-in model for extraction in this copy of the program"
    ):
        find_extractor("", folders=True)
    for name in ("/no/such", "a\0b"):
        with pytest.raises(ModelError, match=r"There is no folder '.*'; give 'extract', or the folder"):
            find_extractor(name, folders=True)
    with pytest.raises(ModelError, match="does not load folders of its server"):
        find_extractor(str(tmp_path), folders=False)


def test_the_version_changes_with_the_files(tmp_path):
    folder = save_task(tmp_path / EVIDENCE, EVIDENCE)
    before = version_of(tmp_path)
    assert version_of(tmp_path) == before
    os.utime(folder / "config.json", ns=(1, 1))
    assert version_of(tmp_path) != before
