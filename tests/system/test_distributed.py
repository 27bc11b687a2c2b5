import json
import os
import subprocess
import sys

from safetensors.torch import load_file

from mlm_demo.cli.main import main
from mlm_demo.system import distributed as processes
from mlm_demo.training import trainer
from tests.support.paths import ROOT
from tests.support.training import TEXTS, assert_same, fresh

# Products in float32, so that nothing but the division of the batch can make a difference.
EXACT = """
import sys
from mlm_demo.training import trainer
from mlm_demo.cli.main import main
trainer.bfloat16_is_fast = lambda device: False
sys.exit(main(sys.argv[1:]))
"""


def test_alone_everything_is_idle():
    assert (processes.count(), processes.is_main_process(), processes.agreed("x")) == (1, True, "x")


def test_two_processes_train_the_model_that_one_does(tmp_path, monkeypatch, capsys):
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
    words = [
        *("adapt", str(corpus), "--model", str(base), "--max-steps", "6", "--batch-size", "4"),
        *("--block-size", "32", "--learning-rate", "1e-3", "--json", "--output"),
    ]
    torchrun = ["-m", "torch.distributed.run", "--standalone", "--nproc-per-node", "2"]
    two_processes = subprocess.run(
        [sys.executable, *torchrun, str(exact), *words, str(tmp_path / "two")],
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
    )
    assert two_processes.returncode == 0, two_processes.stderr[-3000:]
    monkeypatch.setattr(trainer, "bfloat16_is_fast", lambda device: False)
    assert main([*words, str(tmp_path / "one")]) == 0
    # One of the two speaks.
    one, two = (json.loads(said) for said in (capsys.readouterr().out, two_processes.stdout))
    assert abs(loss_after(one) - loss_after(two)) < 1e-3
    assert two["training"]["steps"] == 6
    assert_same(
        *(load_file(tmp_path / name / "model.safetensors") for name in ("one", "two")), tolerance=5e-4
    )


def loss_after(result):
    return result["figures"]["domain"]["after"]["loss"]["value"]
