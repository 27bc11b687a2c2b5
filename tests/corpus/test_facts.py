import json

import pytest

from mlm_demo.corpus.documents import ReadLimits
from mlm_demo.corpus.facts import Fact, read_facts
from mlm_demo.errors import CorpusError

FOUND = [
    Fact("capital", "France", "[Y] is the capital of [X].", "Paris"),
    Fact("capital", "Italy", "[X], [Y]", "Rome"),
]


def read(tmp_path, name, text):
    (tmp_path / name).write_text(text)
    return read_facts(tmp_path / name, ReadLimits(), [])


@pytest.mark.parametrize(
    ("name", "text"),
    [
        (
            "a.csv",
            "subject,object,template,relation\nFrance,Paris,[Y]  is the capital of [X].,capital\n"
            'Italy,Rome,"[X], [Y]",capital\n',
        ),
        (
            "lama.jsonl",
            "".join(
                json.dumps(
                    {
                        "sub_label": f.subject,
                        "obj_label": f.object,
                        "template": f.template,
                        "predicate_id": "capital",
                    }
                )
                + "\n"
                for f in FOUND
            ),
        ),
    ],
)
def test_a_file_of_facts_is_read(tmp_path, name, text):
    assert read(tmp_path, name, text) == (FOUND, [])


def test_what_is_no_fact_is_left_out_with_its_reason(tmp_path):
    rows = (
        "France,Paris,[Y] of [X]\nItaly,,[Y] of [X]\nItaly,Rome,It is [Y]\nItaly,Rome,[X] and [X] and [Y]\n"
    )
    facts, dropped = read(tmp_path, "a.csv", f"subject,object,template\n{rows}")
    assert [fact.relation for fact in facts] == ["facts"]
    template = "its template needs [X] for the subject and [Y] for the object, once each"
    assert [(row.source, row.reason) for row in dropped] == [
        ("a.csv, row 3", "it has no object"),
        ("a.csv, row 4", template),
        ("a.csv, row 5", template),
    ]


def test_a_file_without_facts_is_refused(tmp_path):
    with pytest.raises(CorpusError, match=r"holds no fact .*it has no template.*give it the columns subject"):
        read(tmp_path, "a.csv", "subject,object,template\nFrance,Paris,\n")
