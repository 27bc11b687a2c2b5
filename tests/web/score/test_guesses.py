from mlm_demo.web.score.guesses import guesses
from tests.support.html_reader import HOSTILE, Reader


def test_every_piece_of_a_word_has_a_chart_with_the_words_own_rank(engine):
    text = "She bought souvenirs in Paris."
    found = engine.guess_word(text, text.index("souvenirs"), ["general", "biomedical"], top_k=3)["guesses"]
    read = Reader(guesses(found))
    assert read.tags.count("ol") == sum(len(one["pieces"]) for one in found)
    own = [one["class"] for one in read.attributes if one.get("class") == "own"]
    assert len(own) == read.tags.count("ol")
    for one in found:
        for piece in one["pieces"]:
            assert f"{piece['piece']['rank']:,}" in read.texts


def test_the_later_pieces_of_a_long_word_are_folded(engine):
    text = "They saw electroencephalography."
    found = engine.guess_word(text, text.index("electro"), ["general"], top_k=3)["guesses"]
    count = len(found[0]["pieces"])
    assert count > 3
    html = guesses(found)
    before, folded = html.split('<details class="pieces">')
    assert (before.count("<ol>"), folded.count("<ol>")) == (2, count - 2)
    assert f"<summary>The other {count - 2} pieces</summary>" in folded


def test_hostile_text_stays_text():
    piece = {"token": 7, "token_str": HOSTILE, "probability": 0.1, "rank": 9}
    guess = {"word": HOSTILE, "token": 3, "score": 0.5}
    model = dict.fromkeys(("name", "domain", "architecture", "revision", "device", "precision"), HOSTILE)
    found = {"model": model, "text": HOSTILE, "start": 0, "end": 9, "seconds": 0.1}
    read = Reader(guesses([{**found, "pieces": [{"piece": piece, "guesses": [guess]}]}]))
    assert {"img", "script"} & set(read.tags) == set()
    assert HOSTILE in read.texts
