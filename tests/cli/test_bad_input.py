"""Bad files and values on the command line: each gives one sentence, exit code 1 and no traceback."""

import gzip
import json
import os
import random

import pytest
import torch

from mlm_demo.cli.main import main
from mlm_demo.training.checkpoints import CHECKPOINTS, last_checkpoint
from mlm_demo.training.trainer import MaskedLMTrainer
from tests.support.packed_files import zipped
from tests.support.runs import WORDS

# Texts that are no duplicates: words in another order each time.
TEXTS = [" ".join(random.Random(i).choices(WORDS, k=40)) + "." for i in range(40)]
GERMAN = "Der Patient wurde gestern mit hohem Fieber in das Krankenhaus gebracht und dort lange behandelt"

# From the start of the run on, no file may grow beyond 20 kB: the system refuses, as on a full disk.
LIMITED = """
import resource
from mlm_demo.training import adapt as module
adapt = module.adapt
def limited(*arguments, **named):
    resource.setrlimit(resource.RLIMIT_FSIZE, (20_000, 20_000))
    return adapt(*arguments, **named)
module.adapt = limited
"""


@pytest.fixture
def adapt(tiny, tmp_path, monkeypatch, capsys, judged_on_little):
    """A function that writes a file, adapts to it, and returns exit code, output and last line of the errors."""
    monkeypatch.setenv("MLM_DEMO_DEVICE", "cpu")

    def adapt(name, data, *more):
        path = tmp_path / name
        path.write_bytes(data.encode() if isinstance(data, str) else data)
        words = [
            "adapt",
            str(path),
            "--model",
            tiny,
            "--output",
            str(tmp_path / "out"),
            "--block-size",
            "32",
        ]
        code = main([*words, *(more or ["--max-steps", "2", "--batch-size", "4"])])
        captured = capsys.readouterr()
        return code, captured.out, (captured.err.splitlines() or [""])[-1]

    return adapt


def lines(texts=TEXTS):
    return "\n".join(json.dumps({"text": text}) for text in texts)


def picture():
    return b"\x89PNG\r\n\x1a\n" + bytes(range(256)) * 40


@pytest.mark.parametrize(
    ("name", "data", "message"),
    [
        ("empty.txt", b"", "'empty.txt' is empty; leave it out."),
        ("bom.txt", b"\xef\xbb\xbf", "'bom.txt' holds nothing but a byte order mark; leave it out."),
        ("white.txt", " \n\t\n" * 50, "'white.txt' holds no text, only white space or marks; leave it out."),
        ("picture.txt", picture(), "'picture.txt' is not text (it looks like a PNG"),
        (
            "bomb.txt.gz",
            gzip.compress(b"a " * 20_000_000, mtime=0),
            "'bomb.txt.gz' expands to more than 200 times its size",
        ),
        ("bomb.zip", zipped([("a.txt", b"a " * 20_000_000)]), "expands to more than 200 times its size"),
        (
            "nested.zip",
            zipped([("inner.zip", zipped([("a.txt", "a")]))]),
            "an archive in an archive is not opened",
        ),
        ("path.zip", zipped([("../../a.txt", "a")]), "its name leads out of the archive"),
        (
            "ragged.csv",
            "text,n\n" + "a b c,1\n" * 3 + "d,e,f,2\n",
            "Skipped: 'ragged.csv, row 5' (it has 4 cells, and the header 2; put",
        ),
        ("bad.jsonl", "{text: 1}", "'bad.jsonl' has no row that can be read; item 1: it is not JSON"),
        ("line.txt", "One line.", "The corpus holds 2 words of text after removing duplicates; at least 200"),
        (
            "paragraph.txt",
            " ".join(TEXTS[:20]),
            "is one paragraph without line breaks, so no part of it can be held out for evaluation",
        ),
        ("copies.txt", "\n\n".join(TEXTS[:1] * 50), "after removing duplicates; at least 200"),
    ],
)
def test_a_file_that_is_no_corpus(adapt, tmp_path, name, data, message):
    code, _, error_line = adapt(name, data)
    assert (code, message in error_line) == (1, True), error_line
    assert error_line.startswith("mlm_demo: ")
    assert [path.name for path in tmp_path.iterdir()] == [name]


@pytest.mark.parametrize(
    ("name", "data", "note"),
    [
        ("utf16.txt", "\n\n".join(TEXTS).encode("utf-16"), ""),
        ("old.txt", "\n\n".join(f"Café – {t}" for t in TEXTS).encode("cp1252"), "cp1252"),
        (
            "mixed.txt",
            "\n\n".join(TEXTS).encode() + "\n\nÜber".encode() + "\n\ncafé".encode("cp1252"),
            "cp1252",
        ),
        (
            "named.txt",
            gzip.compress("\n\n".join(TEXTS).encode()),
            "named.txt is a gzip file, and was read as one.",
        ),
        (
            "page.txt",
            "<!doctype html><p>" + "<p>".join(TEXTS),
            "page.txt is an HTML page, and was read as one.",
        ),
        (
            "headless.csv",
            "\n".join(f'"{t}",{i}' for i, t in enumerate(TEXTS)),
            "note: headless.csv has no header, so its first row was read too.",
        ),
        ("bad.jsonl", lines() + '\n{"text": "cut', "skipped: bad.jsonl, line 41, it is not JSON ("),
    ],
)
def test_a_file_that_is_not_what_it_seems_is_read_with_a_note(adapt, name, data, note):
    code, out, error_line = adapt(name, data, "--report")
    assert code == 0, error_line
    assert note in out
    assert "verdict: too small" in out


def test_another_language_is_noted_before_training(adapt):
    texts = [f"{GERMAN} {' '.join(random.Random(i).sample(GERMAN.split(), 12))}." for i in range(40)]
    code, out, _ = adapt("german.txt", "\n\n".join(texts), "--report")
    assert code == 0
    assert "looks like 'de', which an English model cannot read well" in out


def test_a_corpus_of_less_than_a_block_is_trained_on(adapt, tmp_path):
    code, _, error_line = adapt(
        "small.txt", "\n\n".join(TEXTS[:6]), "--max-steps", "2", "--block-size", "512"
    )
    assert code == 0, error_line
    assert (tmp_path / "out" / "result.json").is_file()


def test_too_large_a_file(adapt, monkeypatch, tmp_path):
    monkeypatch.setenv("MLM_DEMO_MAX_UNPACKED_MEGABYTES", "1")
    code, _, error_line = adapt("large.txt", "\n\n".join(TEXTS) * (1 + 1_000_000 // len("".join(TEXTS))))
    assert (code, "'large.txt' holds more than 1,000,000 bytes" in error_line) == (1, True), error_line
    assert not (tmp_path / "out").exists()


def test_a_loss_that_is_no_number(adapt, monkeypatch, tmp_path):
    """The last good checkpoint stays, and the run can resume from it."""
    compute_loss = MaskedLMTrainer.compute_loss

    def breaking(self, *arguments, **named):
        # Before three evaluations can have passed, which might end the run as one that does not get better.
        return compute_loss(self, *arguments, **named) * (float("nan") if self.state.global_step >= 2 else 1)

    settings = ("--max-steps", "8", "--batch-size", "4")
    with monkeypatch.context() as patched:
        patched.setattr(MaskedLMTrainer, "compute_loss", breaking)
        code, _, error_line = adapt("a.jsonl", lines(), *settings)
    assert code == 1
    assert error_line.startswith(
        "mlm_demo: The loss became NaN at step 3. Progress up to the last checkpoint is kept;"
    ), error_line
    assert last_checkpoint(tmp_path / "out").name == "checkpoint-2"
    assert [path.name for path in (tmp_path / "out").iterdir()] == [CHECKPOINTS]
    code, _, error_line = adapt("a.jsonl", lines(), *settings)
    assert (code, "holds a run that got to step 2; continue it with --resume" in error_line) == (1, True), (
        error_line
    )
    code, _, error_line = adapt("a.jsonl", lines(), *settings, "--resume")
    assert code == 0, error_line


def test_a_device_without_memory(adapt, monkeypatch, tmp_path):
    def train(self, *arguments, **named):
        raise torch.OutOfMemoryError("CUDA out of memory")

    monkeypatch.setattr(MaskedLMTrainer, "train", train)
    code, _, error_line = adapt("a.jsonl", lines())
    assert code == 1
    assert "does not fit this device's memory even with one block of 32 tokens" in error_line
    assert not (tmp_path / "out").exists()


def test_a_disk_that_is_full(tiny, tmp_path, fork_server):
    (tmp_path / "a.jsonl").write_text(lines())
    argv = ["adapt", str(tmp_path / "a.jsonl"), "--model", tiny, "--output", str(tmp_path / "out")]
    argv += ["--max-steps", "2", "--batch-size", "4", "--block-size", "32"]
    with (tmp_path / "errors").open("w+") as errors:
        child = fork_server.launch(
            argv,
            environment={**os.environ, "MLM_DEMO_DEVICE": "cpu"},
            output=errors,
            errors=errors,
            before=LIMITED,
        )
        assert child.wait() == 1
    error = (tmp_path / "errors").read_text().splitlines()[-1]
    assert error.startswith("mlm_demo: ")
    assert "cannot be written" in error
    assert "make room" in error
    assert not (tmp_path / "out").exists()
