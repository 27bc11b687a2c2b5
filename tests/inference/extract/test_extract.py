import math

import pytest
import torch

from mlm_demo.errors import ParameterError, PromptError
from mlm_demo.inference.extract import extract as extract_module
from mlm_demo.inference.extract import relevance
from mlm_demo.inference.extract.extract import extract, judge_all
from mlm_demo.inference.extract.extraction import ROW
from mlm_demo.models.extractor import Extractor
from mlm_demo.models.spans import best_spans
from mlm_demo.models.tasks import ANSWERS, EVIDENCE
from tests.support.papers import answers_at, evidence_by, paper_of
from tests.support.task_models import tiny_task
from tests.support.tiny_models import ARCHITECTURES, SENTENCES

QUESTION = "What does the heart pump?"
TEXT = "Paris is the capital. The heart pumps blood. Lyon is a city."
LONG = " ".join([*["The fox jumps over the dog."] * 30, "The heart pumps blood.", *["Lyon is a city."] * 30])


def random_extractor(architecture="BERT"):
    return Extractor("tiny", tiny_task(EVIDENCE, architecture), tiny_task(ANSWERS, architecture))


def about_the_heart(text, answer="blood", score=5.0):
    """Models that know the sentence and the answer."""
    return Extractor(
        "known", evidence_by(lambda s: 4.0 if "heart" in s else -4.0), answers_at(text, answer, score)
    )


@pytest.mark.parametrize("text", [TEXT, LONG], ids=["one window", "many windows"])
def test_the_answer_and_its_sentence_are_found(text):
    (row,) = extract([paper_of(text)], [QUESTION], about_the_heart(text)).rows
    assert row["answer"] == text[row["start"] : row["end"]] == "blood"
    assert row["sentence"] == "The heart pumps blood."
    assert row["score"] == 5.0
    assert row["relevance"] == pytest.approx(1 / (1 + math.exp(-4)), abs=1e-4)


def test_a_long_paper_is_read_whole_in_windows_that_cut_no_sentence():
    extractor, read = about_the_heart(LONG), []
    logits = extractor.answers.logits
    extractor.answers.logits = lambda windows: [read.extend(windows), logits(windows)][1]
    paper = paper_of(LONG)
    extract([paper], [QUESTION], extractor)
    parts = [(window.offsets[0][0], window.offsets[-1][1]) for window in read]
    assert len(parts) > 3
    for start, end in paper.sentences:
        assert any(first <= start and end <= last for first, last in parts)
    starts = {start for start, _ in paper.sentences}
    assert all(first in starts for first, _ in parts)


def test_only_the_sentences_of_the_best_answers_are_judged():
    judged = []
    evidence = evidence_by(lambda sentence: float(len(judged.append(sentence) or judged)))
    (finding,) = extract(
        [paper_of(LONG)], [QUESTION], Extractor("it", evidence, about_the_heart(LONG).answers)
    ).findings
    assert len(judged) == extract_module.JUDGED
    assert "the heart pumps blood." in judged
    assert sum(relevance is not None for relevance in finding.relevances) == extract_module.JUDGED


def test_an_opened_paper_has_the_relevance_of_every_sentence():
    extractor = about_the_heart(LONG)
    (finding,) = extract([paper_of(LONG)], [QUESTION], extractor).findings
    whole = judge_all(finding, extractor)
    assert [relevance > 0.5 for relevance in whole.relevances] == [number == 30 for number in range(61)]
    assert whole.relevances[30] == finding.relevances[30]
    assert judge_all(whole, extractor) is whole
    alone = Extractor("answers alone", answers=extractor.answers)
    assert judge_all(finding, alone) is finding


def test_the_threshold_decides():
    papers = [paper_of(TEXT)]
    extractor = about_the_heart(TEXT, score=5.0)
    assert extract(papers, [QUESTION], extractor, 5.0).rows[0]["answer"] == "blood"
    assert extract(papers, [QUESTION], extractor, 5.1).rows[0]["answer"] is None
    assert (
        extract(papers, [QUESTION], extractor, 5.1).at(5.0).rows
        == extract(papers, [QUESTION], extractor, 5.0).rows
    )


def test_the_default_threshold_is_the_one_that_fine_tuning_wrote(monkeypatch):
    extractor = about_the_heart(TEXT)
    monkeypatch.setattr(extractor.answers.model.config, "answer_threshold", 7.5, raising=False)
    assert extract([paper_of(TEXT)], [QUESTION], extractor).threshold == 7.5
    monkeypatch.setattr(extractor.answers.model.config, "answer_threshold", "high", raising=False)
    assert extract([paper_of(TEXT)], [QUESTION], extractor).threshold == 0.0


@pytest.mark.parametrize("architecture", ARCHITECTURES)
def test_every_architecture_makes_a_table(architecture):
    papers = [paper_of(" ".join(SENTENCES), "a.txt"), paper_of(SENTENCES[0], "b.txt"), paper_of("", "c.txt")]
    extraction = extract(papers, [QUESTION, "Who?"], random_extractor(architecture), -1000.0)
    assert len(extraction.rows) == 6
    texts = {paper.document: paper.text for paper in papers}
    for row in extraction.rows:
        assert tuple(row) == ROW
        text = texts[row["document"]]
        if text:
            assert row["answer"] == text[row["start"] : row["end"]]
            assert row["sentence"] == text[row["sentence_start"] : row["sentence_end"]]
            assert row["sentence_start"] <= row["start"] < row["end"] <= row["sentence_end"]
        else:
            assert row["answer"] is None


def test_a_paper_in_one_window_has_the_best_span_of_a_plain_forward_pass():
    extractor, paper = random_extractor(), paper_of("The heart pumps blood. Lyon is a city.")
    (row,) = extract([paper], [QUESTION], extractor, -1000.0).rows
    (window,) = extractor.answers.pair_encoding(QUESTION, paper.text)
    with torch.inference_mode():
        output = extractor.answers.model(**extractor.answers.inputs([window]))
    expected = best_spans(paper.text, [window], [torch.cat([output.start_logits, output.end_logits])])
    assert (row["start"], row["end"]) == (expected.spans[0].start, expected.spans[0].end)
    assert row["score"] == pytest.approx(expected.score, abs=1e-4)


def test_neither_the_order_nor_the_company_of_papers_changes_a_row():
    papers = [paper_of(" ".join(SENTENCES[number:]), f"{number}.txt") for number in range(5)]
    questions = [QUESTION, "Who?"]
    extractor = random_extractor()
    together = extract(papers, questions, extractor, 0.0)
    assert extract(papers[::-1], questions, extractor, 0.0) == together
    assert extract(papers, questions[::-1], extractor, 0.0).rows == [
        row for question in questions[::-1] for row in together.rows if row["question"] == question
    ]
    for paper in papers:
        alone = extract([paper], questions, extractor, 0.0)
        assert alone.rows == [row for row in together.rows if row["document"] == paper.document]


def test_without_a_model_of_answers_the_best_sentence_is_the_answer():
    extractor = Extractor("evidence alone", evidence=evidence_by(lambda s: 4.0 if "heart" in s else -4.0))
    extraction = extract([paper_of(TEXT)], [QUESTION], extractor)
    (row,) = extraction.rows
    assert row["answer"] == row["sentence"] == "The heart pumps blood."
    assert row["score"] == 4.0
    assert extraction.at(4.1).rows[0]["answer"] is None


@pytest.mark.parametrize("text", [TEXT, LONG], ids=["one window", "many windows"])
def test_without_a_model_of_evidence_spans_tell_which_sentences_are_relevant(text):
    extraction = extract(
        [paper_of(text)], [QUESTION], Extractor("answers alone", answers=answers_at(text, "blood"))
    )
    (row,) = extraction.rows
    assert (row["answer"], row["sentence"]) == ("blood", "The heart pumps blood.")
    assert row["relevance"] == pytest.approx(1 / (1 + math.exp(-5)), abs=1e-4)
    assert max(extraction.findings[0].relevances) == pytest.approx(row["relevance"], abs=1e-4)


@pytest.mark.parametrize(
    ("questions", "message"), [([], "There is no question"), (list("abcdefghi"), "are 9 questions")]
)
def test_none_or_too_many_questions_are_an_error(questions, message):
    with pytest.raises(ParameterError, match=message):
        extract([paper_of(TEXT)], questions, random_extractor())


@pytest.mark.parametrize(
    ("question", "message"), [(" ", "is empty"), ("fox " * 40, r"has 40 tokens, .*; shorten it")]
)
def test_a_question_that_cannot_be_asked_is_an_error_before_anything_is_computed(question, message):
    extractor = Extractor("it", evidence_by(lambda text: pytest.fail("computed")), tiny_task(ANSWERS))
    with pytest.raises(PromptError, match=message):
        extract([paper_of(TEXT)], [QUESTION, question], extractor)


def test_no_paper_is_an_error():
    with pytest.raises(ParameterError, match="There is no paper"):
        extract([], [QUESTION], random_extractor())


def test_the_same_question_twice_is_one_question():
    assert extract([paper_of(TEXT)], [QUESTION, f" {QUESTION} "], random_extractor()).questions == (QUESTION,)


def test_a_paper_without_sentences_has_a_row_and_a_note():
    extraction = extract([paper_of(" \n", "b.txt"), paper_of(TEXT)], [QUESTION], random_extractor())
    assert len(extraction.rows) == 2
    assert extraction.notes == ("b.txt has no sentences, so it has no answer.",)


def test_another_language_has_rows_and_a_note():
    papers = [
        paper_of("\u5fc3\u81cf\u6cf5\u8840\u3002\u80be\u81cf\u8fc7\u6ee4\u3002" * 5, "zh.txt"),
        paper_of(
            "\u0421\u0435\u0440\u0434\u0446\u0435 \u043a\u0430\u0447\u0430\u0435\u0442 \u043a\u0440\u043e\u0432\u044c.",
            "ru.txt",
        ),
        paper_of("\u0627\u0644\u0642\u0644\u0628 \u064a\u0636\u062e \u0627\u0644\u062f\u0645.", "ar.txt"),
        paper_of(TEXT, "en.txt"),
    ]
    extraction = extract(papers, [QUESTION], random_extractor(), -1000.0)
    texts = {paper.document: paper.text for paper in papers}
    for row in extraction.rows:
        assert row["answer"] == texts[row["document"]][row["start"] : row["end"]]
    assert len(extraction.notes) == 3
    assert (
        "zh.txt is written in characters that the model does not know (100% of its first words)"
        in extraction.notes[2]
    )


def test_a_very_long_paper_is_read_in_part_and_the_note_says_so(monkeypatch):
    monkeypatch.setattr(relevance, "MAX_SENTENCES", 5)
    monkeypatch.setattr(extract_module, "MAX_SENTENCES", 5)
    extractor, read = about_the_heart(LONG), []
    logits = extractor.answers.logits
    extractor.answers.logits = lambda windows: [read.extend(windows), logits(windows)][1]
    extraction = extract([paper_of(LONG)], [QUESTION], extractor)
    characters = {number for window in read for start, end in window.offsets for number in range(start, end)}
    (finding,) = extraction.findings
    in_part = [start for start, _ in finding.paper.sentences if start in characters]
    assert len(in_part) == 5
    assert LONG.index("The heart") in in_part
    assert extraction.notes == (
        "a.txt has 61 sentences; the model reads the 5 that share the most words with the question.",
    )
    assert len(finding.relevances) == 61
    assert sum(shown is not None for shown in judge_all(finding, extractor).relevances) == 5


def test_stop_keeps_the_rows_that_are_done():
    papers, asked = [paper_of(TEXT, f"{number}.txt") for number in range(4)], []

    def should_stop():
        asked.append(1)
        return len(asked) > 4  # twice a paper: relevance and answers

    extraction = extract(papers, [QUESTION], random_extractor(), should_stop=should_stop)
    assert [row["document"] for row in sorted(extraction.rows, key=lambda row: row["document"])] == [
        "0.txt",
        "1.txt",
    ]
    assert extraction.notes == ("Stopped early: 2 of 4 rows are done.",)


def test_progress_only_grows_and_reaches_the_end(monkeypatch):
    monkeypatch.setattr(extract_module, "CHUNK", 1)
    shares = []
    papers = [paper_of(TEXT, "a.txt"), paper_of(LONG, "b.txt")]
    extract(
        papers, [QUESTION, "Who?"], random_extractor(), on_progress=lambda share, stage: shares.append(share)
    )
    assert shares == sorted(shares)
    assert shares[0] == 0.0
    assert shares[-1] == 1.0
    assert len(shares) > 12


def test_the_extraction_names_the_models():
    model = extract([paper_of(TEXT)], [QUESTION], random_extractor()).to_json()["model"]
    assert model["name"] == "tiny"
    assert (model["evidence"]["task"], model["answers"]["task"]) == ("evidence", "answers")
