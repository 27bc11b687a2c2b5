from mlm_demo.inference.engine import Engine
from mlm_demo.settings import Settings
from mlm_demo.web.surprisal import surprisals
from tests.support.html_reader import HOSTILE, Reader


def test_every_word_has_its_number():
    (score,) = Engine(Settings(device="cpu")).score("The patient sat.")["scores"]
    read = Reader(surprisals([score]))
    for word in score["words"]:
        at = read.texts.index(word["text"])
        assert read.texts[at + 1] == f"{word['surprisal']:.1f}"
    classes = [a["class"] for a in read.attributes if a.get("class", "").startswith("scored")]
    assert classes == ["scored"] * 3 + ["scored touching"]


def test_hostile_text_stays_text():
    word = {
        "text": HOSTILE,
        "start": 0,
        "end": len(HOSTILE),
        "surprisal": -0.0,
        "pieces": [HOSTILE],
        "unknown": True,
    }
    model = dict.fromkeys(("name", "domain", "architecture", "revision", "device", "precision"), HOSTILE)
    score = {"model": model, "text": HOSTILE, "words": [word], "seconds": 1, "tokens": 1}
    score |= {"pseudo_perplexity": 1.0, "bits_per_word": 1.0, "log_likelihood": 0.0}
    read = Reader(surprisals([score]))
    assert {"img", "script"} & set(read.tags) == set()
    assert HOSTILE in read.texts
