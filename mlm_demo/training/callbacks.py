"""The callbacks of a run: end it early, stop it when asked to, and pass on its log."""

from collections.abc import Callable, Sequence

import numpy as np
from transformers import TrainerCallback

from mlm_demo.errors import TrainingError
from mlm_demo.system.distributed import broadcast

SETTLING = 50  # steps that Adam averages squared gradients over: 1 / (1 - beta2), with beta2 0.98


class Patience(TrainerCallback):
    """Ends a run after several evaluations in a row that are no better than an earlier one, once training has settled.

    An evaluation counts from SETTLING steps after the warm-up on, and is compared with those that count. Before, the
    learning rate is near its peak and Adam has averaged few gradients, so the eval loss often rises and falls again:
    a model that is already good begins below what its run comes back to late. Ending a short run early saves little,
    so a run of fewer than about 90 steps always uses its whole budget. A run that Patience ended ends again when
    resumed.
    """

    ran_out = False  # whether this, and nothing else, ended the run

    def __init__(self, evaluations: int):
        """evaluations: without a lower eval loss, after which a run ends."""
        self.evaluations = evaluations

    def on_train_begin(self, args, state, control, **_):
        """Stop if patience had run out before the resume."""
        self._end_in_vain(args, state, control)

    def on_evaluate(self, args, state, control, **_):
        """Stop when patience runs out; the log ends with this evaluation."""
        self._end_in_vain(args, state, control)

    def _end_in_vain(self, args, state, control) -> None:
        settled = args.warmup_steps + SETTLING
        losses = [
            line["eval_loss"] for line in state.log_history if "eval_loss" in line and line["step"] >= settled
        ]
        if losses and len(losses) - 1 - losses.index(min(losses)) >= self.evaluations:
            self._end(control)

    def _end(self, control) -> None:
        self.ran_out = not control.should_training_stop  # the budget or a person may have come first
        control.should_training_stop = True


def nan_loss(step: int) -> TrainingError:
    """Return the error for a loss that is NaN."""
    return TrainingError(
        f"The loss became NaN at step {step}. Progress up to the last checkpoint is kept; try a lower learning rate."
    )


class LogCallback(TrainerCallback):
    """Passes on each log line, stops the run when asked to, and fails it when the loss becomes NaN."""

    def __init__(
        self,
        on_log: Callable[[dict], None],
        should_stop: Callable[[], bool],
        expected_steps: Callable[[int], int],
    ):
        self.pass_on, self.should_stop, self.stopped = on_log, should_stop, False
        self.expected_steps = expected_steps
        self.start_losses: Sequence[float] = ()  # the eval losses before the first step, in their order

    def on_train_begin(self, args, state, control, **_):
        """Log the eval losses before the first step, where their curve begins."""
        for loss in self.start_losses:
            line = {"eval_loss": loss, "epoch": 0.0, "step": 0}
            state.log_history.append(line)
            self.pass_on({**line, "of": self.expected_steps(0)})

    def on_step_end(self, args, state, control, **_):
        """Stop after this step, with a checkpoint."""
        if broadcast(self.should_stop()) and not self.stopped:
            self.stopped = control.should_training_stop = control.should_save = True

    def on_log(self, args, state, control, logs=None, **_):
        """Pass on step, loss and learning rate; raise TrainingError at the first loss that is NaN."""
        logs = logs or {}
        loss = logs.get("loss", logs.get("eval_loss", 0.0))
        if not np.isfinite(loss):
            raise nan_loss(state.global_step)
        step = state.global_step
        self.pass_on({"step": step, "of": self.expected_steps(step), "epoch": state.epoch, **logs})
