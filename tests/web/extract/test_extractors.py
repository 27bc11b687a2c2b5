from types import SimpleNamespace

import pytest

from mlm_demo.models.catalogue import ADAPTED, FINETUNED, ModelRef
from mlm_demo.settings import Settings
from mlm_demo.web.extract import extractors
from mlm_demo.web.extract.extractors import about_models, choices, first_name, none_here, offered

RUN, OTHER = "1" * 32, "2" * 32


def run_of(task, name):
    return SimpleNamespace(
        request=SimpleNamespace(task=task),
        ref=ModelRef(name, FINETUNED if task != "adapt" else ADAPTED, f"Run {name[0]}"),
    )


@pytest.fixture
def runs(monkeypatch):
    """A person with an adaptation and a fine-tuned model, and somebody else with another one."""
    monkeypatch.setattr(extractors, "model_of", lambda run: run.ref)
    mine = [run_of("adapt", "3" * 32), run_of("evidence", RUN)]
    others = {OTHER: run_of("evidence", OTHER)}
    return SimpleNamespace(
        owned_by=lambda owner: mine if owner else [], has=others.__contains__, find=others.get
    )


def test_the_built_in_model_comes_first_where_there_is_one(runs, tmp_path):
    assert offered(runs, "", built_in=tmp_path) == []
    (tmp_path / "extract").mkdir()
    found = offered(runs, "me", built_in=tmp_path)
    assert [ref.name for ref in found] == ["extract", RUN], "an adapted model answers no questions"
    assert choices(found)[0] == ("Evidence and answers · built in", "extract")
    assert first_name(found) == "extract"
    assert first_name([]) is None


def test_the_model_of_another_person_is_offered_if_a_link_names_it(runs, tmp_path):
    assert [ref.name for ref in offered(runs, "me", OTHER, built_in=tmp_path)] == [RUN, OTHER]
    assert [ref.name for ref in offered(runs, "me", "no run", built_in=tmp_path)] == [RUN]


def test_without_any_model_the_page_says_what_to_do():
    own, public = Settings(), Settings(public=True)
    assert about_models([], own) == none_here(own)
    assert "or type the folder of one" in none_here(own)
    assert "folder" not in none_here(public)
    assert "folder" not in about_models([ModelRef("extract", "built in", "E")], public)
