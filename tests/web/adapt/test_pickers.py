import shutil

import pytest

from tests.support.adapt_tab import labels, update_pickers


def test_every_picker_offers_the_models_of_the_person(page, tab, finished):
    for owner, shown, offered in (("me", "", True), ("you", "", False), ("you", finished.id, True)):
        changed = update_pickers(page, owner, shown)
        assert len(changed) == 8
        extraction = changed.pop(tab.extract.model)
        assert finished.id not in labels(extraction)  # it answers no questions
        for picker in changed.values():
            assert (finished.id in labels(picker)) == offered


@pytest.mark.parametrize(
    "used",
    [
        lambda id: {"model": id},
        lambda id: {"compared": [id]},
        lambda id: {"query": {"model": id}},
        lambda id: {"query": {"compare": f"general,{id}"}},
    ],
)
def test_a_colleague_sees_the_name_of_a_linked_model(page, tab, service, finished, used):
    service.rename(finished.id, "me", "Bees of May")
    changed = update_pickers(page, "you", **used(finished.id))
    for picker in (tab.fill.model, tab.fill.compare):
        assert "Bees of May" in labels(changed[picker])[finished.id]


def test_two_models_of_one_name_can_be_told_apart(page, tab, service, finished):
    other = service.runs.folder / f"other{finished.id[5:]}"
    shutil.copytree(finished.folder, other)
    for picker in (tab.fill.model, tab.fill.compare, tab.teach.model):
        both = labels(update_pickers(page, "me")[picker])
        assert both[finished.id] != both[other.name]


def test_a_picker_that_holds_a_deleted_model_goes_back_to_what_the_page_opens_with(
    page, tab, service, finished
):
    id, others = (
        finished.id,
        ([finished.id, "biomedical"], finished.id, finished.id, finished.id, finished.id),
    )
    held = {"model": id, "compared": [id], "asked": id, "others": others}
    kept = update_pickers(page, "me", id, **held)
    assert all("value" not in picker.constructor_args for picker in kept.values()), (
        "a model that is there stays"
    )
    finished.delete()
    changed = update_pickers(page, "me", **held)
    assert {picker: each.value for picker, each in changed.items()} == {
        tab.fill.model: "general",
        tab.fill.compare: ["biomedical"],
        tab.pickers.scored_models: ["biomedical"],
        tab.pickers.contrast.model: "biomedical",
        tab.pickers.contrast.other_model: "",
        tab.extract.model: "extract",
        tab.form.model: "general",
        tab.teach.model: tab.teach.model.value,
    }
    others = [id], "general", "", "general", "extract"
    beside = update_pickers(page, "me", compared=["general", id], others=others)
    assert beside[tab.fill.compare].value == ["general"]
    assert beside[tab.pickers.scored_models].value == ["general", "biomedical"]
