import gc
import threading
import weakref

import pytest
import torch

from mlm_demo.errors import ModelError
from mlm_demo.models.masked_lm import MaskedLM, _batches, _count_that_fit
from tests.support.nightly import some
from tests.support.tiny_models import ARCHITECTURES, POSITIONS, build, tiny


def rows_of(mlm, sentences):
    return [mlm.with_special_tokens(mlm.encode(s).ids) for s in sentences]


SENTENCES = ["the kidney filters it", "paris is a city", "she sat down to read the quick brown fox"]


@pytest.mark.parametrize("architecture", ARCHITECTURES)
def test_logits_at_some_positions_equal_those_of_a_full_pass(architecture):
    mlm = tiny(architecture)
    rows = rows_of(mlm, SENTENCES)
    positions = [[1], [0, 2], [3, 1]]
    ours = mlm.logits_at(rows, positions)
    assert ours.shape == (5, mlm.vocab_size)
    at = 0
    with torch.inference_mode():
        for row, wanted in zip(rows, positions, strict=True):
            full = mlm.model(torch.tensor([row]), attention_mask=torch.ones(1, len(row))).logits[0]
            for position in wanted:
                torch.testing.assert_close(ours[at], full[position], atol=2e-5, rtol=1e-4)
                at += 1


@pytest.mark.parametrize("architecture", ARCHITECTURES)
def test_the_head_runs_at_the_wanted_positions_only(architecture):
    mlm = tiny(architecture)
    seen = []
    hook = mlm.model.get_output_embeddings().register_forward_hook(
        lambda module, inputs, output: seen.append(output.shape[:-1].numel())
    )
    try:
        mlm.logits_at(rows_of(mlm, SENTENCES), [[1], [2], [3]])
    finally:
        hook.remove()
    assert seen == [3]


@pytest.mark.parametrize("architecture", ARCHITECTURES)
def test_a_row_of_the_maximum_length_is_accepted(architecture):
    mlm = tiny(architecture)
    assert mlm.max_tokens == POSITIONS
    row = mlm.with_special_tokens([mlm.mask_id] * mlm.capacity)
    assert len(row) == POSITIONS
    assert mlm.logits_at([row], [[5]]).shape == (1, mlm.vocab_size)


@pytest.mark.parametrize("architecture", ARCHITECTURES)
def test_special_tokens_are_added_where_the_tokenizer_adds_them(architecture):
    mlm = tiny(architecture)
    for sentence in SENTENCES:
        assert mlm.with_special_tokens(mlm.encode(sentence).ids) == mlm.tokenizer(sentence).input_ids


def test_the_model_itself_still_returns_all_positions():
    tokenizer, model = build("BERT")
    MaskedLM(tokenizer, model)
    assert model(torch.tensor([[2, 5, 6, 3]])).logits.shape[:2] == (1, 4)


@pytest.mark.parametrize("alone", [False, True])
@pytest.mark.parametrize("architecture", some(ARCHITECTURES, 4))
def test_threads_do_not_mix_their_positions(architecture, alone):
    mlm = tiny(architecture)
    rows = rows_of(mlm, SENTENCES)
    tolerance = 1e-5 if architecture == "BERT" else 1e-4  # MPNet sometimes exceeds 1e-5
    expected = [mlm.logits_at([row], [[i + 1]]) for i, row in enumerate(rows)]
    wrong = []

    def ask(i):
        for _ in range(30):
            # Rows that share a pass are padded, which changes rounding.
            found = mlm.logits_at([rows[i]], [[i + 1]], alone=alone and i % 2 == 0)
            if not torch.allclose(found, expected[i], atol=tolerance):
                wrong.append(i)

    threads = [threading.Thread(target=ask, args=(i,)) for i in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert wrong == []


def test_batches_that_share_a_pass_are_bounded():
    long, short = [([0] * 2000, [0])], [([0] * 100, [0])]
    assert _count_that_fit([long, long, long], 4096) == 2
    assert _count_that_fit([short] * 60, 4096) == 4096 // 100
    assert _count_that_fit([[([0] * 9000, [0])], short], 4096) == 1


def test_batches_are_bounded_and_keep_the_order():
    items = [([0] * length, [0]) for length in (10, 2000, 2000, 2000, 4096, 5000, 3)]
    batches = list(_batches(items, 4096))
    assert [item for batch in batches for item in batch] == items
    for batch in batches:
        assert len(batch) == 1 or max(len(row) for row, _ in batch) * len(batch) <= 4096


def test_broken_weights_are_an_error():
    tokenizer, model = build("BERT")
    with torch.no_grad():
        model.cls.predictions.bias[3] = float("nan")
    with pytest.raises(ModelError, match=r"not finite \(NaN\)"):
        MaskedLM(tokenizer, model, name="broken").logits_at([[2, 5, 3]], [[1]])


@pytest.mark.parametrize(
    ("architecture", "entry", "text", "attaches"),
    [
        ("BERT", "##s", "s", True),
        ("BERT", "s", "s", False),
        ("RoBERTa", "Ġthe", "the", False),
        ("RoBERTa", "s", "s", True),
        ("XLM-R", "▁c", "c", False),
        ("XLM-R", "s", "s", True),
        ("MPNet", "##s", "s", True),
    ],
)
def test_a_piece_reports_whether_it_continues_the_word_before(architecture, entry, text, attaches):
    mlm = tiny(architecture)
    piece = mlm.piece(mlm.tokenizer.convert_tokens_to_ids(entry))
    assert (piece.text, piece.attaches) == (text, attaches)


def test_describe_reports_the_model(general):
    described = general.describe()
    assert described["source"] == "assets/models/general"
    assert described["architecture"] == "BertForMaskedLM"
    assert 22e6 < described["parameters"] < 24e6
    assert len(described["revision"]) == 12


def test_a_model_that_nobody_uses_is_freed_at_once_but_not_while_it_runs():
    tokenizer, model = build("BERT")
    mlm, frees, runs, started, go_on = (
        MaskedLM(tokenizer, model),
        [],
        [],
        threading.Event(),
        threading.Event(),
    )
    weakref.finalize(mlm, frees.append, True)
    model.register_forward_pre_hook(lambda *_: started.set() or (go_on.wait(60) and None))
    thread = threading.Thread(target=lambda ask=mlm.logits_at: runs.append(ask([[2, 5, 3]], [[1]])))
    thread.start()
    started.wait(60)
    gc.disable()
    try:
        del mlm
        assert not frees
        go_on.set()
        thread.join()
        del thread
        assert frees
    finally:
        gc.enable()
    assert runs[0].shape == (1, model.config.vocab_size)
