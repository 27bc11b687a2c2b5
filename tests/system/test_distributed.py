import json
import os
import subprocess
import sys

import pytest
from safetensors.torch import load_file

from mlm_demo.cli.main import main
from mlm_demo.system.distributed import broadcast, is_main_process, world_size
from mlm_demo.training import trainer
from tests.support.nightly import nightly
from tests.support.paths import ROOT, free_port
from tests.support.tiny_models import SENTENCES, assert_same_weights, save_tiny

# float32 products, so that only the division of the batch can make a difference.
EXACT = """
from mlm_demo.training import trainer
trainer.bfloat16_is_fast = lambda device: False
"""
# As the fork server's children judge.
LITTLE = """
import os
from pathlib import Path
from tests.support.little_judging import judge_on_little
judge_on_little(Path(__file__ + os.environ["RANK"]))
"""
MAIN = """
import sys
from mlm_demo.cli.main import main
sys.exit(main(sys.argv[1:]))
"""


def test_in_a_single_process_the_helpers_do_nothing():
    assert (world_size(), is_main_process(), broadcast("x")) == (1, True, "x")


def by_torchrun(arguments, folder, fork_server):
    """What torchrun prints that starts two processes; here they share the CPU."""
    script = folder / "exact.py"
    script.write_text(EXACT + LITTLE + MAIN)
    torchrun = ["-m", "torch.distributed.run", "--standalone", "--nproc-per-node", "2"]
    done = subprocess.run(
        [sys.executable, *torchrun, str(script), *arguments],
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr[-3000:]
    return done.stdout


def by_fork(arguments, folder, fork_server):
    """What two forked processes print, in the environment that torchrun would give them."""
    together = {"MASTER_ADDR": "127.0.0.1", "MASTER_PORT": str(free_port()), "WORLD_SIZE": "2"}
    with (folder / "out").open("w+") as output, (folder / "errors").open("w+") as errors:
        children = [
            fork_server.after(EXACT)(
                arguments,
                environment={**os.environ, **together, "RANK": rank, "LOCAL_RANK": rank},
                output=output,
                errors=errors,
            )
            for rank in ("0", "1")
        ]
        codes = [child.wait() for child in children]
        errors.seek(0)
        assert codes == [0, 0], errors.read()[-3000:]
        output.seek(0)
        return output.read()


@pytest.mark.parametrize("start", [by_fork, pytest.param(by_torchrun, marks=nightly)])
def test_two_processes_train_the_same_model_as_one(
    start, tmp_path, monkeypatch, capsys, fork_server, judged_on_little
):
    base = tmp_path / "base"
    save_tiny(base)
    corpus = tmp_path / "corpus.jsonl"
    texts = [f"{one} {two}" for one in SENTENCES for two in SENTENCES]
    corpus.write_text(
        "".join(json.dumps({"text": f"{text} Number {n}."}) + "\n" for n, text in enumerate(texts))
    )
    arguments = [
        *("adapt", str(corpus), "--model", str(base), "--max-steps", "6", "--batch-size", "4"),
        *("--block-size", "32", "--learning-rate", "1e-3", "--json", "--output"),
    ]
    printed = start([*arguments, str(tmp_path / "two")], tmp_path, fork_server)
    monkeypatch.setattr(trainer, "bfloat16_is_fast", lambda device: False)
    assert main([*arguments, str(tmp_path / "one")]) == 0
    # Only the main process prints.
    one, two = (json.loads(text) for text in (capsys.readouterr().out, printed))
    assert abs(loss_after(one) - loss_after(two)) < 1e-3
    assert two["training"]["steps"] == 6
    assert_same_weights(
        *(load_file(tmp_path / name / "model.safetensors") for name in ("one", "two")), tolerance=5e-4
    )


def loss_after(result):
    return result["figures"]["domain"]["after"]["loss"]["value"]
