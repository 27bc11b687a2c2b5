import pytest
import torch

from mlm_demo.errors import ModelError
from mlm_demo.models.device import find_device


def test_a_processor_is_always_there():
    assert find_device("cpu") == torch.device("cpu")


@pytest.mark.parametrize("there", [True, False])
def test_auto_is_a_gpu_where_there_is_one(monkeypatch, there):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: there)
    monkeypatch.setenv(
        "LOCAL_RANK", "1"
    )  # the second of the processes that train together has the second GPU
    assert find_device("auto") == torch.device("cuda:1" if there else "cpu")


@pytest.mark.parametrize("device", ["cuda", "mps"])
def test_a_device_that_is_not_there(monkeypatch, device):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    monkeypatch.setattr(torch.backends.mps, "is_available", lambda: False)
    with pytest.raises(
        ModelError, match=f"no {device} device that torch can use; set MLM_DEMO_DEVICE to auto"
    ):
        find_device(device)
