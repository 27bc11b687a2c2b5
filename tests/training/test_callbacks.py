import pytest
from transformers import TrainerControl, TrainerState, TrainingArguments

from mlm_demo.training.callbacks import SETTLING, Patience
from mlm_demo.training.run_trainer import DEFAULT_ARGUMENTS

WARM_UP = 10


def state_at(step, best=3.0):
    return TrainerState(global_step=step, best_metric=best)


@pytest.fixture
def arguments(tmp_path):
    evaluation = {"eval_strategy": "steps", "eval_steps": 1, "save_strategy": "steps", "save_steps": 1}
    best = {"load_best_model_at_end": True, "metric_for_best_model": "eval_loss", "greater_is_better": False}
    quiet = {**DEFAULT_ARGUMENTS, **evaluation, **best}
    return TrainingArguments(output_dir=str(tmp_path), use_cpu=True, warmup_steps=WARM_UP, **quiet)


def test_patience_counts_once_training_has_settled(arguments):
    patience, control = Patience(2), TrainerControl()
    for step in (1, WARM_UP, WARM_UP + SETTLING - 1, WARM_UP + SETTLING):
        patience.on_evaluate(arguments, state_at(step), control, {"eval_loss": 4.0})
    assert (patience.early_stopping_patience_counter, control.should_training_stop) == (1, False)
    patience.on_evaluate(arguments, state_at(100), control, {"eval_loss": 4.0})
    assert control.should_training_stop
    assert patience.ran_out


def test_patience_does_not_claim_a_run_that_ends_anyway(arguments):
    patience, control = Patience(1), TrainerControl(should_training_stop=True)
    patience.on_evaluate(arguments, state_at(100), control, {"eval_loss": 4.0})
    assert not patience.ran_out


@pytest.mark.parametrize(("step", "stops"), [(WARM_UP, False), (WARM_UP + SETTLING, True)])
def test_patience_resumes_from_the_checkpoint_of_an_older_version(arguments, step, stops):
    """It counted every evaluation."""
    kept = {
        "args": {"early_stopping_patience": 3, "early_stopping_threshold": 0.0},
        "attributes": {"early_stopping_patience_counter": 3},
    }
    patience, control = Patience.from_state(kept), TrainerControl()
    assert patience.state() == kept
    patience.on_train_begin(arguments, state_at(step), control)
    assert (control.should_training_stop, patience.ran_out) == (stops, stops)
