import pytest
import torch

from mlm_demo.models.carried import carried_over
from mlm_demo.models.catalogue import BASE, BUILT_IN_FOLDER
from mlm_demo.models.extractor import BUILT_IN
from mlm_demo.models.loader import load
from mlm_demo.models.task_loader import load_task_model
from mlm_demo.models.tasks import TASKS

QUERY = "bert.encoder.layer.2.attention.self.query.weight"


def taught(task):
    return load_task_model(BUILT_IN_FOLDER / BUILT_IN / task, BUILT_IN, task=task, device="cpu")


@pytest.mark.parametrize("task", TASKS)
def test_the_general_model_becomes_the_taught_one(task):
    found, expected = carried_over(taught(task), load(BASE, device="cpu")), taught(task).model.state_dict()
    assert (found.task, found.name) == (task, BASE.name)
    assert all(torch.equal(weight, expected[name]) for name, weight in found.model.state_dict().items())


def test_a_model_that_moved_gives_its_move():
    adapted, before = load(BASE, device="cpu"), taught("evidence").model.state_dict()
    kept = adapted.model.state_dict()[QUERY]
    kept += 0.5
    found = carried_over(taught("evidence"), adapted).model.state_dict()
    torch.testing.assert_close(found.pop(QUERY), before.pop(QUERY) + 0.5)
    assert all(torch.equal(found[name], before[name]) for name in before)
    torch.testing.assert_close(adapted.model.state_dict()[QUERY], kept)
