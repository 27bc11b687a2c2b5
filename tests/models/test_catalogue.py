import pytest

from mlm_demo.errors import ModelError
from mlm_demo.models.catalogue import KNOWN_MODELS, Catalogue, check_allowed, default_model
from mlm_demo.models.hub import Rules
from mlm_demo.settings import Settings
from tests.support.tiny_models import save_tiny


def test_the_catalogue_has_both_domains_built_in_and_from_the_hub():
    assert [(c.kind, c.domain) for c in KNOWN_MODELS] == [
        ("built in", "general"),
        ("built in", "biomedical"),
        ("hub", "general"),
        ("hub", "general"),
        ("hub", "biomedical"),
        ("hub", "biomedical"),
    ]


def test_the_picker_shows_domain_size_licence_and_availability():
    assert Catalogue().find("general").label == "General · Small BERT · 46 MB · Apache-2.0 · built in"
    assert (
        Catalogue().find("distilbert/distilroberta-base").label
        == "General · DistilRoBERTa · Apache-2.0 · downloads 331 MB"
    )


def test_sizes_are_those_of_the_files():
    for ref in KNOWN_MODELS[:2]:
        size = (ref.folder / "model.safetensors").stat().st_size
        assert ref.megabytes == round(size / 1e6)


def test_the_default_needs_no_download():
    assert default_model().name == "general"


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
    assert Catalogue().find(typed).name == "distilbert/distilroberta-base"


def test_a_folder(tmp_path):
    ref = Catalogue().find(str(save_tiny(tmp_path / "mine")))
    assert (ref.kind, ref.label) == ("folder", "mine · local folder")


@pytest.mark.parametrize(
    "typed", ["", "  ", "a b", "x" * 200, "<img src=x>", "a/b/c", "${alert(1)}", "a\0b", "http://x/y"]
)
def test_what_is_no_model_is_named(typed):
    with pytest.raises(
        ModelError, match=r"names no model; use general, biomedical, or a Hub id|The model is empty"
    ):
        Catalogue().find(typed)


def test_where_folders_cannot_be_meant_none_is_looked_for(tmp_path):
    folder = str(save_tiny(tmp_path / "mine"))
    for typed in (folder, str(tmp_path / "not there"), "/etc", "~"):
        with pytest.raises(ModelError, match="names no model; use general") as told:
            Catalogue(folders=False).find(typed)
        assert "path of a folder" not in str(told.value)
    assert Catalogue(folders=False).find("assets").kind == "hub"


def test_only_the_owners_that_are_allowed():
    rules = Rules(owners=("distilbert",), folders=False)
    check_allowed(Catalogue().find("general"), rules)
    check_allowed(Catalogue().find("distilbert/distilroberta-base"), rules)
    for typed in ("anna/model", "model", "distilbert-anna/model"):
        with pytest.raises(ModelError, match=r"is not of an owner .* \(distilbert\)"):
            check_allowed(Catalogue().find(typed), rules)
    check_allowed(Catalogue().find("anna/model"), Rules())


def test_a_folder_found_before_is_refused_too(tmp_path):
    folder = Catalogue().find(str(save_tiny(tmp_path / "mine")))
    check_allowed(folder, Rules())
    with pytest.raises(ModelError, match="Folders of the server are not loaded"):
        check_allowed(folder, Rules(folders=False))


def test_the_picker_of_a_public_page_offers_nothing_that_is_refused():
    rules = Rules.of(Settings.from_environment({"MLM_DEMO_PUBLIC": "1"}))
    for ref in KNOWN_MODELS:
        check_allowed(ref, rules)
        assert ref.megabytes <= rules.megabytes
