from mlm_demo.inference.hidden_words import hidden_beside
from mlm_demo.web.fill.word_influence import word_influence
from mlm_demo.web.fill.words import is_row_of
from tests.support.html_reader import HOSTILE, Reader


class Stub:
    """Stands in for the engine: the first word speaks for the guess, the second against it, the others do nothing."""

    def why(self, text, model, **asked):
        self.asked = {"text": text, **asked}
        changes = [3.0, -1.5] + [0.01] * 9
        words = [
            {"word": one.word, "start": one.start, "end": one.end, "score": 0.25, "change": change}
            for one, change in zip(hidden_beside(text, asked["mask"]), changes, strict=False)
        ]
        if asked["measure"] == "gradient":
            for number, word in enumerate(words):
                del word["score"], word["change"]
                word["share"] = 0.004 if number else 1 - 0.004 * (len(words) - 1)
        known = {"name": model, "title": model, "precision": "exact"}
        return {"model": known, "guess": HOSTILE if model == HOSTILE else "mat", "score": 0.5, "words": words}


def test_each_word_stands_above_what_hiding_it_does():
    stub = Stub()
    row = word_influence(stub, "The cat ___ on\r\nthe ___ here", "general", "mat", mask=2)
    assert (stub.asked["targets"], stub.asked["mask"]) == ("mat", 2)
    assert is_row_of(row, "The cat ___ on\nthe ___ here")
    read = Reader(row)
    assert "general guesses “<b>mat</b>” at blank 2 of 2 with probability 0.5000 (exact)." in row
    buttons = [a for tag, a in zip(read.tags, read.attributes, strict=True) if tag == "button"]
    assert choices(buttons) == [
        ("Measure by hiding", "2", "hiding", "true"),
        ("Measure by gradient", "2", "gradient", "false"),
        ("Explain blank 1 of 2", "1", "hiding", "false"),
        ("Explain blank 2 of 2", "2", "hiding", "true"),
    ]
    assert len([a for a in buttons if "data-start" in a]) == 5
    named = "".join(read.texts)
    assert "Hide The. mat is less probable without it: 0.2500 ▼" in named
    assert "Hide cat. mat is more probable without it: 0.2500 ▲" in named
    assert "Hide on. mat is about the same without it: 0.2500" in named
    assert all(
        part in row
        for part in ('class="step-5 for"', 'class="step-3 against"', '0.2500<span aria-hidden="true"> ▼')
    )


def choices(buttons):
    names = "aria-label", "data-why", "data-measure", "aria-pressed"
    return [tuple(button[name] for name in names) for button in buttons if "data-why" in button]


def test_each_word_stands_above_its_share_of_the_gradient():
    row = word_influence(Stub(), "The cat ___ on the ___ here", "general", mask=2, measure="gradient")
    read = Reader(row)
    buttons = [a for tag, a in zip(read.tags, read.attributes, strict=True) if tag == "button"]
    assert choices(buttons) == [
        ("Measure by hiding", "2", "hiding", "false"),
        ("Measure by gradient", "2", "gradient", "true"),
        ("Explain blank 1 of 2", "1", "gradient", "false"),
        ("Explain blank 2 of 2", "2", "gradient", "true"),
    ]
    named = "".join(read.texts)
    assert "Hide The. Share of the gradient: 98.4%" in named
    assert "Hide cat. Share of the gradient: 0.4%" in named
    assert "has no sign" in named
    assert "probability without" not in named
    assert [a["class"] for a in buttons if "data-start" in a] == ["step-5 for", *["step-1 for"] * 4]


def test_one_blank_needs_no_choice():
    row = word_influence(Stub(), "The cat ___ here", "general")
    assert "Explain blank" not in row
    assert "guesses “<b>mat</b>” with probability" in row


def test_hostile_text_stays_text():
    read = Reader(word_influence(Stub(), f"{HOSTILE} ___ sat", HOSTILE))
    assert set(read.tags) == {"div", "p", "b", "button", "span", "mark"}
    assert not any(name.startswith("on") for a in read.attributes for name in dict(a))
