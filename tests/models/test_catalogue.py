import pytest

from mlm_demo.errors import ModelError
from mlm_demo.models.catalogue import KNOWN_MODELS, Catalogue, check_allowed
from mlm_demo.models.hub import DownloadPolicy
from mlm_demo.models.taught import require_taught
from mlm_demo.settings import Settings
from tests.support.tiny_models import save_tiny


def test_the_catalogue_has_both_domains_built_in_and_from_the_hub():
    assert [(ref.kind, ref.domain) for ref in KNOWN_MODELS] == [
        ("built in", "general"),
        ("built in", "biomedical"),
        ("hub", "general"),
        ("hub", "general"),
        ("hub", "biomedical"),
        ("hub", "biomedical"),
    ]


def test_a_label_has_domain_size_license_and_availability():
    assert Catalogue().find("general").label == "General · Small BERT · 46 MB · Apache-2.0 · built in"
    assert (
        Catalogue().find("distilbert/distilroberta-base").label
        == "General · DistilRoBERTa · Apache-2.0 · downloads 331 MB"
    )


def test_the_sizes_of_built_in_models_are_right():
    for ref in KNOWN_MODELS[:2]:
        size = (ref.folder / "model.safetensors").stat().st_size
        assert ref.megabytes == round(size / 1e6)


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
def test_a_hub_id_or_its_page_is_found(typed):
    assert Catalogue().find(typed).name == "distilbert/distilroberta-base"


def test_a_folder_is_found(tmp_path):
    ref = Catalogue().find(str(save_tiny(tmp_path / "mine")))
    assert (ref.kind, ref.label) == ("folder", "mine · local folder")
    (tmp_path / "mine" / "trainer.log").write_text("no part of the model")
    assert Catalogue().find(ref.name) == ref
    (tmp_path / "mine" / "vocab.txt").write_text("another")
    assert Catalogue().find(ref.name).version != ref.version


@pytest.mark.parametrize(
    "typed",
    ["", "  ", "a b", "x" * 200, "x" * 300, "<img src=x>", "a/b/c", "${alert(1)}", "a\0b", "http://x/y"],
)
def test_a_name_that_is_no_model_is_an_error(typed):
    with pytest.raises(
        ModelError, match=r"does not name a model; use general, biomedical, or a Hub id|The model is empty"
    ):
        Catalogue().find(typed)


@pytest.mark.parametrize("typed", ["~nobody-of-this-name/x", "/" + "x" * 300, "./\0"])
def test_a_folder_that_cannot_be_is_an_error(typed):
    with pytest.raises(ModelError, match="There is no folder"):
        Catalogue().find(typed)
    with pytest.raises(ModelError):
        require_taught(typed, Catalogue())


def test_folders_are_not_looked_up_where_they_are_not_allowed(tmp_path):
    folder = str(save_tiny(tmp_path / "mine"))
    for typed in (folder, str(tmp_path / "not there"), "/etc", "~"):
        with pytest.raises(ModelError, match="does not name a model; use general") as caught:
            Catalogue(folders=False).find(typed)
        assert "path of a folder" not in str(caught.value)
    assert Catalogue(folders=False).find("assets").kind == "hub"


def test_only_models_of_the_allowed_owners_may_be_loaded():
    policy = DownloadPolicy(owners=("distilbert",), folders=False)
    check_allowed(Catalogue().find("general"), policy)
    check_allowed(Catalogue().find("distilbert/distilroberta-base"), policy)
    for typed in ("anna/model", "model", "distilbert-anna/model"):
        with pytest.raises(ModelError, match=r"loads only models of distilbert, so not '"):
            check_allowed(Catalogue().find(typed), policy)
    check_allowed(Catalogue().find("anna/model"), DownloadPolicy())


def test_the_policy_may_refuse_a_folder_that_was_found(tmp_path):
    folder = Catalogue().find(str(save_tiny(tmp_path / "mine")))
    check_allowed(folder, DownloadPolicy())
    with pytest.raises(ModelError, match="does not load folders of its server"):
        check_allowed(folder, DownloadPolicy(folders=False))


def test_a_public_page_may_load_every_known_model():
    policy = DownloadPolicy.of(Settings.from_environment({"MLM_DEMO_PUBLIC": "1"}))
    for ref in KNOWN_MODELS:
        check_allowed(ref, policy)
        assert ref.megabytes <= policy.megabytes


def test_the_hub_is_not_asked_for_the_id_of_a_deleted_run():
    gone = "7a73" * 8
    for find in (Catalogue().find, lambda name: require_taught(name, Catalogue())):
        with pytest.raises(
            ModelError, match=f"There is no run '{gone}'; it was deleted, or the link is wrong. Pick"
        ):
            find(gone)
    assert Catalogue().find(f"anna/{gone}").kind == "hub"
