import gzip
import json
import os
import signal
import time

import pytest

from mlm_demo.cli import adapt as adapt_module
from mlm_demo.cli.main import main
from mlm_demo.errors import ModelError
from mlm_demo.training import export, trainer
from tests.support.runs import until
from tests.support.tiny_models import SENTENCES
from tests.support.training import LossesByWeights


@pytest.fixture
def corpus(tmp_path):
    lines = [json.dumps({"text": f"{s} {t}"}) for s in SENTENCES for t in SENTENCES]
    (tmp_path / "corpus.jsonl").write_text("\n".join(lines))
    return str(tmp_path / "corpus.jsonl")


@pytest.fixture(autouse=True)
def _on_the_processor(monkeypatch, judged_on_little):
    monkeypatch.setenv("MLM_DEMO_DEVICE", "cpu")


def adapt(corpus, model, output, *more):
    return ["adapt", corpus, "--model", model, "--output", str(output), "--block-size", "32", *more]


def test_adapt_reports_trains_and_evaluates(corpus, tiny, tmp_path, capsys):
    assert main(adapt(corpus, tiny, tmp_path / "out", "--max-steps", "3", "--batch-size", "4")) == 0
    out = capsys.readouterr().out
    for expected in (
        "verdict: too small",
        ". Perplexity on held-out text of the domain ",
        "| share | domain | change | general English | change |",
        "%, this model** |",
        "| Held-out text of the domain: loss, nats |",
        "| General English: perplexity |",
        "3 steps in",
    ):
        assert expected in out
    assert main(["fill", "the [MASK] sat", "--model", str(tmp_path / "out")]) == 0


def test_adapt_evaluates_on_a_validation_file(corpus, tiny, tmp_path, capsys):
    own = "\n\n".join(f"The boat number {i} lay beside the quay and was painted anew." for i in range(20))
    (tmp_path / "own.txt").write_text(own)
    options = ["--max-steps", "1", "--batch-size", "2", "--validation", str(tmp_path / "own.txt"), "--json"]
    assert main(adapt(corpus, tiny, tmp_path / "out", *options)) == 0
    facts = json.loads(capsys.readouterr().out)["corpus"]
    assert facts["training_documents"] == facts["documents"] == 36
    assert facts["held_out_documents"] >= 2


def test_adapt_prints_why_it_ended_and_which_weights_it_kept(corpus, tiny, tmp_path, capsys, monkeypatch):
    monkeypatch.setattr(trainer, "sum_by_document", LossesByWeights(3))
    assert main(adapt(corpus, tiny, tmp_path / "out", "--max-steps", "352", "--batch-size", "4")) == 0
    out = capsys.readouterr().out
    assert "Training ended at step 220 of 352: the eval loss had not improved for 3 evaluations." in out
    assert "so its weights were kept" in out, "those of the start"


def test_adapt_prints_json(corpus, tiny, tmp_path, capsys):
    assert main(adapt(corpus, tiny, tmp_path / "out", "--epochs", "0.5", "--json")) == 0
    answer = json.loads(capsys.readouterr().out)
    assert answer["report"]["documents"] == 36
    assert answer["figures"]["domain"]["after"]["loss"]["low"] > 0


def test_a_zip_file_replaces_neither_the_corpus_nor_another_file(corpus, tiny, tmp_path, capsys, monkeypatch):
    def refused(file, *more):
        assert main(adapt(str(file), tiny, tmp_path / "bees", "--zip", *more)) == 1
        return capsys.readouterr().err

    (tmp_path / "bees.zip").write_text("mine")
    replaced = f"--zip would replace the file {tmp_path / 'bees.zip'}; give another folder, or move the file."
    assert replaced in refused(tmp_path / "bees.zip")
    assert replaced in refused(corpus)
    monkeypatch.setattr(adapt_module, "check_output", lambda output, resume: None)
    assert replaced in refused(tmp_path / "bees.zip", "--resume")
    assert "none.txt" in refused(tmp_path / "none.txt", "--resume"), "an earlier attempt wrote the zip file"
    assert (tmp_path / "bees.zip").read_text() == "mine"
    assert main(["adapt", corpus, "--output", ".", "--zip"]) == 1
    assert "write its name" in capsys.readouterr().err


def test_a_failed_zip_file_does_not_hide_the_result(corpus, tiny, tmp_path, capsys, monkeypatch):
    def fail(folder):
        raise ModelError("The disk is full.")

    monkeypatch.setattr(export, "zip_model", fail)
    assert main(adapt(corpus, tiny, tmp_path / "out", "--max-steps", "1", "--zip", "--json")) == 1
    out, err = capsys.readouterr()
    assert json.loads(out)["training"]["steps"] == 1
    assert err.endswith("mlm_demo: The disk is full.\n")


def test_a_signal_after_the_training_is_no_stop_of_it(corpus, tiny, tmp_path):
    before = signal.getsignal(signal.SIGINT), signal.getsignal(signal.SIGTERM)
    assert main(adapt(corpus, tiny, tmp_path / "out", "--max-steps", "1")) == 0
    assert (signal.getsignal(signal.SIGINT), signal.getsignal(signal.SIGTERM)) == before


def test_the_report_alone_writes_nothing(corpus, tiny, tmp_path, capsys):
    assert main(adapt(corpus, tiny, tmp_path / "out", "--report")) == 0
    assert "verdict:" in capsys.readouterr().out
    assert not (tmp_path / "out").exists()


def test_evaluate(corpus, tiny, capsys):
    assert main(["evaluate", corpus, "--model", tiny]) == 0
    assert capsys.readouterr().out.startswith("loss ")
    assert main(["evaluate", corpus, "--model", tiny, "--json"]) == 0
    answer = json.loads(capsys.readouterr().out)
    assert {"loss", "perplexity", "accuracy", "masked_tokens"} <= set(answer)


def test_evaluate_keeps_to_the_limits_of_unpacking(tiny, tmp_path, capsys, monkeypatch):
    (tmp_path / "a.txt.gz").write_bytes(gzip.compress(b"The boat lay beside the quay. " * 40_000))
    monkeypatch.setenv("MLM_DEMO_MAX_UNPACKED_MEGABYTES", "1")
    assert main(["evaluate", str(tmp_path / "a.txt.gz"), "--model", tiny]) == 1
    assert "holds more than 1,000,000 bytes when unpacked" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("more", "message"),
    [
        (["--threshold", "0"], "--threshold needs --task; leave it out."),
        (["--task", "answers", "--seed", "0"], "--seed cannot be used with --task; leave it out."),
        (["--task", "answers", "--column", "text"], "--column cannot be used with --task; leave it out."),
        (
            ["--task", "answers", "--keep-near-duplicates"],
            "--keep-near-duplicates cannot be used with --task; leave it out.",
        ),
    ],
)
def test_evaluate_refuses_an_option_that_it_would_ignore(tiny, capsys, more, message):
    assert main(["evaluate", "a.txt", "--model", tiny, *more]) == 1
    assert capsys.readouterr().err == f"mlm_demo: {message}\n"


def test_evaluate_says_what_its_intervals_are_over_and_what_it_did_not_ask_for(tiny, tmp_path, capsys):
    def evaluate(text):
        (tmp_path / "a.txt").write_text(text)
        assert main(["evaluate", str(tmp_path / "a.txt"), "--model", tiny, "--keep-near-duplicates"]) == 0
        return capsys.readouterr()

    out = evaluate(" ".join(SENTENCES * 30)).out
    assert "95% interval" in out
    assert " masked tokens in 1 document; the intervals are over its " in out
    out = evaluate(SENTENCES[0]).out
    assert "interval " not in out.split("there is no interval")[0]
    assert out.endswith(" in 1 document; there is no interval, because the text is a single section\n")
    assert evaluate(SENTENCES[0]).err.count("unknown") == 0
    error = evaluate(f"{SENTENCES[0]} \u8239\u5728\u9ece\u660e").err
    assert " of the tokens are unknown to " in error
    assert "; they were not asked for." in error


@pytest.mark.parametrize(
    ("more", "message"),
    [
        (["--max-steps", "0"], "max_steps is 0"),
        (["--mlm-probability", "2"], "mlm_probability is 2.0"),
        (["--resume"], "There is no checkpoint under"),
        (["--column", "abstract"], "abstract"),
    ],
)
def test_a_users_error_leaves_nothing_behind(corpus, tiny, tmp_path, capsys, more, message):
    assert main(adapt(corpus, tiny, tmp_path / "out", *more)) == 1
    err = capsys.readouterr().err
    assert err.splitlines()[-1].startswith("mlm_demo: ")
    assert message in err.splitlines()[-1]
    assert not (tmp_path / "out").exists()


def test_a_missing_file_is_named(tiny, tmp_path, capsys):
    assert main(adapt(str(tmp_path / "none.txt"), tiny, tmp_path / "out")) == 1
    assert "none.txt" in capsys.readouterr().err


def test_ctrl_c_keeps_the_progress_and_says_how_to_continue(corpus, tiny, tmp_path, fork_server):
    output = tmp_path / "out"
    words = adapt(corpus, tiny, output, "--max-steps", "100000", "--batch-size", "2")
    with (tmp_path / "printed").open("w+") as out, (tmp_path / "errors").open("w+") as err:
        process = fork_server.launch(words, environment=os.environ, output=out, errors=err)
        until(lambda: (output / "checkpoints" / "plan.json").exists())
        time.sleep(0.5)  # some steps
        os.kill(process.pid, signal.SIGINT)
        assert process.wait() == 0, (tmp_path / "errors").read_text()
    assert "Stopping after this step; progress is kept." in (tmp_path / "errors").read_text()
    assert "repeat the command with --resume" in (tmp_path / "printed").read_text()
    assert (output / "result.json").exists()
    assert list((output / "checkpoints").glob("checkpoint-*"))
