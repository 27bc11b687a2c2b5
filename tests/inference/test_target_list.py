import pytest

from mlm_demo.inference.target_list import split_list


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("Paris,Lyon", ["Paris", "Lyon"]),
        ("Paris\nLyon", ["Paris", "Lyon"]),
        ("Paris\r\nLyon\r\n", ["Paris", "Lyon"]),
        ("Paris\n\nLyon", ["Paris", "Lyon"]),
        ("Paris;Lyon", ["Paris", "Lyon"]),
        ("Paris\tLyon", ["Paris", "Lyon"]),
        ("Paris | Lyon", ["Paris", "Lyon"]),
        ("Paris, Lyon; Rome\nOslo", ["Paris", "Lyon", "Rome", "Oslo"]),
        ('"Paris","Lyon"', ["Paris", "Lyon"]),
        ("'Paris', 'Lyon'", ["Paris", "Lyon"]),
        ("“Paris”, „Lyon“, «Rome», ‘Oslo’, `Bern`", ["Paris", "Lyon", "Rome", "Oslo", "Bern"]),
        ('"1,000", 2000', ["1,000", "2000"]),
        ('"a;b" ; "c\td"', ["a;b", "c\td"]),
        ('["Paris", "Lyon"]', ["Paris", "Lyon"]),
        ("['Paris', 'Lyon']", ["Paris", "Lyon"]),
        ("('Paris', 'Lyon')", ["Paris", "Lyon"]),
        ("- Paris\n- Lyon", ["Paris", "Lyon"]),
        ("1. Paris\n2) Lyon", ["Paris", "Lyon"]),
        ("• Paris\n• Lyon", ["Paris", "Lyon"]),
        ("巴黎、里昂，罗马；柏林", ["巴黎", "里昂", "罗马", "柏林"]),
        ("San Francisco, New York", ["San Francisco", "New York"]),
        ("city, ,capital,", ["city", "", "capital"]),
        # What looks like a mark and is a part of a word, or a word.
        ("aujourd'hui, l'été", ["aujourd'hui", "l'été"]),
        ("'s, 'm, n't", ["'s", "'m", "n't"]),
        ('"', ['"']),
        ("'", ["'"]),
        ('5", 6"', ['5"', '6"']),
        ('say "hi", no', ['say "hi"', "no"]),
        ("well-being, x-ray", ["well-being", "x-ray"]),
        ("- Paris, Lyon", ["- Paris", "Lyon"]),
        ("-\n+", ["-", "+"]),
        ("[CLS], x", ["[CLS]", "x"]),
        ("##ing, Ġthe", ["##ing", "Ġthe"]),
        ("1, 2, 3", ["1", "2", "3"]),
        ("", []),
    ],
)
def test_a_list_is_split_as_people_write_it(text, words):
    assert split_list(text) == words


def test_any_text_is_split_in_no_time():
    for text in ('"' * 30_000, '",' * 10_000, "[" * 100_000, "- a\n" * 10_000, "'" * 30_000):
        assert isinstance(split_list(text), list)
