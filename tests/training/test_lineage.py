import json

import pytest

from mlm_demo.models.catalogue import ADAPTED, KNOWN_MODELS, ModelRef
from mlm_demo.training.lineage import lineage_of
from mlm_demo.training.model_card import model_card
from mlm_demo.training.result import AdaptationResult, build
from tests.support.results import RESULT_JSON, result_with

NONE = {"title": "", "license": "", "language": "", "ancestors": []}


def finished(folder, base):
    """Write the result and the card that a run leaves in its folder."""
    folder.mkdir()
    (folder / "result.json").write_text(json.dumps({**RESULT_JSON, "base": base}))
    (folder / "README.md").write_text(model_card(result_with(base=base), "[MASK]"))
    return folder


def test_the_models_of_the_picker_are_known():
    for ref in KNOWN_MODELS:
        found = lineage_of(ref)
        assert (found["license"], found["language"]) in {("apache-2.0", "en"), ("mit", "en")}
        assert found["ancestors"] == []


def test_a_run_adapted_from_a_run_has_both_in_its_card(tmp_path):
    base = {
        "name": "google-bert/bert-base",
        "revision": "abc",
        "license": "apache-2.0",
        "language": "en",
        "ancestors": [],
    }
    first = finished(tmp_path / "first", base)
    ref = ModelRef("0" * 32, ADAPTED, "Bees", path=first)
    found = lineage_of(ref)
    assert found == {
        "title": "Bees",
        "license": "apache-2.0",
        "language": "en",
        "ancestors": [{"name": "google-bert/bert-base", "revision": "abc"}],
    }
    second = finished(tmp_path / "second", {"name": "0" * 32, "revision": "def", **found})
    third = lineage_of(ModelRef(str(second), "folder", "second"))
    assert [model["name"] for model in third["ancestors"]] == ["0" * 32, "google-bert/bert-base"]
    card = (second / "README.md").read_text()
    assert "\nbase_model: google-bert/bert-base\n" in card
    assert "\nlicense: apache-2.0\n" in card
    assert "\nlanguage: en\n" in card
    assert "# Bees, adapted to a domain" in card
    assert (
        "| base model | Bees, revision def |\n| made from | google-bert/bert-base, revision abc |\n| corpus"
        in card
    )


@pytest.mark.parametrize("content", ["", "no metadata", "---\n[\n---\n", "---\nlicense:\n---\n", b"\xff\xfe"])
def test_a_folder_that_no_run_wrote_has_none(tmp_path, content):
    (tmp_path / "README.md").write_bytes(content if isinstance(content, bytes) else content.encode())
    (tmp_path / "result.json").write_text("[]")
    assert lineage_of(ModelRef(str(tmp_path), "folder", "it")) == NONE
    assert lineage_of(ModelRef("not/downloaded", "hub", "it")) == NONE


def test_an_older_result_has_none():
    result = build(AdaptationResult, RESULT_JSON)
    assert "license" not in model_card(result, "[MASK]").split("---")[1]
