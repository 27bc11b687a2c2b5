import pytest
import torch

from mlm_demo.errors import ModelError
from mlm_demo.models.device import bfloat16_is_fast, find_device


def test_the_cpu_is_always_available():
    assert find_device("cpu") == torch.device("cpu")


@pytest.mark.parametrize("available", [True, False])
def test_auto_is_the_gpu_of_this_process_if_there_is_one(monkeypatch, available):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: available)
    monkeypatch.setenv("LOCAL_RANK", "1")  # the second process of torchrun uses the second GPU
    assert find_device("auto") == torch.device("cuda:1" if available else "cpu")


@pytest.mark.parametrize("device", ["cuda", "mps"])
def test_a_missing_device_is_an_error(monkeypatch, device):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    monkeypatch.setattr(torch.backends.mps, "is_available", lambda: False)
    with pytest.raises(ModelError, match=f"torch finds no {device} device .*; set MLM_DEMO_DEVICE to auto"):
        find_device(device)


def test_a_cpu_reports_whether_it_multiplies_bfloat16(monkeypatch):
    for features, fast in (
        ({"avx512_bf16": True}, True),
        ({"amx_bf16": True}, True),
        ({"avx2": True}, False),
    ):
        monkeypatch.setattr(torch.cpu, "get_capabilities", lambda features=features: features)
        assert bfloat16_is_fast(torch.device("cpu")) is fast
    assert not bfloat16_is_fast(torch.device("meta"))
