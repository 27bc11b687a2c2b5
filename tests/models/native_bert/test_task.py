import json

import pytest
import torch

from mlm_demo.models.cpu.optimize import optimize_task_for_cpu
from mlm_demo.models.native_bert.loader import load_native_task
from mlm_demo.models.task_loader import load_task_model
from mlm_demo.models.tasks import ANSWERS, EVIDENCE, TASKS
from tests.support.task_models import save_task
from tests.support.tiny_models import SENTENCES

QUESTION = "What is the capital of France?"


def change_config(folder, **changes):
    path = folder / "config.json"
    path.write_text(json.dumps({**json.loads(path.read_text()), **changes}))


@pytest.mark.parametrize("optimized", [False, True])
@pytest.mark.parametrize("mapped", [False, True])
@pytest.mark.parametrize("task", TASKS)
def test_the_logits_are_those_of_transformers(task, mapped, optimized, tmp_path):
    theirs = load_task_model(save_task(tmp_path, task), device="cpu")
    ours = load_native_task(tmp_path, "it", device="cpu", mapped=mapped)
    if optimized:
        optimize_task_for_cpu(ours)
    assert ours.task == task
    assert ours.describe() == {**theirs.describe(), "name": "it", "source": "it"}
    windows = [window for text in SENTENCES for window in theirs.pair_encoding(QUESTION, text)]
    assert windows == [window for text in SENTENCES for window in ours.pair_encoding(QUESTION, text)]
    for one, two in zip(ours.logits(windows), theirs.logits(windows), strict=True):
        torch.testing.assert_close(one, two, atol=1e-4, rtol=0)


def test_float16_weights_are_computed_in_float32(tmp_path):
    theirs = load_task_model(save_task(tmp_path, ANSWERS), device="cpu")
    theirs.model.half().save_pretrained(tmp_path)
    ours = load_native_task(tmp_path, "it", device="cpu", mapped=True)
    windows = ours.pair_encoding(QUESTION, SENTENCES[0])
    expected = load_task_model(tmp_path, device="cpu").logits(windows)[0]
    torch.testing.assert_close(ours.logits(windows)[0], expected, atol=1e-4, rtol=0)


@pytest.mark.parametrize("architecture", ["RoBERTa", "DistilBERT", "ELECTRA"])
def test_other_architectures_are_left_to_transformers(architecture, tmp_path):
    assert load_native_task(save_task(tmp_path, EVIDENCE, architecture), "it", device="cpu") is None


@pytest.mark.parametrize(
    "changes",
    [
        {"architectures": ["BertForMaskedLM"]},
        {"architectures": None},
        {"id2label": {"0": "no", "1": "yes"}},
        {"hidden_act": "relu"},
    ],
)
def test_other_models_are_left_to_transformers(changes, tmp_path):
    save_task(tmp_path, EVIDENCE)
    assert load_native_task(tmp_path, "it", device="cpu")
    change_config(tmp_path, **changes)
    assert load_native_task(tmp_path, "it", device="cpu") is None


def test_broken_files_are_left_to_transformers(tmp_path):
    weights = save_task(tmp_path, ANSWERS) / "model.safetensors"
    weights.write_bytes(weights.read_bytes()[:-500])
    assert load_native_task(tmp_path, "it", device="cpu") is None
    assert load_native_task(tmp_path / "none", "it", device="cpu") is None
