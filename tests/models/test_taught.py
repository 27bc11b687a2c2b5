import pytest

from mlm_demo.models import extractor
from mlm_demo.models.catalogue import ADAPTED, FINETUNED, Catalogue, ModelRef
from mlm_demo.models.tasks import ANSWERS, EVIDENCE
from mlm_demo.models.taught import find_taught
from tests.support.task_models import save_task
from tests.support.tiny_models import save_tiny

TAUGHT = ModelRef("run1", FINETUNED, "Verdicts of May")
MADE = {"run1": TAUGHT, "run2": ModelRef("run2", ADAPTED, "Bees")}


def test_the_model_of_a_run_if_it_was_taught():
    catalogue = Catalogue(MADE.get)
    assert find_taught(" run1 ", catalogue) == TAUGHT
    assert find_taught("run2", catalogue) is None


@pytest.mark.parametrize("task", [ANSWERS, EVIDENCE])
def test_a_folder_or_one_with_folders(tmp_path, task):
    save_task(tmp_path / "both" / task, task)
    for folder in (tmp_path / "both", tmp_path / "both" / task):
        found = find_taught(str(folder), Catalogue())
        assert (found.kind, found.path, found.title) == (FINETUNED, folder, folder.name)
        assert find_taught(str(folder), Catalogue(folders=False)) is None


def test_the_built_in_one(tmp_path, monkeypatch):
    (tmp_path / "extract").mkdir()
    monkeypatch.setattr(extractor, "BUILT_IN_FOLDER", tmp_path)
    assert find_taught("extract", Catalogue(folders=False)).path == tmp_path / "extract"


def test_what_was_taught_nothing(tmp_path):
    save_tiny(tmp_path / "masks")
    (tmp_path / "broken").mkdir()
    for text in ("no JSON", "[]", "{}"):
        (tmp_path / "broken" / "config.json").write_text(text)
        assert find_taught(str(tmp_path / "broken"), Catalogue()) is None
    for name in ("", "general", "a/b", "\0", str(tmp_path / "masks"), str(tmp_path / "gone")):
        assert find_taught(name, Catalogue()) is None
