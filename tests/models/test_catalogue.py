import pytest

from mlm_demo.errors import ModelError
from mlm_demo.models.catalogue import CATALOGUE, check_allowed, default_checkpoint, find_checkpoint
from mlm_demo.models.hub import Rules
from mlm_demo.settings import Settings
from tests.support.tiny_models import save_tiny


def test_the_catalogue_has_both_domains_built_in_and_from_the_hub():
    assert [(c.kind, c.domain) for c in CATALOGUE] == [
        ("built in", "general"),
        ("built in", "biomedical"),
        ("hub", "general"),
        ("hub", "general"),
        ("hub", "biomedical"),
        ("hub", "biomedical"),
    ]


def test_the_picker_shows_domain_size_licence_and_availability():
    assert find_checkpoint("general").label == "General · Small BERT · 46 MB · Apache-2.0 · built in"
    assert (
        find_checkpoint("distilbert/distilroberta-base").label
        == "General · DistilRoBERTa · Apache-2.0 · downloads 331 MB"
    )


def test_sizes_are_those_of_the_files():
    for checkpoint in CATALOGUE[:2]:
        size = (checkpoint.folder / "model.safetensors").stat().st_size
        assert checkpoint.megabytes == round(size / 1e6)


def test_the_default_needs_no_download():
    assert default_checkpoint().name == "general"


@pytest.mark.parametrize(
    "typed",
    [
        "distilbert/distilroberta-base",
        "  distilbert/distilroberta-base ",
        "https://huggingface.co/distilbert/distilroberta-base",
        "https://huggingface.co/distilbert/distilroberta-base/",
        "https://hf.co/distilbert/distilroberta-base?library=transformers",
    ],
)
def test_a_hub_id_or_its_page(typed):
    assert find_checkpoint(typed).name == "distilbert/distilroberta-base"


def test_a_folder(tmp_path):
    checkpoint = find_checkpoint(str(save_tiny(tmp_path / "mine")))
    assert (checkpoint.kind, checkpoint.label) == ("folder", "mine · local folder")


@pytest.mark.parametrize(
    "typed", ["", "  ", "a b", "x" * 200, "<img src=x>", "a/b/c", "${alert(1)}", "a\0b", "http://x/y"]
)
def test_what_is_no_model_is_named(typed):
    with pytest.raises(
        ModelError, match=r"names no model; use general, biomedical, or a Hub id|The model is empty"
    ):
        find_checkpoint(typed)


def test_where_folders_cannot_be_meant_none_is_looked_for(tmp_path):
    folder = str(save_tiny(tmp_path / "mine"))
    for typed in (folder, str(tmp_path / "not there"), "/etc", "~"):
        with pytest.raises(ModelError, match="names no model; use general") as told:
            find_checkpoint(typed, folders=False)
        assert "path of a folder" not in str(told.value)
    assert find_checkpoint("assets", folders=False).kind == "hub"


def test_only_the_owners_that_are_allowed():
    rules = Rules(owners=("distilbert",), folders=False)
    check_allowed(find_checkpoint("general"), rules)
    check_allowed(find_checkpoint("distilbert/distilroberta-base"), rules)
    for typed in ("anna/model", "model", "distilbert-anna/model"):
        with pytest.raises(ModelError, match=r"is not of an owner .* \(distilbert\)"):
            check_allowed(find_checkpoint(typed), rules)
    check_allowed(find_checkpoint("anna/model"), Rules())


def test_a_folder_found_before_is_refused_too(tmp_path):
    folder = find_checkpoint(str(save_tiny(tmp_path / "mine")))
    check_allowed(folder, Rules())
    with pytest.raises(ModelError, match="Folders of the server are not loaded"):
        check_allowed(folder, Rules(folders=False))


def test_the_picker_of_a_public_page_offers_nothing_that_is_refused():
    rules = Rules.of(Settings.from_environment({"MLM_DEMO_PUBLIC": "1"}))
    for checkpoint in CATALOGUE:
        check_allowed(checkpoint, rules)
        assert checkpoint.megabytes <= rules.megabytes
