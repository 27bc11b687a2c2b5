import pytest

from mlm_demo.corpus.examples.answers import read_answers
from mlm_demo.corpus.examples.example import Answer
from mlm_demo.errors import CorpusError
from tests.support.example_files import CONTEXT, json_lines, question, squad, table
from tests.support.paths import CORPORA, needs_corpora

ENOUGH = [question(n) for n in range(20)]
ROWS = [{"question": f"Who got dose {n}?", "context": CONTEXT, "answer": "40 adults"} for n in range(20)]
ANSWER = Answer(18, "40 adults")


@pytest.fixture
def read(write, limits):
    return lambda name, data: read_answers([write(name, data)], limits)


def test_squad_becomes_examples(read):
    found = read("a.json", squad([*ENOUGH, question(20, None, is_impossible=True)]))
    assert len(found.examples) == 21
    first, last = found.examples[0], found.examples[-1]
    assert (first.id, first.question, first.context) == ("q0", "Who got dose 0?", CONTEXT)
    assert (first.answers, first.group, first.title) == ((ANSWER,), "Iron", "Iron")
    assert last.answers == ()
    assert (found.notes, found.dropped) == ([], [])


@pytest.mark.parametrize("name", ["a.csv", "a.tsv", "a.jsonl"])
def test_rows_become_examples(read, name):
    data = json_lines(ROWS) if name == "a.jsonl" else table(ROWS, "\t" if name == "a.tsv" else ",")
    found = read(name, data)
    assert [example.answers for example in found.examples] == [(ANSWER,)] * 20
    # The rows name no article, but have one text.
    assert len({example.group for example in found.examples}) == 1


def test_a_column_names_the_article(read):
    rows = [{**row, "document": f"paper {n % 2}"} for n, row in enumerate(ROWS)]
    assert {example.group for example in read("a.csv", table(rows)).examples} == {"paper 0", "paper 1"}


def test_rows_of_one_question_and_text_are_one_example(read):
    rows = [
        *ROWS,
        {**ROWS[0], "answer": "adults"},
        {**ROWS[0], "answer": "adults"},
        {**ROWS[1], "answer": ""},
    ]
    found = read("a.csv", table(rows))
    assert len(found.examples) == 20
    assert found.examples[0].answers == (ANSWER, Answer(21, "adults"))
    assert found.examples[1].answers == (ANSWER,)


def test_an_empty_answer_is_no_answer(read):
    found = read("a.csv", table([*ROWS, {**ROWS[0], "question": "When?", "answer": " "}]))
    assert found.examples[-1].answers == ()


def test_questions_of_squad_with_one_text_stay_apart(read):
    found = read("a.json", squad([*ENOUGH, {**question(0), "id": "other"}]))
    assert [example.id for example in found.examples][-1] == "other"


def test_the_same_id_is_not_given_twice(read):
    found = read("a.json", squad([*ENOUGH, {**question(1), "question": "Who else?"}]))
    assert len({example.id for example in found.examples}) == 21


def test_wrong_offsets_are_repaired_within_a_note(read):
    rows = [question(n, "40 adults", 10) for n in range(2)]
    found = read("a.json", squad([*ENOUGH, *rows]))
    assert [example.answers for example in found.examples[-2:]] == [(ANSWER,)] * 2
    assert found.notes == [
        "In a.json, the offsets of 2 answers pointed elsewhere; each was moved to the nearest place of its text."
    ]


def test_doubtful_places_are_noted(read):
    rows = [{**ROWS[0], "question": "A?", "answer": "a"}, {**ROWS[0], "question": "B?", "answer": "IRON"}]
    found = read("a.csv", table([*ROWS, *rows]))
    assert len(found.notes) == 2
    assert "one answer without an offset stood at several places" in found.notes[0]
    assert "one answer differed from the text in case" in found.notes[1]
    assert found.examples[-1].answers == (Answer(0, "Iron"),)


def test_an_answer_that_is_not_in_its_text_is_dropped_and_named(read):
    found = read("a.json", squad([question(99, "zinc", 5), *ENOUGH]))
    (dropped,) = found.dropped
    assert dropped.source == "a.json, article 1, paragraph 1, question 1"
    assert (dropped.reason, dropped.first_line) == ("its answer is not in its context", "zinc")
    assert len(found.examples) == 20


def test_the_good_answers_of_a_question_are_kept(read):
    row = {
        **question(99),
        "answers": [{"text": "zinc", "answer_start": 3}, {"text": "40 adults"}, {"text": " "}],
    }
    found = read("a.json", squad([*ENOUGH, row]))
    assert found.examples[-1].answers == (ANSWER,)
    assert [item.reason for item in found.dropped] == [
        "its answer is not in its context",
        "its answer is empty",
    ]


def test_bad_rows_are_dropped_by_their_number(read):
    rows = [
        {"question": " ", "context": CONTEXT, "answer": "40"},
        {"question": "Who?", "context": "", "answer": "40"},
        {"question": "Who?", "context": CONTEXT, "answer": "zinc"},
        {"question": "Who?", "context": "-- * --", "answer": ""},
        *ROWS,
    ]
    found = read("a.csv", table(rows))
    assert [(item.source, item.reason) for item in found.dropped] == [
        ("a.csv, row 2", "its question is empty"),
        ("a.csv, row 3", "its context is empty"),
        ("a.csv, row 4", "its answer is not in its context"),
        ("a.csv, row 5", "its context has no sentence"),
    ]
    found = read("a.jsonl", json_lines([{"question": "Who?"}, {"question": "Who?", "context": "x"}, *ROWS]))
    assert [item.reason for item in found.dropped] == ["it has no context", "it has no answer"]


def test_an_article_without_questions_is_named(read, write, limits):
    files = [write("a.json", squad([])), write("b.json", squad(ENOUGH))]
    assert [item.reason for item in read_answers(files, limits).dropped] == ["it holds no question"]


def test_files_without_any_answer_are_refused(read):
    with pytest.raises(CorpusError, match="None of the 20 questions has an answer"):
        read("a.json", squad([question(n, None) for n in range(20)]))


def test_too_few_examples_are_refused(read):
    with pytest.raises(CorpusError, match=r"5 examples.*20 are needed"):
        read("a.csv", table(ROWS[:5]))
    with pytest.raises(
        CorpusError, match=r"no example that can be used\. Give SQuAD's JSON.*row 2.*has no answer"
    ):
        read("a.csv", "question,context\nWho?,He.\n")


@needs_corpora
@pytest.mark.parametrize(
    ("name", "count", "articles"), [("xquad_en.squad.json.gz", 1190, 48), ("covidqa.squad.json.gz", 1116, 65)]
)
def test_real_files_are_read_whole(limits, name, count, articles):
    found = read_answers([CORPORA / name], limits)
    assert (len(found.examples), len({e.group for e in found.examples})) == (count, articles)
    assert (found.dropped, found.notes) == ([], [])
    for example in found.examples:
        assert all(example.context.startswith(answer.text, answer.start) for answer in example.answers)
