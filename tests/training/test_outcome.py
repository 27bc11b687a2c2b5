from copy import deepcopy

import pytest

from mlm_demo.training.outcome import caveats, outcome
from mlm_demo.training.result import AdaptationResult
from tests.support.results import CONFIG, RESULT_JSON, TRAINING, figures_with, result_between, result_with

MANY = {**RESULT_JSON["corpus"], "tokens": 200_000}
MINUTE = {**CONFIG, "max_steps": None, "minutes": 1}
LONG = {**TRAINING, "steps": 120}
NOTHING = figures_with(domain=(4.0, -0.05))


def test_what_was_learned_clearly_is_ready():
    found = outcome(result_with(figures=figures_with()))
    assert found.title == "Learned clearly"
    assert found.numbers == (
        "Perplexity on held-out text of the domain fell from 54.6 to 33.1; on general English it rose from "
        "20.1 to 24.5."
    )
    assert found.advice == "It is ready: use it, or take it home."
    assert found.text().startswith("Learned clearly. Perplexity on")


@pytest.mark.parametrize(
    ("changes", "advice"),
    [
        ({}, "For more, add text, as 900 tokens are few."),
        ({"corpus": MANY, "config": MINUTE}, "For more, train for five minutes."),
        ({"corpus": MANY}, "For more, train for longer."),
    ],
)
def test_what_was_learned_a_little_asks_for_more(changes, advice):
    figures = figures_with(domain=(4.0, -0.09))
    figures["domain"]["change"]["loss"] |= {"low": -0.095, "high": -0.05}
    found = outcome(result_with(figures=figures, **changes))
    assert (found.title, found.advice) == ("Learned a little", advice)


@pytest.mark.parametrize(
    ("changes", "advice"),
    [
        ({"training": {**TRAINING, "stopped": True}}, "it was stopped at step 48 of 120. Next, resume it."),
        ({}, "the corpus is small, with 900 tokens to learn from. Next, add more text."),
        (
            {"corpus": MANY, "config": MINUTE},
            "there was time for only 48 steps. Next, train for five minutes.",
        ),
        (
            {"corpus": MANY, "training": LONG},
            "training did not help with text that it had not seen. Next, train for longer.",
        ),
        (
            {"corpus": MANY, "training": LONG, "figures": figures_with(domain=(2.0, 0.0))},
            "the base model knows such text already (perplexity 7.4, on general English 20.1). Next, try text that it "
            "has not seen.",
        ),
        (
            {
                "corpus": MANY,
                "training": LONG,
                "figures": figures_with(domain=(2.0, 0.0)),
                "base": {"name": "biomedical", "revision": "abc"},
            },
            "the base model knows such text already (perplexity 7.4, on general English 20.1). Next, try text that it "
            "has not seen, or the general model.",
        ),
    ],
)
def test_where_nothing_was_learned_the_facts_give_the_reason(changes, advice):
    found = outcome(result_with(**{"figures": NOTHING, **changes}))
    assert found.title == "Nothing measurable learned"
    assert "domain did not change measurably (from " in found.numbers
    assert found.advice == f"The likely reason: {advice}"


def test_text_on_both_sides_is_said_with_what_was_learned():
    corpus = {**RESULT_JSON["corpus"], "shared_share": 0.43}
    found = outcome(result_with(figures=figures_with(), corpus=corpus))
    assert found.advice == (
        "But 43% of the held-out words are in passages that the training text has too: of new text, the model knows "
        "less than these figures say. It is ready: use it, or take it home."
    )
    few = outcome(result_with(figures=figures_with(), corpus={**corpus, "shared_share": 0.01}))
    assert few.advice == "It is ready: use it, or take it home."


def test_a_base_model_that_was_kept_shows_what_training_did():
    found = outcome(result_between(0.0, learned=-0.3, forgot=0.9, corpus=MANY))
    assert found.title == "Base model kept"
    assert found.numbers.startswith(
        "At the end of training, perplexity on held-out text of the domain fell from 54.6 to"
    )
    # A quarter of the way is worth its price, so the owner has moved the slider.
    assert found.advice == "The model is now at the base, without any of this."
    costly = outcome(result_between(0.0, learned=-0.3, forgot=90.0, corpus=MANY))
    assert costly.advice.startswith("It forgot too much for what it learned")
    nothing = outcome(result_between(0.0, learned=-0.01))
    assert nothing.title == "Nothing measurable learned"
    assert nothing.numbers.startswith(
        "At the end of training, perplexity on held-out text of the domain did not change"
    )


def with_facts(on_both_sides, sections):
    values = deepcopy(RESULT_JSON)
    values["corpus"]["on_both_sides"] = on_both_sides
    values["figures"]["domain"]["after"]["sections"] = sections
    return AdaptationResult.from_json(values)


@pytest.mark.parametrize(
    ("on_both_sides", "sections", "expected"),
    [
        (0, None, ""),
        (None, None, ""),
        (1, None, "Of one document, some sections were trained on and others held out."),
        (
            10,
            14,
            "Of 10 documents, some sections were trained on and others held out. The intervals are over "
            "14 sections of few documents.",
        ),
        (0, 1, "One section of text judged, so the figures have no intervals."),
    ],
)
def test_what_to_know_about_the_figures_is_caveats(on_both_sides, sections, expected):
    assert caveats(with_facts(on_both_sides, sections)) == expected
