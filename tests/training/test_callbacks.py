import pytest
from transformers import TrainerControl, TrainerState, TrainingArguments

from mlm_demo.training.callbacks import SETTLING, Patience
from mlm_demo.training.run_trainer import DEFAULT_ARGUMENTS

WARM_UP = 10
SETTLED = WARM_UP + SETTLING


@pytest.fixture
def arguments(tmp_path):
    return TrainingArguments(
        output_dir=str(tmp_path), use_cpu=True, warmup_steps=WARM_UP, **DEFAULT_ARGUMENTS
    )


def state_after(*evaluations):
    """Return the state of a run whose log has these evaluations, each a step and a loss."""
    log = [{"step": step, "eval_loss": loss} for step, loss in evaluations]
    return TrainerState(global_step=evaluations[-1][0], log_history=[{"step": 1, "loss": 0.1}, *log])


@pytest.mark.parametrize(
    ("losses", "ends"),
    [
        ([4.0], False),
        ([4.0, 4.0], False),
        ([4.0, 4.0, 4.0], True),
        ([4.0, 5.0, 3.9, 4.0], False),
        ([4.0, 5.0, 3.9, 4.0, 3.9], True),
        ([4.0, 3.9, 3.8, 3.7], False),
    ],
)
def test_patience_counts_once_training_has_settled(arguments, losses, ends):
    patience, control = Patience(2), TrainerControl()
    early = [(0, 1.0), (1, 2.0), (WARM_UP, 5.0), (SETTLED - 1, 6.0)]
    patience.on_evaluate(arguments, state_after(*early), control)
    assert not control.should_training_stop
    patience.on_evaluate(
        arguments, state_after(*early, *[(SETTLED + i, x) for i, x in enumerate(losses)]), control
    )
    assert (control.should_training_stop, patience.ran_out) == (ends, ends)


def test_patience_does_not_claim_a_run_that_ends_anyway(arguments):
    patience, control = Patience(1), TrainerControl(should_training_stop=True)
    patience.on_evaluate(arguments, state_after((SETTLED, 4.0), (100, 4.0)), control)
    assert not patience.ran_out


def test_a_run_that_patience_ended_ends_again_when_resumed(arguments):
    patience, control = Patience(1), TrainerControl()
    patience.on_train_begin(arguments, state_after((SETTLED, 4.0), (100, 4.0)), control)
    assert (control.should_training_stop, patience.ran_out) == (True, True)
