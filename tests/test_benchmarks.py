"""The benchmarks still run: both sides, with tiny models and for a short time."""

import copy
import json
import subprocess
import sys
from functools import partial
from importlib import import_module

import pytest
import torch

from mlm_demo.models.cpu.optimize import takes_int8
from mlm_demo.models.masked_lm import MaskedLM
from tests.support.paths import ROOT
from tests.support.tiny_models import build


@pytest.fixture
def script(monkeypatch):
    """A function that imports a benchmark with its folder on the path, as for a script."""
    monkeypatch.syspath_prepend(str(ROOT / "benchmarks"))
    monkeypatch.setattr(sys, "argv", ["script", "--json"])
    monkeypatch.setattr(import_module("limit"), "SECONDS", 0.01)
    return import_module


def printed(capsys):
    return json.loads(capsys.readouterr().out)


def tiny():
    """A new model that reads 128 tokens."""
    tokenizer, model = build("BERT")
    tokenizer = copy.deepcopy(tokenizer)  # shared with other tests
    tokenizer.model_max_length = model.config.max_position_embeddings = 128
    return tokenizer, type(model)(model.config).eval()


@pytest.mark.skipif(
    not takes_int8(torch.device("cpu")), reason="this processor has no 8-bit products in torch"
)
def test_fill_mask_prints_its_ratios_and_exact_equals_the_pipeline(script, monkeypatch, capsys):
    fill_mask = script("fill_mask")
    tokenizer, model = tiny()
    mine = ("distilroberta, tiny", tokenizer, model, lambda: MaskedLM(*tiny(), name="tiny"))
    monkeypatch.setattr(fill_mask, "models", lambda: [mine])
    monkeypatch.setattr(fill_mask, "time_pairs", partial(fill_mask.time_pairs, seconds=0.0))
    monkeypatch.setattr(fill_mask, "LENGTHS", (16,))
    monkeypatch.setattr(fill_mask, "MASKS_AND_BATCHES", ((1, 1), (3, 1), (1, 2)))
    monkeypatch.setattr(fill_mask, "SENTENCES", 4)
    fill_mask.main()
    found = printed(capsys)
    assert set(found["ratios"]) == {"exact_16", "int8_16", "int8_top1", "int8_top5"}
    assert len(found["figures"]) == 3
    assert all(row["exact, off by"] < 1e-5 for row in found["figures"])


@pytest.mark.parametrize(("seconds", "calls"), [(30.0, 1), (5.0, 2), (0.5, 2 + 3)])
def test_rounds_are_as_many_as_their_length_allows(script, monkeypatch, seconds, calls):
    """One long round is enough; short ones are warmed up for."""
    pairs, now, made = script("pairs"), [0.0], []

    def work():
        made.append(1)
        now[0] += seconds / 2

    monkeypatch.setattr(pairs.time, "perf_counter", lambda: now[0])
    (pair,) = pairs.time_pairs([work], work, seconds=1.5)
    assert len(made) == 2 * calls
    assert pair.ratio == 1


def test_both_sides_of_adaptation_train(script, monkeypatch):
    adaptation = script("adaptation")
    monkeypatch.setitem(adaptation.SHAPES, "tiny", tiny)
    case = adaptation.Case("cpu", "tiny", steps=adaptation.WARM_UP + 3, batch=2)
    for name in ("ours", "theirs"):
        found = adaptation.side(name, case)
        assert found["tokens_per_second"] > 0
        assert found["loss"] > 0


@pytest.mark.parametrize("name", ["limit", "page", "startup"])
def test_a_script_imports(script, name):
    assert script(name)


def test_load_starts():
    """In a separate process, because locust patches the process that imports it."""
    command = [sys.executable, "benchmarks/load.py", "--help"]
    assert "--people" in subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout
