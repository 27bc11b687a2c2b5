from mlm_demo.corpus.passages import CHARACTERS, NEAR, Passage, passages_of


def numbered(count):
    return " ".join(f"word{n}" for n in range(count))


def test_the_first_the_middle_and_the_last_document_are_shown_in_other_places_of_theirs():
    texts = [numbered(500) for _ in range(7)]
    first, middle, last = passages_of([f"{n}.txt" for n in range(7)], texts)
    assert (first.source, middle.source, last.source) == ("0.txt", "3.txt", "6.txt")
    assert first.text.startswith("word0 word1 ")
    assert middle.text.startswith("… word")
    assert " word249 " in middle.text
    assert last.text.endswith(" word498 word499")
    assert [text.endswith(" …") for text in (first.text, middle.text, last.text)] == [True, True, False]


def test_no_word_is_cut():
    words = set(numbered(500).split())
    for passage in passages_of(["a.txt"], [numbered(500)]):
        shown = passage.text.removeprefix("… ").removesuffix(" …")
        assert CHARACTERS - 2 * NEAR < len(shown) <= CHARACTERS
        assert set(shown.split()) <= words


def test_line_breaks_stay_as_they_were_read():
    assert passages_of(["a.pdf"], ["One\n\ntwo\nthree"]) == [Passage("a.pdf", "One\n\ntwo\nthree")]


def test_short_documents_come_whole_and_once():
    assert passages_of([], []) == []
    assert passages_of(["a", "b"], ["one", "two"]) == [Passage("a", "one"), Passage("b", "two")]
    assert passages_of(["a", "a"], ["one", "one"]) == [Passage("a", "one")]


def test_a_script_without_spaces_is_cut_anywhere():
    first, middle, last = passages_of(["a"], ["東" * 1_000])
    assert first.text == "東" * CHARACTERS + " …"
    assert middle.text == "… " + "東" * CHARACTERS + " …"
    assert last.text == "… " + "東" * CHARACTERS
