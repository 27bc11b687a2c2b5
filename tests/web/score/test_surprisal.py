from mlm_demo.web.score.surprisal import LEGEND_BITS, legend, surprisals
from tests.support.html_reader import HOSTILE, Reader


def test_every_word_is_a_button_with_its_number(engine):
    (score,) = engine.score("The patient sat.")["scores"]
    read = Reader(surprisals([score]))
    for word in score["words"]:
        at = read.texts.index(word["text"])
        assert "".join(read.texts[at : at + 4]) == f"{word['text']}: {word['surprisal']:.1f} bits"
    buttons = [a for a in read.attributes if a.get("class", "").startswith("scored")]
    assert [a["class"] for a in buttons] == ["scored"] * 3 + ["scored touching"]
    assert [int(a["data-start"]) for a in buttons] == [word["start"] for word in score["words"]]


def test_words_that_cannot_be_pressed_are_no_buttons(engine):
    (score,) = engine.score("The patient sat.")["scores"]
    read = Reader(surprisals([score], pressable=False))
    assert "button" not in read.tags
    assert {"patient", "sat"} <= set(read.texts)


def test_the_legend_says_what_each_color_means():
    texts = Reader(legend()).texts
    for bits in LEGEND_BITS[1:]:
        assert f"1 in {2**bits:,}" in texts


def test_hostile_text_stays_text():
    token = {"probability": 1.0, "rank": 1, "surprisal": 0.0}
    word = {
        "text": HOSTILE,
        "start": 0,
        "end": len(HOSTILE),
        "surprisal": -0.0,
        "pieces": [HOSTILE] * 2,
        "unknown": True,
        "tokens": [token] * 2,
    }
    model = dict.fromkeys(("name", "domain", "architecture", "revision", "device", "precision"), HOSTILE)
    score = {
        "model": model,
        "text": HOSTILE,
        "words": [word],
        "seconds": 1,
        "tokens": 1,
        "method": "original",
    }
    score |= {"pseudo_perplexity": 1.0, "bits_per_word": 1.0, "log_likelihood": 0.0}
    read = Reader(surprisals([score]))
    assert {"img", "script"} & set(read.tags) == set()
    assert HOSTILE in read.texts
