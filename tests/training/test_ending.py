import pytest

from mlm_demo.training.ending import ending


def training(ended, best_step, steps=48, planned=120):
    return {
        "steps": steps,
        "planned": planned,
        "stopped": ended == "stopped",
        "ended": ended,
        "best_step": best_step,
    }


@pytest.mark.parametrize(
    ("found", "told"),
    [
        (
            training("no_improvement", 30),
            "Training ended at step 48 of 120: the eval loss had not improved for 3 evaluations. The model from step "
            "30 was kept.",
        ),
        (training("budget", 48), "Training ended at step 48 of 120: its minutes were over."),
        (training("budget", 1_200, steps=1_200, planned=1_200), ""),
        (
            training("budget", 1_050, steps=1_200, planned=1_200),
            "The model from step 1,050 was kept.",
        ),
        (training("stopped", 30), "The model from step 30 was kept."),
        (training("stopped", 48), ""),
        (
            training("stopped", 0),
            "The model had not yet improved on the held-out text, so the base model's weights were kept.",
        ),
        ({"steps": 48, "planned": 120, "stopped": False}, ""),  # of version 0.1.0
    ],
)
def test_what_is_told_of_the_end(found, told):
    assert ending(found) == told


@pytest.mark.parametrize("ended", ["no_improvement", "budget"])
def test_a_base_that_was_kept_is_told_with_what_to_try(ended):
    told = ending(training(ended, 0))
    assert (
        "The model did not improve on the held-out text, so the base model's weights were kept. Likely reasons are a "
        "small corpus, few steps or a high learning rate: try a larger corpus, more time or a lower learning rate."
    ) in told
