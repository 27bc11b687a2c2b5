from mlm_demo.web.batch.fact_table import drawn_facts
from tests.support.html_reader import HOSTILE, Reader

MODEL = {"name": "general", "title": "General", "kind": "built in"}


def share(correct, facts):
    return {"correct": correct, "accuracy": correct / facts, "low": 0.1, "high": 0.9}


def recall(relation, facts):
    parts = ("first", "first_without", "in_k", "in_k_without")
    return {"relation": relation, "facts": facts, **{part: share(1, facts) for part in parts}}


def asked(*relations, left_out=()):
    found = {"model": MODEL, "k": 3, "left_out": list(left_out)}
    return {**found, "relations": [recall(*one) for one in relations], "together": recall("all", 10)}


def test_a_row_for_each_relation_and_model_and_for_all_together():
    read = Reader(drawn_facts([asked(("organ", 4), ("capital", 6)), asked(("organ", 4))]))
    assert read.tags.count("tr") == 1 + 3 + 2
    assert "First 3 words" in read.texts
    assert "25.0% " in read.texts


def test_one_relation_needs_no_row_for_all():
    read = Reader(drawn_facts([asked(("organ", 4))]))
    assert read.tags.count("tr") == 2
    assert "all" not in read.texts


def test_names_stay_text_and_what_was_left_out_is_told():
    html = drawn_facts([asked((HOSTILE, 4), left_out=[{"error": "It has no such token."}])])
    assert {"img", "script"} & set(Reader(html).tags) == set()
    assert "general cannot be asked 1 of the facts: It has no such token." in html
