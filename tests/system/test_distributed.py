import json
import os
import subprocess
import sys

from safetensors.torch import load_file

from mlm_demo.cli.main import main
from mlm_demo.system.distributed import broadcast, is_main_process, world_size
from mlm_demo.training import trainer
from tests.support.paths import ROOT
from tests.support.tiny_models import SENTENCES, assert_same_weights, save_tiny

# float32 products, so that only the division of the batch can make a difference.
EXACT = """
import sys
from mlm_demo.training import trainer
from mlm_demo.cli.main import main
trainer.bfloat16_is_fast = lambda device: False
sys.exit(main(sys.argv[1:]))
"""


def test_in_a_single_process_the_helpers_do_nothing():
    assert (world_size(), is_main_process(), broadcast("x")) == (1, True, "x")


def test_two_processes_train_the_same_model_as_one(tmp_path, monkeypatch, capsys):
    """torchrun starts two processes, as on a machine with two GPUs; here they share the CPU."""
    base = tmp_path / "base"
    save_tiny(base)
    corpus = tmp_path / "corpus.jsonl"
    texts = [f"{one} {two}" for one in SENTENCES for two in SENTENCES]
    corpus.write_text(
        "".join(json.dumps({"text": f"{text} Number {n}."}) + "\n" for n, text in enumerate(texts))
    )
    exact = tmp_path / "exact.py"
    exact.write_text(EXACT)
    arguments = [
        *("adapt", str(corpus), "--model", str(base), "--max-steps", "6", "--batch-size", "4"),
        *("--block-size", "32", "--learning-rate", "1e-3", "--json", "--output"),
    ]
    torchrun = ["-m", "torch.distributed.run", "--standalone", "--nproc-per-node", "2"]
    two_processes = subprocess.run(
        [sys.executable, *torchrun, str(exact), *arguments, str(tmp_path / "two")],
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
    )
    assert two_processes.returncode == 0, two_processes.stderr[-3000:]
    monkeypatch.setattr(trainer, "bfloat16_is_fast", lambda device: False)
    assert main([*arguments, str(tmp_path / "one")]) == 0
    # Only the main process prints.
    one, two = (json.loads(text) for text in (capsys.readouterr().out, two_processes.stdout))
    assert abs(loss_after(one) - loss_after(two)) < 1e-3
    assert two["training"]["steps"] == 6
    assert_same_weights(
        *(load_file(tmp_path / name / "model.safetensors") for name in ("one", "two")), tolerance=5e-4
    )


def loss_after(result):
    return result["figures"]["domain"]["after"]["loss"]["value"]
