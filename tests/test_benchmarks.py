"""The benchmarks still run: both sides, with tiny models and for a short time."""

import asyncio
import copy
import json
import subprocess
import sys
from collections import Counter
from contextlib import redirect_stdout
from functools import partial
from importlib import import_module

import numpy as np
import pytest
import torch
from gradio_client import Client
from transformers import TrainerControl

from mlm_demo.models.catalogue import Catalogue
from mlm_demo.models.cpu.optimize import takes_int8
from mlm_demo.models.masked_lm import MaskedLM
from mlm_demo.models.native_bert.loader import load_native
from mlm_demo.settings import Settings
from tests.support.nightly import nightly
from tests.support.paths import ROOT
from tests.support.tiny_models import build, save_tiny


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


def test_the_sentences_have_one_mask_and_words_are_single_tokens(script):
    sentences = script("sentences").read_sentences()
    assert Counter(sentence.kind for sentence in sentences) == {
        "everyday": 40,
        "biomedical": 40,
        "more everyday": 98,
    }
    assert len({sentence.text for sentence in sentences}) == 178
    vocabulary = load_native(Catalogue().find("general"), "cpu").tokenizer.get_vocab()
    for sentence in sentences:
        assert sentence.text.count("<mask>") == 1
        assert 1 <= len(sentence.expected) <= 5
        assert all(word in vocabulary for word in sentence.expected)


def test_sentences_prints_the_shares_and_each_miss(script, monkeypatch, capsys):
    sentences = script("sentences")
    chosen = [sentences.Sentence("everyday", f"{number} <mask>.", ("paris", "rome")) for number in range(4)]
    answers = {"0 <mask>.": ["paris", "a"], "1 <mask>.": ["a", "rome"]}
    monkeypatch.setattr(sentences, "read_sentences", lambda: chosen)
    monkeypatch.setattr(sentences, "first_words", lambda engine, model, s: answers.get(s.text, ["a", "b"]))
    monkeypatch.setattr(sys, "argv", ["script", "--json", "--model", "mine"])
    sentences.main()
    found = printed(capsys)
    assert found["ratios"] == {"mine_everyday_first": 0.25, "mine_everyday_top5": 0.5}
    assert [row["sentence"] for row in found["figures"]] == ["2 <mask>.", "3 <mask>."]


def test_influence_compares_both_measures_word_by_word(script, monkeypatch, capsys):
    influence = script("influence")
    sentences = ["Paris is the <mask> of France.", "Hepatosplenomegaly is <mask>."]
    kinds = [script("sentences").Sentence("everyday", text, ("capital",)) for text in sentences]
    monkeypatch.setattr(influence, "read_sentences", lambda: kinds)
    influence.main()
    found = printed(capsys)
    assert set(found["ratios"]) == {"general_spearman", "biomedical_spearman"}
    assert [row["sentences"] for row in found["figures"]] == [1] * 6, (
        "the second has a word of several pieces"
    )
    assert all(-1 <= row["Spearman with hiding"] <= 1 for row in found["figures"])


def test_sentences_reads_the_words_of_a_model(script, tmp_path):
    sentences = script("sentences")
    engine, model = sentences.Engine(Settings()), str(save_tiny(tmp_path))
    words = sentences.first_words(engine, model, sentences.read_sentences()[0])
    assert len(words) == sentences.TOP_K
    assert all(word == word.strip().lower() for word in words)


@nightly
def test_both_sides_of_learning_train_and_are_compared(script, monkeypatch, capsys, tmp_path):
    learning = script("learning")
    model, whole = str(save_tiny(tmp_path)), learning.beekeeping()
    few = learning.Split(whole.training[:12], whole.held_out[:2], draws=2)
    monkeypatch.setattr(learning, "RATES", (2e-4, 5e-4))
    monkeypatch.setattr(learning, "EVALUATIONS", 2)
    monkeypatch.setattr(learning, "CORPORA", {model: lambda: few})
    monkeypatch.setattr(learning, "general_text", lambda: whole.held_out[4:5])

    def in_this_process(run):
        with redirect_stdout(sys.stderr):  # Trainer prints
            return learning.side(run)

    monkeypatch.setattr(learning, "in_a_process", in_this_process)
    options = ["--minutes", "0.01", "--seeds", "1", "--reach", "--model", model]
    monkeypatch.setattr(sys, "argv", ["script", "--json", *options])
    learning.main()
    found = printed(capsys)
    assert set(found["ratios"]) == {"learn_0.01min", "learn_forgetting"}
    rows = {row[""].rpartition(": ")[2]: row for row in found["figures"]}
    assert len(rows) == 5
    assert rows["steps"]["ours"] >= 1
    assert rows["seconds"]["the recipe"] >= 0.6


@nightly
def test_every_candidate_trains_and_stands_in_the_table(script, monkeypatch, capsys, tmp_path):
    candidates, learning = script("candidates"), script("learning")
    model, whole = str(save_tiny(tmp_path)), learning.beekeeping()
    few = learning.Split(whole.training[:30], whole.held_out[:4], draws=1)
    monkeypatch.setattr(candidates, "CORPORA", {model: lambda: few})
    monkeypatch.setattr(candidates, "general_text", lambda: whole.held_out[4:8])

    def in_this_process(*arguments):
        with redirect_stdout(sys.stderr):  # Trainer prints
            return json.loads(json.dumps(candidates.run(*arguments)))

    monkeypatch.setattr(candidates, "in_a_process", in_this_process)
    names = list(candidates.CANDIDATES)
    options = ["--output", str(tmp_path / "a.jsonl"), "--steps", "12", "--seeds", "1", "--model", model]
    monkeypatch.setattr(sys, "argv", ["script", *options, "--only", *names])
    candidates.main()
    printed_rows = [line for line in capsys.readouterr().out.splitlines() if line.startswith("| ")][1:]
    assert len(printed_rows) == len(names)
    done = [json.loads(line) for line in (tmp_path / "a.jsonl").read_text().splitlines()]
    losses = {one["key"][0]: sum(one["run"]["shares"]["1.0"]["domain"]) for one in done}
    assert set(losses) == set(names)
    assert len(set(losses.values())) == len(names), "each changes something"


def test_learning_holds_out_what_no_side_trains_on(script):
    learning = script("learning")
    for split in filter(None, (corpus() for corpus in learning.CORPORA.values())):
        assert not set(split.held_out) & set(split.training)
        assert len(split.held_out) >= 20


def test_a_corpus_that_is_not_there_is_skipped(script, monkeypatch, capsys, tmp_path):
    learning = script("learning")
    monkeypatch.setattr(learning, "PUBMEDQA", tmp_path / "none.jsonl.gz")
    monkeypatch.setattr(sys, "argv", ["script", "--json", "--model", "biomedical"])
    learning.main()
    out, error = capsys.readouterr()
    assert json.loads(out)["figures"] == []
    assert "biomedical is skipped" in error


def test_evaluating_on_the_way_costs_no_time_and_ends_at_the_target(script, monkeypatch):
    learning, now, found = script("learning"), [100.0], iter([3.0, 2.5, 2.0])
    monkeypatch.setattr(learning.time, "perf_counter", lambda: now[0])

    def held_out_loss():
        now[0] += 50
        return next(found)

    run = learning.Run("general", minutes=1, seed=0, rate=1e-4, target=2.2, every=10)
    clock, control = learning.Clock(run, held_out_loss), TrainerControl()
    clock.on_train_begin(None, None, control)
    while not control.should_training_stop:
        now[0] += 6
        clock.on_step_end(None, None, control)
    assert clock.curve == [(0.0, 3.0), (12.0, 2.5), (24.0, 2.0)]
    assert clock.factor(0) == pytest.approx(1 - 24 / 60)


@pytest.mark.parametrize(("target", "seconds"), [(3.5, 0), (2.5, 15), (2, 20), (1.5, None)])
def test_a_loss_is_reached_between_two_points_of_a_curve(script, target, seconds):
    assert script("learning").seconds_to(target, [(0, 3.2), (10, 3), (20, 2), (30, 2.5)]) == seconds


def test_a_ratio_of_sums_has_an_interval_over_documents(script):
    ratio, low, high = script("learning").ratio_of_sums(np.array([2.0, 4.0, 9.0]), np.array([1.0, 2.0, 3.0]))
    assert ratio == 2.5
    assert 2 <= low < 2.5 < high <= 3


def test_extract_prints_its_ratios_and_scores_equal_those_of_the_stock_loops(script, monkeypatch, capsys):
    extract = script("extract")
    monkeypatch.setattr(extract, "load", lambda *_, **__: MaskedLM(*tiny()))
    monkeypatch.setattr(extract, "QUESTION", "What does the heart do?")
    monkeypatch.setattr(extract, "MAX_TOKENS", 128)
    monkeypatch.setattr(extract, "STRIDE", 32)
    monkeypatch.setattr(
        extract, "N_BEST", 128
    )  # with twenty, the stock search misses the best span of a random model
    monkeypatch.setattr(extract, "SECONDS", 0.0)
    text = " ".join(["The heart pumps blood; the kidney filters it.", "Paris is a city."])
    monkeypatch.setattr(
        extract, "abstracts", lambda: [extract.paper_of(text.split(), f"{n}") for n in range(2)]
    )
    monkeypatch.setattr(extract, "whole_paper", lambda: extract.paper_of((text + " ").split() * 12, "paper"))
    monkeypatch.setattr(extract, "compare", lambda: (script("pairs").Pair(1.0, 2.0, 2.0), 100))
    extract.main()
    found = printed(capsys)
    assert set(found["ratios"]) == {"extract_20", "extract_paper", "finetune_tokens_per_s"}
    one, paper = found["figures"]
    assert (one["papers"], one["sentences"], paper["sentences"]) == (2, 4, 24)
    assert one["relevance, off by"] < 1e-4
    assert one["spans, off by"] < 1e-4
    assert paper["spans, off by"] == ""


@nightly
def test_both_sides_of_finetune_train_on_the_same_questions(script, monkeypatch, capsys, tmp_path):
    finetune = script("finetune")
    monkeypatch.setattr(finetune, "load", lambda *_, **__: MaskedLM(*tiny()))
    (tmp_path / "text.txt").write_text("the heart pumps blood and paris is a city of france " * 20)
    monkeypatch.setattr(finetune, "TEXT", tmp_path / "text.txt")
    for name, value in {
        "QUESTIONS": 12,
        "SHORTEST": 20,
        "LONGEST": 60,
        "MAX_TOKENS": 96,
        "STRIDE": 32,
    }.items():
        monkeypatch.setattr(finetune, name, value)
    for example in finetune.questions():
        (answer,) = example.answers
        assert example.context[answer.start :].startswith(answer.text)
        assert answer.start > 20
    finetune.main()
    found = printed(capsys)
    assert found["ratios"]["finetune_tokens_per_s"] > 0
    assert found["figures"][0]["questions"] == 12


@nightly
def test_the_page_answers_the_crowd(script, tmp_path):
    page = script("page")
    ours = page.Ours(save_tiny(tmp_path / "model"), page.free_port())
    try:
        page.until_served(f"{ours.address}/config")
        Client(ours.address, verbose=False).predict(
            "A <mask>.", ours.folder, api_name="/fill_mask"
        )  # loads it
        rate, seconds = asyncio.run(page.crowd(ours, 2, ["The <mask> pumps blood.", "Paris is a <mask>."]))
    finally:
        ours.process.kill()
        ours.process.wait()
    assert rate > 0
    assert len(seconds) == 2 * page.CALLS_PER_CLIENT


@pytest.mark.parametrize("name", ["limit", "page", "startup"])
def test_a_script_imports(script, name):
    assert script(name)


def test_load_starts():
    """In a separate process, because locust patches the process that imports it."""
    command = [sys.executable, "benchmarks/load.py", "--help"]
    assert "--people" in subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout
