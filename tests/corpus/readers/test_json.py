import json

import pytest

from mlm_demo.corpus.documents import Document, Dropped, Findings
from tests.support.texts import LONG

ROWS = [{"id": i, "text": f"Sentence number {i} of the file."} for i in range(4)]
TEXTS = [row["text"] for row in ROWS]


def texts(found):
    return [item.text for item in found if isinstance(item, Document)]


def left_out(found):
    return [item for item in found if isinstance(item, Dropped)]


def test_json_lines_are_documents(read):
    rows = [{"id": i, "text": f"No. {i} é\u2028"} for i in range(250)] + [{"id": 9}, {"text": ["a", "b"]}]
    found, notes = read("a.ndjson", "\n".join(json.dumps(r, ensure_ascii=False) for r in rows) + "\n\n")
    assert found[1] == Document("a.ndjson, line 2", "No. 1 é")
    assert (len(found), found[-1].text) == (251, "a\n\nb")
    assert notes == [
        "Column 'text' of a.ndjson was read as the text.",
        "Skipped 1 row of a.ndjson without text.",
    ]


@pytest.mark.parametrize("name", ["a.json", "a.jsonl"])
@pytest.mark.parametrize(
    "data",
    [
        "\n".join(map(json.dumps, ROWS)),
        "\n\n".join(map(json.dumps, ROWS)) + "\n\n",
        ",\n".join(map(json.dumps, ROWS)),
        json.dumps(ROWS),
        json.dumps(ROWS, indent=2),
        "[\n" + ",\n".join(map(json.dumps, ROWS)) + "\n]\n",
        "\n".join(json.dumps(row, indent=1) for row in ROWS),
        json.dumps({"version": 1, "data": ROWS}),
        json.dumps({"version": 1, "data": ROWS}, indent=1),
        json.dumps({"hits": {"total": 4, "hits": ROWS}}),
        json.dumps({str(row["id"]): row for row in ROWS}),
        json.dumps(TEXTS),
        "\n".join(map(json.dumps, TEXTS)),
        "\n".join(json.dumps([row]) for row in ROWS),
    ],
)
def test_the_layout_of_json_is_told_by_its_content(read, name, data):
    found, _ = read(name, data)
    assert texts(found) == TEXTS
    assert left_out(found) == []


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        ('{"text": "b"', "it is not JSON (Expecting ',' delimiter)"),
        ('{"id": 8, "text": "trailing comma",},', "it is not JSON ("),
        ("just words", "it is not JSON (Expecting value)"),
        ("[1, 2]", "it is neither an object nor a string"),
        ("17", "it is neither an object nor a string"),
        ("[" * 100_000, "it is not JSON (nested too deeply, or a number is too long)"),
        ("9" * 5_000, "it is not JSON (nested too deeply, or a number is too long)"),
    ],
    ids=["cut", "comma", "words", "list", "number", "deep", "long"],
)
@pytest.mark.parametrize("place", [1, 2, 150, 300])
def test_a_bad_line_is_left_out_with_its_number(read, line, reason, place):
    lines = [json.dumps({"text": f"a{i} b"}) for i in range(300)]
    found, _ = read("a.jsonl", "\n".join([*lines[:place], line, *lines[place:]]))
    assert texts(found) == [f"a{i} b" for i in range(300)]
    (bad,) = left_out(found)
    assert (bad.source, bad.first_line) == (f"a.jsonl, line {place + 1}", line[:80])
    assert bad.reason.startswith(reason)


@pytest.mark.parametrize(
    "data",
    [
        "\n".join(map(json.dumps, ROWS)),
        json.dumps(ROWS, indent=1),
        json.dumps(TEXTS),
        json.dumps({"data": ROWS}),
    ],
)
def test_json_is_read_whatever_the_file_is_called(read, data):
    found, notes = read("a.txt", data)
    assert texts(found) == TEXTS
    assert "a.txt is a JSON file, and was read as one." in notes


@pytest.mark.parametrize(
    "text",
    ['["One," he said, "and two."]', '{"a": 1} is an object.', "{x} and [y]", '["One" is open', '{"a": }'],
)
def test_text_that_begins_like_json_is_text(read, text):
    assert read("a.txt", text) == ([Document("a.txt", text)], [])


def test_many_bad_lines_are_counted_after_the_first(read):
    found, _ = read("a.jsonl", '{"text": "good words"}\n' + "bad\n" * 1_000)
    assert len(left_out(found)) == 21
    assert found[-1] == Dropped("a.jsonl", "980 more rows cannot be read either")


def test_a_file_of_bad_lines_is_refused(refused):
    refused("a.jsonl", "bad\nworse\n", r"'a.jsonl' has no row that can be read; line 1: it is not JSON")


def test_the_items_around_a_broken_one_are_read(read):
    found, _ = read("a.json", json.dumps(ROWS, indent=1).replace('"id": 1,', '"id" 1,'))
    assert texts(found) == [TEXTS[0], *TEXTS[2:]]
    (bad,) = left_out(found)
    assert (bad.source, bad.reason) == ("a.json, item 2", "it is not JSON (Expecting ':' delimiter)")


@pytest.mark.parametrize("indent", [None, 1])
def test_the_items_before_a_cut_are_read(read, indent):
    whole = json.dumps(ROWS, indent=indent)
    found, _ = read("a.json", whole[: whole.index("number 3")])
    assert texts(found) == TEXTS[:3]
    (bad,) = left_out(found)
    assert bad.source == "a.json, item 4"
    assert bad.reason.endswith("; what follows it was not read")


def test_many_broken_items_end_the_reading(read, monkeypatch):
    monkeypatch.setattr("mlm_demo.corpus.readers.json.MOST_BROKEN", 3)
    found, _ = read(
        "a.json", "[\n" + "".join(f' {{"text": "a{i}"}},\n {{"text": x}},\n' for i in range(9)) + "]"
    )
    assert texts(found) == ["a0", "a1", "a2"]
    assert [bad.source for bad in left_out(found)] == [f"a.json, item {i}" for i in (2, 4, 6)]
    assert left_out(found)[-1].reason.endswith("; what follows it was not read")


@pytest.mark.parametrize(
    ("value", "texts"),
    [
        (["One.", "Two."], ["One.", "Two."]),
        ([{"body": "A"}, {"body": "B"}], ["A", "B"]),
        ({"text": "X"}, ["X"]),
        ("X", ["X"]),
    ],
)
def test_json_is_a_list_or_one_value(read, value, texts):
    found, _ = read("a.json", json.dumps(value))
    assert found == [Document(f"a.json, item {i}", text) for i, text in enumerate(texts, 1)]


def test_other_json_is_refused(refused):
    refused("a.json", "[1, 2]", "'a.json' is JSON, but not a list of strings or objects; save it as .jsonl")
    refused(
        "a.json",
        '{"a": ',
        r"'a.json' has no row that can be read; item 1: it is not JSON \(Expecting value\)",
    )
    refused("a.json", "[]", "'a.json' holds no text")
    refused("a.json", '{"n": 1}', "'a.json' holds no text")


SQUAD = {
    "version": "1.1",
    "data": [
        {
            "title": f"Title {k}",
            "paragraphs": [
                {
                    "context": f"{LONG} {k}{i}",
                    "qas": [{"question": "Who was followed?", "answers": [{"text": "he"}]}],
                }
                for i in range(2)
            ],
        }
        for k in range(3)
    ],
}
EUROPE_PMC = {
    "version": "6.9",
    "request": {"queryString": "marsh"},
    "resultList": {
        "result": [
            {"id": "1", "title": "Eels in the marsh", "authorString": "A B, C D", "abstractText": LONG},
            {"id": "2", "title": "Birds of the marsh", "abstractText": f"{LONG} Again."},
        ]
    },
}
BIOC = {
    "source": "PubTator",
    "documents": [{"id": "1", "passages": [{"infons": {"type": "t"}, "text": LONG}]}],
}
CORD = {
    "paper_id": "f00",
    "metadata": {"title": "Eels in the marsh"},
    "abstract": [{"text": "Short."}],
    "body_text": [{"text": LONG, "section": "One"}, {"text": f"{LONG} Again.", "section": "Two"}],
    "bib_entries": {"BIBREF0": {"title": "Older eels"}},
}
PUBMEDQA = {
    str(i): {
        "QUESTION": "Is it so?",
        "CONTEXTS": [LONG, f"{LONG} {i}"],
        "LABELS": ["A"],
        "LONG_ANSWER": "Yes, so.",
    }
    for i in (11, 12)
}
TRIAL = {
    "protocolSection": {
        "identificationModule": {"nctId": "NCT1", "briefTitle": "A trial"},
        "descriptionModule": {"briefSummary": LONG},
    },
    "hasResults": False,
}
CHAT = {"messages": [{"role": "user", "content": LONG}, {"role": "assistant", "content": "Do so."}]}
ELASTIC = {"hits": {"hits": [{"_index": "notes", "_source": {"note": f"{LONG} {i}"}} for i in range(3)]}}


@pytest.mark.parametrize(
    ("value", "column", "expected"),
    [
        (SQUAD, "paragraphs.context", [f"{LONG} {k}0\n\n{LONG} {k}1" for k in range(3)]),
        (
            EUROPE_PMC,
            "title + abstractText",
            [f"Eels in the marsh\n\n{LONG}", f"Birds of the marsh\n\n{LONG} Again."],
        ),
        (BIOC, "passages.text", [LONG]),
        (CORD, "body_text.text", [f"{LONG}\n\n{LONG} Again."]),
        (PUBMEDQA, "CONTEXTS", [f"{LONG}\n\n{LONG} 11", f"{LONG}\n\n{LONG} 12"]),
        (TRIAL, "protocolSection.descriptionModule.briefSummary", [LONG]),
        (CHAT, "messages.content", [f"{LONG}\n\nDo so."]),
        (ELASTIC, "_source.note", [f"{LONG} {i}" for i in range(3)]),
    ],
    ids=["squad", "europe pmc", "bioc", "cord", "pubmedqa", "trial", "chat", "elastic"],
)
def test_nested_text_is_found(read, value, column, expected):
    findings = Findings()
    found, notes = read("a.json", json.dumps(value), findings=findings)
    assert texts(found) == expected
    assert [table.column for table in findings.tables] == [column]
    if "." in column:
        assert f"In a.json the text is nested: '{column}' was read." in notes


def test_rows_whose_layout_drifts_are_read(read):
    rows = [
        {"id": 1, "text": "Plain words are here."},
        {"id": 2, "text": {"lang": "en", "body": "Nested words are here."}},
        {"id": 3, "text": ["Listed words", "are here."]},
        {"id": 4, "text": None},
        {"id": 5, "content": "Other words are here.", "note": "x"},
        {"id": 6, "license": "It is free for any use at all."},
        {"id": 7, "text": [{"s": "Deeply nested words."}, {"s": "And more."}]},
    ]
    found, notes = read("a.jsonl", "\n".join(map(json.dumps, rows)))
    assert texts(found) == [
        "Plain words are here.", "Nested words are here.", "Listed words\n\nare here.", "Other words are here.",
        "Deeply nested words.\n\nAnd more.",
    ]  # fmt: skip
    assert "Skipped 2 rows of a.jsonl without text." in notes
    nested = [{"text": {"body": f"Nested words {i}."}} for i in range(3)] + [{"text": "Plain words."}]
    found, _ = read("b.jsonl", "\n".join(map(json.dumps, nested)))
    assert texts(found)[-1] == "Plain words."


def test_a_nested_column_can_be_requested(read, refused):
    found, _ = read("a.json", json.dumps(SQUAD), column="paragraphs.qas.question")
    assert texts(found) == ["Who was followed?\n\nWho was followed?"] * 3
    refused("a.json", json.dumps(SQUAD), "has no column 'context'; it has", column="context")


@pytest.mark.parametrize(
    "data",
    [
        {"text": TEXTS},
        {"id": [0, 1, 2, 3], "text": TEXTS},
        {"text": TEXTS, "label": ["a", None, "b", "c"]},
        {"text": {str(i): text for i, text in enumerate(TEXTS)}},
        {"id": {str(i): i for i in range(4)}, "text": {str(i): text for i, text in enumerate(TEXTS)}},
    ],
)
def test_an_object_of_columns_is_a_row_a_document(read, data):
    found, _ = read("a.json", json.dumps(data))
    assert texts(found) == TEXTS


@pytest.mark.parametrize(
    "data",
    [
        {"sentences": TEXTS},
        {"title": "The file", "text": TEXTS},
        {"text": TEXTS[:1]},
        {"text": TEXTS, "tags": ["a"]},
    ],
)
def test_the_parts_of_one_document_stay_together(read, data):
    found, _ = read("a.json", json.dumps(data))
    assert len(texts(found)) == 1
