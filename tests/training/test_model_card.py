import pytest
from huggingface_hub import ModelCard

from mlm_demo.training.model_card import exam_table, metrics_table, model_card, points_table
from tests.support.results import TRAINING, exam_answer, result_between, result_with


def test_the_table_has_intervals_and_signed_changes():
    lines = metrics_table(result_with()).splitlines()
    assert lines[2] == (
        "| Held-out text of the domain: loss, nats | 2.50 (2.40 to 2.60) | 2.50 (2.40 to 2.60) | "
        "-0.50 (-0.60 to -0.40) |"
    )
    assert lines[4].endswith("| 51.0% (50.0 to 52.0) | +2.0 points (-1.0 to +5.0) |")
    assert lines[-2] == "| Exam of 40 questions: first guess right | 10% | 25% |  |"
    assert len({line.count("|") for line in lines}) == 1


def test_the_exam_quotes_sentences_with_their_terms_in_bold():
    exam = [
        exam_answer("The hive is full.", "hive", 100, 1, "hive", "a|b"),
        exam_answer("No change at all here.", "change", 3, 3, "change", "a|b"),
        exam_answer(f"{'word ' * 40}drone{' word' * 40}.", "drone", 4, 2, "drone", "a|b"),
        exam_answer("A queen was lost.", "queen", 2, 900, "queen", "a|b"),
    ]
    lines = exam_table(result_with(exam=exam)).splitlines()
    assert lines[2:] == [
        r"| The **hive** is full. | 100, *a\|b* | 1, *hive* |",
        f"| …{'word ' * 11}**drone**{' word' * 11}… | 4, *a\\|b* | 2, *drone* |",
        r"| A **queen** was lost. | 2, *a\|b* | 900, *queen* |",
    ]
    assert len(exam_table(result_with()).splitlines()) == 2


@pytest.mark.parametrize(
    ("name", "title", "base_model"),
    [
        ("google-bert/bert-base", "google-bert/bert-base", "google-bert/bert-base"),
        ("general", "general", None),
        ("/home/me/secret/my model: v2 #1", "my model: v2 #1", None),
        ("a\nb: [c", "a b: \\[c", None),
        ("12/34", "12/34", "12/34"),
    ],
)
def test_the_front_matter_is_valid_for_any_base(name, title, base_model):
    text = model_card(result_with(base={"name": name, "revision": None}), "[MASK]")
    card = ModelCard(text)
    assert card.data.base_model == base_model
    assert (card.data.library_name, card.data.pipeline_tag) == ("transformers", "fill-mask")
    assert card.data.tags == ["domain-adaptation"]
    assert f"# {title}, adapted to a domain\n" in card.text
    assert "secret" not in text


def test_the_metrics_appear_as_model_index():
    data = ModelCard(model_card(result_with(), "[MASK]")).data
    found = {(item.dataset_name, item.metric_type): item.metric_value for item in data.eval_results}
    assert found["Held-out text of the domain", "perplexity"] == 2.5
    assert found["General English", "accuracy"] == 0.51
    assert len(found) == 6


def test_the_card_says_which_weights_were_kept():
    assert "| weights kept | step 48 |" in model_card(result_with(), "[MASK]")
    card = model_card(result_with(training={**TRAINING, "best_step": 0, "output_bias": None}), "[MASK]")
    assert "| weights kept | the base model: no step improved it |" in card
    bias = {"strength": 0.5, "loss_before": 4.0, "loss_after": 3.5}
    card = model_card(result_with(training={**TRAINING, "best_step": 0, "output_bias": bias}), "[MASK]")
    assert "| weights kept | the start in closed form: no step improved it |" in card
    card = model_card(result_with(training={**TRAINING, "best_step": 30, "mean_with_start": True}), "[MASK]")
    assert "| weights kept | the mean of the start and step 30 |" in card
    assert "| weights kept | the base model |" in model_card(result_between(0.0), "[MASK]")


def test_the_table_of_the_points_marks_the_one_of_the_model():
    lines = points_table(result_between(0.5)).splitlines()
    assert lines[2] == "| 0% | 4.00 |  | 3.00 |  |"
    assert lines[4] == (
        "| **50%, this model** | 3.43 | -0.57 (-0.67 to -0.47) | 3.10 | +0.10 (+0.00 to +0.20) |"
    )
    assert len(lines) == 7
    assert len({line.count("|") for line in lines}) == 1


def test_the_card_says_how_the_share_was_chosen():
    card = model_card(result_between(0.5), "[MASK]")
    assert "## Between base and adapted" in card
    assert "the share of this model is 50%" in card
    assert points_table(result_between(0.5)) in card
    older = result_with(share=None, points=[])
    assert "Between base" not in model_card(older, "[MASK]"), "version 0.1.0 measured no points"
