from mlm_demo.web.adapt.result import headline, result_view
from tests.support.html_reader import Reader
from tests.support.results import TRAINING, exam_answer, figures_with, part, result_between, result_with

FIGURES = {**figures_with(), "general": part(3.0, 0.05)}
LOG = [{"stage": "training", "followed": [exam_answer("A hive is.", "hive", 40, 40, "it")]}]


def question(term, before, after, guess="y"):
    return exam_answer(f"A <i> {term} is.", term, before, after, guess)


def test_the_headline_says_how_much_was_learned_and_what_to_do_next():
    html = headline(result_with(figures=FIGURES), own=True)
    assert html.startswith('<h4 class="outcome outcome-clearly">Learned clearly</h4>')
    assert (
        "fell from 54.6 to 33.1; on general English it did not change measurably (from 20.1 to 21.1)" in html
    )
    assert "use it, or take it home" in html
    assert "Perplexity is roughly the number of words" in html


def test_the_headline_has_the_ending():
    training = {**TRAINING, "ended": "no_improvement", "best_step": 30}
    html = headline(result_with(figures=FIGURES, training=training), own=True)
    assert (
        "Training ended at step 48 of 120: the eval loss had not improved for 3 evaluations. Its best weights were "
        "those of step 30."
    ) in html
    older = {name: value for name, value in TRAINING.items() if name not in ("ended", "best_step")}
    assert "Training ended" not in headline(result_with(figures=FIGURES, training=older), own=True)


def test_a_run_that_kept_its_base_says_that_there_is_no_model():
    kept = "The base model was kept, so there is no new model in the pickers"
    assert f"{kept}; move the slider to use it anyway." in headline(result_between(0.0), own=True)
    assert f"{kept}.</p>" in headline(result_between(0.0), own=False)
    assert kept not in headline(result_between(0.25), own=True)


def test_the_result_has_changed_guesses_then_exam_then_curve_then_table():
    exam = [question(f"term{n}", 100, n) for n in range(1, 12)]
    exam += [question("same", 3, 3, "x"), question("lost", 1, 50)]
    html = result_view(result_with(figures=FIGURES, exam=exam), LOG)
    shown, rest = html.split("<details")
    questions, rest = rest.split("</details>")
    assert "<mark>term1</mark>" in shown
    assert "<mark>term9</mark>" not in shown, "six are shown"
    assert "<mark>same</mark>" not in shown
    assert shown.index("First guesses that improved, correct ones first") < shown.index(
        "First guesses that worsened most"
    )
    assert shown.index("First guesses that worsened most") < shown.index("<mark>lost</mark>")
    assert "<b>x</b> <span class='facts'>correct word ranks #100</span>" in shown
    assert all(f"<mark>{item['term']}</mark>" in questions for item in exam), "all of them"
    assert "<details open" not in html
    assert rest.index("<svg") < rest.index("Kept model") < rest.index("<figure") < rest.index("Change")
    assert "A &lt;i&gt;" in html


def test_a_training_loss_that_is_not_the_evaluations_is_explained():
    config = result_with().config
    for share, told in ((0.15, False), (0.3, True)):
        html = result_view(result_with(config={**config, "mlm_probability": share}), LOG)
        assert ("training masks more tokens than the evaluation does" in html) is told


def test_each_change_has_an_arrow_and_a_word():
    exam = [question("up", 100, 7), question("down", 7, 100), question("same", 3, 3)]
    html = result_view(result_with(figures=FIGURES, exam=exam), [])
    text = "".join(Reader(html).texts)
    assert "#100 → #7 ▲ better" in text
    assert "#7 → #100 ▼ worse" in text
    assert "#3 → #3A" not in text
    assert "#3 → #3 " not in text
    assert "-0.50 (-0.60 to -0.40) ▲ better" in text
    assert "+0.05 (-0.05 to +0.15) ≈ no clear change" in text


def test_the_followed_sentences_are_answered_by_the_model_that_was_kept():
    exam = [exam_answer("A hive is.", "hive", 40, 2, "bee")]
    html = result_view(result_with(figures=FIGURES, exam=exam), LOG)
    kept = html[html.index("Kept model") :]
    assert "<b>it</b> <span class='facts'>correct word ranks #40" in kept
    assert "<b>bee</b> <span class='facts'>correct word ranks #2<" in kept
    unasked = result_view(result_with(figures=FIGURES), LOG)
    assert unasked.count("<b>it</b>") == 2, "what the log has last"
    assert "Kept model" not in result_view(result_with(figures=FIGURES), [])


def test_a_result_without_changed_guesses_says_so():
    assert "No first guess in the exam got better or worse." in result_view(result_with(), [])
    assert "<details" not in result_view(result_with(), [])
