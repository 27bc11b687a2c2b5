import json
import os
import subprocess
import sys

from places import ROOT
from safetensors.torch import load_file
from test_training import TEXTS, assert_same, fresh

from mlm_demo import processes

# Products in float32, so that nothing but the division of the batch can make a difference.
EXACT = """
import sys
from mlm_demo import trainer
from mlm_demo.cli import main
trainer.bfloat16_is_fast = lambda device: False
sys.exit(main(sys.argv[1:]))
"""


def test_alone_everything_is_idle():
    assert (processes.count(), processes.is_first(), processes.agreed("x")) == (1, True, "x")


def test_two_processes_train_the_model_that_one_does(tmp_path):
    """Started by torchrun, as on a machine with two GPUs; here two processes share the processor."""
    base = tmp_path / "base"
    mlm = fresh()
    mlm.model.save_pretrained(base)
    mlm.tokenizer.save_pretrained(base)
    corpus = tmp_path / "corpus.jsonl"
    corpus.write_text(
        "".join(json.dumps({"text": f"{text} Number {n}."}) + "\n" for n, text in enumerate(TEXTS))
    )
    exact = tmp_path / "exact.py"
    exact.write_text(EXACT)
    command = [
        *(str(exact), "adapt", str(corpus), "--model", str(base), "--max-steps", "6", "--batch-size", "4"),
        *("--block-size", "32", "--learning-rate", "1e-3", "--json", "--output"),
    ]  # fmt: skip
    torchrun = ["-m", "torch.distributed.run", "--standalone", "--nproc-per-node", "2"]
    results = {}
    for name, start in (("one", []), ("two", torchrun)):
        done = subprocess.run(
            [sys.executable, *start, *command, str(tmp_path / name)],
            env={**os.environ, "PYTHONPATH": str(ROOT)},
            capture_output=True,
            text=True,
        )
        assert done.returncode == 0, done.stderr[-3000:]
        results[name] = json.loads(done.stdout)  # one of them speaks
    one, two = (results[name]["figures"]["domain"]["after"]["loss"]["value"] for name in ("one", "two"))
    assert abs(one - two) < 1e-3
    assert results["two"]["training"]["steps"] == 6
    assert_same(
        *(load_file(tmp_path / name / "model.safetensors") for name in ("one", "two")), tolerance=5e-4
    )
