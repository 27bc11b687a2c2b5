from mlm_demo.training.model_card import exam_table, figures_table

INTERVAL = {"value": 2.5, "low": 2.4, "high": 2.6}
SHARE = {"value": 0.51, "low": 0.5, "high": 0.52}
SIDE = {"loss": INTERVAL, "perplexity": INTERVAL, "accuracy": SHARE}
CHANGE = {
    "loss": {"value": -0.5, "low": -0.6, "high": -0.4},
    "accuracy": {"value": 0.02, "low": -0.01, "high": 0.05},
}
PART = {"before": SIDE, "after": SIDE, "change": CHANGE}
EXAM = {"questions": 40, "top_1_before": 0.1, "top_1_after": 0.25, "top_5_before": 0.2, "top_5_after": 0.5}


def test_the_table_has_intervals_and_signed_changes():
    lines = figures_table({"domain": PART, "general": PART, "exam": EXAM}).splitlines()
    assert (
        lines[2]
        == "| domain text: loss (nats) | 2.50 (2.40 to 2.60) | 2.50 (2.40 to 2.60) | -0.50 (-0.60 to -0.40) |"
    )
    assert lines[4].endswith("| 51.0 % (50.0 to 52.0) | +2.0 % (-1.0 to +5.0) |")
    assert lines[-2] == "| exam, 40 questions: top 1 | 10% | 25% | |"
    assert len({line.count("|") for line in lines}) == 1


def question(sentence, term, before, after):
    return {
        "sentence": sentence,
        "start": sentence.index(term),
        "term": term,
        "rank_before": before,
        "guess_before": "a|b",
        "rank": after,
        "guess": term,
    }


def test_the_exam_shows_what_rose_and_what_fell_most():
    exam = [
        question("The hive is full.", "hive", 100, 1),
        question("No change at all here.", "change", 3, 3),
        question(f"{'word ' * 40}drone{' word' * 40}.", "drone", 4, 2),
        question("A queen was lost.", "queen", 2, 900),
    ]
    lines = exam_table(exam, risen=2, fallen=1).splitlines()
    assert lines[2:] == [
        r"| The **hive** is full. | 100, *a\|b* | 1, *hive* |",
        f"| …{'word ' * 11}**drone**{' word' * 11}… | 4, *a\\|b* | 2, *drone* |",
        r"| A **queen** was lost. | 2, *a\|b* | 900, *queen* |",
    ]
    assert len(exam_table([]).splitlines()) == 2
