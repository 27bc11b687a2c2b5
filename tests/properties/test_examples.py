"""Any rows are read or named: reading examples loses none, and refuses with a sentence if too few are left."""

import json
from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mlm_demo.corpus.documents import ReadLimits
from mlm_demo.corpus.examples import example
from mlm_demo.corpus.examples.answers import read_answers
from mlm_demo.corpus.examples.evidence import read_evidence
from mlm_demo.errors import CorpusError
from tests.support.texts import ANY_TEXTS

VALUE = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-2, 9)
    | st.floats()
    | st.sampled_from(["", "no", "1", "a. b"])
    | ANY_TEXTS,
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["text", "answer_start", "context", "qas", "question", "answers"]), inner
        )
    ),
    max_leaves=6,
)
NAMES = ["question", "context", "answer", "answers", "answer_start", "sentence", "label", "document", "title", "id",
         "long_answer", "mesh", "paragraphs"]  # fmt: skip
ROWS = st.lists(st.dictionaries(st.sampled_from(NAMES), VALUE) | VALUE, min_size=1, max_size=8)


@pytest.fixture(autouse=True)
def _one_is_enough(monkeypatch):
    monkeypatch.setattr(example, "MIN_EXAMPLES", 1)


@given(rows=ROWS)
def test_any_rows_are_read_or_refused(tmp_path, rows):
    path = tmp_path / "a.json"
    path.write_text(json.dumps(rows))
    for reader in (read_answers, read_evidence):
        try:
            found = reader([path], ReadLimits())
        except CorpusError:
            continue
        for one in found.examples:
            assert one.question.strip()
            if reader is read_answers:
                assert all(one.context.startswith(answer.text, answer.start) for answer in one.answers)
                assert all(answer.text.strip() for answer in one.answers)
            else:
                assert len(one.sentences) == len(one.labels) == len(set(one.sentences)) > 0
        assert max(Counter(one.id for one in found.examples).values()) == 1


TEXT = st.sampled_from(["", " ", "Iron rose.", "It fell. It rose.", "zinc", "Iron"])


@given(rows=st.lists(st.fixed_dictionaries({"question": TEXT, "context": TEXT, "answer": TEXT}), max_size=8))
def test_every_row_of_a_table_is_in_an_example_or_named(tmp_path, rows):
    rows = [*rows, {"question": "Q", "context": "Iron", "answer": "Iron"}]
    path = tmp_path / "a.jsonl"
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    found = read_answers([path], ReadLimits())
    named = {int(item.source.rpartition(" ")[2]) for item in found.dropped}
    kept = {(one.question, one.context): {answer.text for answer in one.answers} for one in found.examples}
    for number, row in enumerate(rows, 1):
        inside = row["answer"].strip() in kept.get((row["question"].strip(), row["context"]), set()) | {""}
        assert (number in named) != (inside and (row["question"].strip(), row["context"]) in kept), row
