"""The best spans of start and end logits; `slow_search` is the definition, and each trap of extractive QA is a test."""

import numpy as np
import pytest
import torch

from mlm_demo.models.pairs import PairEncoder, Window
from mlm_demo.models.spans import best_spans
from tests.support.tiny_models import ARCHITECTURES, POSITIONS, SENTENCES, tokenizer_of

QUESTION = "What is the capital?"
TEXTS = [
    " ".join(SENTENCES),
    "  Schro\u0308dinger \u2014 na\u00efve \U0001f9ea\U0001f468\u200d\U0001f469 co\ufb00ee,\n\n the\tfox\u00a0jumps.  ",
    "\u5fc3\u81cf\u6cf5\u8840\u3002 \u0421\u0435\u0440\u0434\u0446\u0435 \u0627\u0644\u0642\u0644\u0628 the heart",
]


def encode(architecture, text, limit=40, stride=8):
    return PairEncoder(tokenizer_of(architecture), POSITIONS).windows([QUESTION], [text], limit, stride)[0]


def random_logits(windows, seed=0):
    generator = torch.Generator().manual_seed(seed)
    return [torch.randn(2, len(window), generator=generator) for window in windows]


def slow_search(text, windows, logits, max_pieces):
    """Every span, one at a time: its characters and its best score."""
    scores = {}
    for window, (start, end) in zip(windows, logits, strict=True):
        for i, (begin, stop) in enumerate(window.offsets):
            if not text[begin:stop].strip():
                continue
            for j in range(i, min(i + max_pieces, len(window.offsets))):
                if not text[slice(*window.offsets[j])].strip():
                    continue
                whole = text[begin : window.offsets[j][1]]
                left = begin + len(whole) - len(whole.lstrip())
                right = window.offsets[j][1] - len(whole) + len(whole.rstrip())
                while text[right : right + 1] == "\u0308":
                    right += 1
                score = float(start[window.first + i].double() + end[window.first + j].double())
                scores[left, right] = max(score, scores.get((left, right), -np.inf))
    return sorted(scores.items(), key=lambda item: (-item[1], item[0]))


@pytest.mark.parametrize("text", TEXTS, ids=["english", "unicode", "languages"])
@pytest.mark.parametrize("architecture", ARCHITECTURES)
def test_the_best_spans_are_those_of_a_slow_search(architecture, text):
    windows = encode(architecture, text)
    for max_pieces in (1, 5, 80):
        logits = random_logits(windows, max_pieces)
        found = best_spans(text, windows, logits, max_pieces=max_pieces)
        expected = slow_search(text, windows, logits, max_pieces)[:20]
        assert [((span.start, span.end), span.score) for span in found.spans] == expected
        assert found.null == min(float(of[0, 0].double() + of[1, 0].double()) for of in logits)
        assert found.score == found.spans[0].score - found.null


@pytest.mark.parametrize("text", TEXTS, ids=["english", "unicode", "languages"])
@pytest.mark.parametrize("architecture", ARCHITECTURES)
def test_a_span_has_no_white_space_around_it_and_is_never_empty(architecture, text):
    windows = encode(architecture, text)
    for span in best_spans(text, windows, random_logits(windows), n_best=500).spans:
        assert 0 <= span.start < span.end <= len(text)
        assert text[span.start : span.end] == text[span.start : span.end].strip()


@pytest.mark.parametrize("architecture", ARCHITECTURES)
def test_logits_of_the_question_and_of_special_tokens_are_ignored(architecture):
    text = "The heart pumps blood."
    windows = encode(architecture, text)
    (logits,) = random_logits(windows)
    expected = best_spans(text, windows, [logits])
    logits[:, 1 : windows[0].first] = 100.0
    logits[:, windows[0].first + len(windows[0].offsets) :] = 100.0
    assert best_spans(text, windows, [logits]) == expected


@pytest.mark.parametrize("architecture", ARCHITECTURES)
def test_the_last_character_of_a_word_is_in_its_span(architecture):
    """The classic slip: an end that points at the last token instead of behind it."""
    text = "The heart pumps blood"
    windows = encode(architecture, text)
    logits = torch.zeros(2, len(windows[0]))
    last = windows[0].first + len(windows[0].offsets) - 1
    first = next(i for i, (_, end) in enumerate(windows[0].offsets) if end > text.index("blood"))
    logits[0, windows[0].first + first] = logits[1, last] = 5.0
    span = best_spans(text, windows, [logits]).spans[0]
    assert text[span.start : span.end] == "blood"


def test_an_accent_that_the_tokenizer_strips_belongs_to_its_letter():
    text = "cafe\u0301 and"
    window = Window([1, 7, 8, 2], [0] * 4, 1, [(0, 4), (6, 9)])
    logits = torch.zeros(2, 4)
    logits[:, 1] = 3.0
    span = best_spans(text, [window], [logits]).spans[0]
    assert text[span.start : span.end] == "cafe\u0301"


def test_an_answer_that_a_window_cuts_is_found_whole_in_the_next():
    text = " ".join(SENTENCES)
    windows = encode("BERT", text, limit=30, stride=10)
    answer = windows[0].offsets[-3][0], windows[1].offsets[12][1]  # begins in the first, ends behind it
    logits = [torch.zeros(2, len(window)) for window in windows]
    for window, of in zip(windows, logits, strict=True):
        for i, (start, end) in enumerate(window.offsets):
            of[0, window.first + i] = 4.0 * (start == answer[0])
            of[1, window.first + i] = 4.0 * (end == answer[1])
    best = best_spans(text, windows, logits).spans[0]
    assert (best.start, best.end, best.score) == (*answer, 8.0)


def test_an_answer_has_at_most_so_many_pieces():
    text = "fox " * 30
    windows = encode("BERT", text, limit=POSITIONS)
    logits = torch.zeros(2, len(windows[0]))
    logits[0, windows[0].first] = logits[1, -2] = 9.0
    best = best_spans(text, windows, [logits], max_pieces=10)
    assert best.spans[0].score == 9.0
    assert all(text[span.start : span.end].count("fox") <= 10 for span in best.spans)
    assert best_spans(text, windows, [logits]).spans[0].score == 18.0


def test_the_null_score_is_the_least_of_all_windows():
    """So a long text with one confident window answers, however sure the others are that they have no answer."""
    text = " ".join(SENTENCES)
    windows = encode("BERT", text)
    logits = [torch.zeros(2, len(window)) for window in windows]
    for number, of in enumerate(logits):
        of[:, 0] = float(number + 1)
    assert best_spans(text, windows, logits).null == 2.0


@pytest.mark.parametrize("text", ["", " \n "])
def test_a_text_without_tokens_has_no_span(text):
    windows = encode("XLM-R", text)
    found = best_spans(text, windows, random_logits(windows))
    assert found.spans == []
    assert found.score == -np.inf


def test_equal_scores_are_in_the_order_of_the_text():
    text = "a b c d"
    windows = encode("BERT", text)
    logits = torch.zeros(2, len(windows[0]))
    found = best_spans(text, windows, [logits], n_best=3)
    assert [(span.start, span.end) for span in found.spans] == [(0, 1), (0, 3), (0, 5)]
