import json
import shutil
from pathlib import Path

import pytest

from mlm_demo.errors import ModelError
from mlm_demo.models import extractor
from mlm_demo.models.catalogue import ADAPTED, BASE, FINETUNED, Catalogue, ModelRef
from mlm_demo.models.masked_lm import MaskedLM
from mlm_demo.models.tasks import ANSWERS, EVIDENCE
from mlm_demo.settings import Settings
from mlm_demo.training.downstream.base import load_base
from mlm_demo.training.result import RESULT
from tests.support.task_models import save_task
from tests.support.tiny_models import save_tiny

SETTINGS = Settings(device="cpu")


def load(name, task=ANSWERS, settings=SETTINGS, catalogue=None):
    return load_base(name, task, settings, catalogue or Catalogue(), lambda stage: None)


def test_a_model_that_fills_masks(tmp_path):
    model, lineage = load(str(save_tiny(tmp_path)))
    assert isinstance(model, MaskedLM)
    assert lineage["title"] == ""


@pytest.mark.parametrize("task", [ANSWERS, EVIDENCE])
def test_a_folder_that_was_taught_a_task(tmp_path, task):
    model, _ = load(str(save_task(tmp_path, task)))
    assert model.task == task


@pytest.mark.parametrize(("task", "taken"), [(ANSWERS, ANSWERS), (EVIDENCE, EVIDENCE)])
def test_of_a_folder_with_both_the_one_for_the_task(tmp_path, task, taken):
    for kind in (ANSWERS, EVIDENCE):
        save_task(tmp_path / kind, kind)
    assert load(str(tmp_path), task)[0].task == taken


def test_of_a_folder_with_one_that_one(tmp_path):
    save_task(tmp_path / ANSWERS, ANSWERS)
    assert load(str(tmp_path), EVIDENCE)[0].task == ANSWERS


def test_the_built_in_one(tmp_path, monkeypatch):
    save_task(tmp_path / "extract" / EVIDENCE, EVIDENCE)
    monkeypatch.setattr(extractor, "BUILT_IN_FOLDER", tmp_path)
    assert load("extract", EVIDENCE)[0].task == EVIDENCE


def test_the_model_of_a_run_and_its_title(tmp_path):
    ref = ModelRef("run1", FINETUNED, "Verdicts of May", path=save_task(tmp_path, ANSWERS))
    model, lineage = load(
        "run1", catalogue=Catalogue(lambda name: ref if name == "run1" else None, folders=False)
    )
    assert (model.task, lineage["title"]) == (ANSWERS, "Verdicts of May")


def test_a_page_that_loads_no_folders_refuses_one(tmp_path):
    folder = save_task(tmp_path, ANSWERS)
    with pytest.raises(ModelError, match="does not name a model"):
        load(str(folder), settings=Settings(device="cpu", public=True), catalogue=Catalogue(folders=False))


@pytest.mark.parametrize("name", ["general", "biomedical", "run1"])
def test_a_built_in_model_and_its_offspring_start_with_what_extract_learned(tmp_path, name):
    folder = tmp_path / "run"
    shutil.copytree(BASE.folder, folder)
    (folder / RESULT).write_text(json.dumps({"base": {"name": "general", "revision": "abc"}}))
    run = ModelRef("run1", ADAPTED, "Bees", path=folder)
    model, lineage = load(name, EVIDENCE, catalogue=Catalogue(lambda name: run if name == "run1" else None))
    assert (model.task, model.name) == (EVIDENCE, name)
    assert lineage["ancestors"][-1]["name"] == "extract"
    assert [one["name"] for one in lineage["ancestors"][:-1]] == ["general"] * (name == "run1")


def test_an_unknown_name_is_refused():
    with pytest.raises(ModelError, match="no folder"):
        load(str(Path("/nowhere/at all")))
