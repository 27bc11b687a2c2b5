import pytest

from mlm_demo.runs.service import Deleted
from mlm_demo.web.adapt.my_data import deleted_sentence
from tests.support.events import call


def test_everything_is_deleted_once_it_is_confirmed(page, tab, service, run, finished):
    assert call(page, tab.data.delete, False, "me") == {}
    assert service.runs.has(finished.id)
    changed = call(page, tab.data.delete, True, "me")
    assert service.runs.all() == []
    assert "Deleted: 2 runs with their files and models." in changed[tab.data.message]
    assert changed[tab.current] == changed[tab.form.draft] == changed[tab.teach.draft] == ""
    assert "will be listed here" in changed[tab.mine.table]
    assert changed[tab.form.group].visible
    for other in page.others:
        assert {widget: changed[widget] for widget in other.filled} == other.emptied(), (
            "on the other tabs too"
        )


@pytest.mark.parametrize(
    ("deleted", "sentence"),
    [
        (Deleted(0, 0, 0), "There was nothing to delete."),
        (Deleted(1, 0, 0), "Deleted: 1 run with its files and its model."),
        (Deleted(2, 0, 3), "Deleted: 2 runs with their files and models and the files that waited for a run."),
        (Deleted(0, 1, 0), "1 run is still running, and will be deleted as soon as the training has stopped."),
        (Deleted(0, 2, 1), "Deleted: the files that waited for a run. 2 runs are still running, and will be deleted "
         "as soon as the training has stopped."),
    ],
)  # fmt: skip
def test_it_says_what_was_deleted(deleted, sentence):
    assert deleted_sentence(deleted) == sentence
