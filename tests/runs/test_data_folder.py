import json

import pytest

from mlm_demo.errors import SettingError
from mlm_demo.inference.engine import Engine
from mlm_demo.runs.adapted_models import catalogue_of
from mlm_demo.runs.data_folder import VERSION, check_version


def test_a_folder_without_a_version_gets_one(tmp_path):
    check_version(tmp_path / "new")
    (tmp_path / "old" / "runs").mkdir(parents=True)
    check_version(tmp_path / "old")
    for name in ("new", "old"):
        assert (tmp_path / name / "version").read_text() == f"{VERSION}\n"
        check_version(tmp_path / name)


@pytest.mark.parametrize("text", [str(VERSION + 1), "", "one", "-1", "1.5", "\xff"])
def test_a_folder_of_a_later_version_is_refused_and_left_as_it_is(tmp_path, text):
    (tmp_path / "version").write_bytes(text.encode("latin-1"))
    with pytest.raises(SettingError, match=r"has version .*; update the program, or set MLM_DEMO_DATA"):
        check_version(tmp_path)
    assert (tmp_path / "version").read_bytes() == text.encode("latin-1")


def test_a_folder_that_cannot_be_written_is_no_error(tmp_path):
    (tmp_path / "file").touch()
    check_version(tmp_path / "file" / "data")


def test_a_run_from_before_there_were_numbers_is_whole(finished, service):
    """Its run.json had neither `about` nor `address`."""
    settings, file = service.settings, finished.folder / "run.json"
    asked = json.loads(file.read_text())
    file.write_text(json.dumps({name: asked[name] for name in asked.keys() - {"about", "address"}}))
    (settings.data_folder / "version").unlink(missing_ok=True)
    check_version(settings.data_folder)
    (run,) = service.runs.owned_by("me")
    status = service.status(run)
    assert (run.id, status["state"]) == (finished.id, "done")
    assert status["figures"]["domain"]["after"]["loss"]["value"] > 0
    model = Engine(settings, catalogue_of(settings)).fill_mask("The <mask> sat.", run.id)["model"]
    assert (model["name"], model["title"]) == (run.id, "tiny on bees")
