"""The schedule of a run: how long it has trained, resumes included, and the learning rate that follows from it.

The rate rises during the warm-up and falls linearly to zero over the planned steps. If the budget is in minutes and
the machine turns out slower than measured, it falls over the minutes instead (budgeted training, arXiv 1905.04753):
the run ends in time and with its rate at the end.
"""

import time

from transformers import TrainerCallback

from mlm_demo.system.distributed import broadcast


class TimedSchedule(TrainerCallback):
    """Keeps the time of a run and ends it after `seconds_allowed` (None: after its steps).

    seconds_before: what was spent on training before the first step.
    """

    def __init__(self, steps: int, warm_up: int, seconds_allowed: float | None, seconds_before: float = 0.0):
        self.steps, self.warm_up, self.seconds_allowed = steps, warm_up, seconds_allowed
        self.seconds_before, self.start = seconds_before, None

    @property
    def seconds(self) -> float:
        """Seconds of training until now, those before a resume included."""
        return self.seconds_before + (time.monotonic() - self.start if self.start is not None else 0.0)

    def seconds_left(self, step: int) -> float:
        """Estimate the seconds left after a step from the time that the steps so far took."""
        left = (self.steps - step) * self.seconds / max(step, 1)
        return min(left, self.seconds_allowed - self.seconds) if self.seconds_allowed else left

    def factor(self, step: int) -> float:
        """Return the share of the highest learning rate for a step."""
        left = self.steps - step
        if self.seconds_allowed:
            left = min(left, self.steps * (1 - broadcast(self.seconds) / self.seconds_allowed))
        rising = step / self.warm_up if step < self.warm_up else 1.0
        return max(0.0, min(rising, left / max(1, self.steps - self.warm_up)))

    def on_train_begin(self, args, state, control, **_):
        """Continue from the time in the checkpoint; stop at once if its steps or its time are used up."""
        self.start = time.monotonic()
        if state.log_history:
            self.seconds_before = state.log_history[-1].get("seconds", 0.0)
        if state.global_step >= self.steps or (
            self.seconds_allowed and self.seconds_before >= self.seconds_allowed
        ):
            control.should_training_stop = True

    def on_log(self, args, state, control, **_):
        """Note the time in the log, which checkpoints keep."""
        state.log_history[-1]["seconds"] = round(self.seconds, 3)

    def on_step_end(self, args, state, control, **_):
        """End after this step if the time is over, with a last evaluation if the run makes any."""
        if self.seconds_allowed and broadcast(self.seconds) >= self.seconds_allowed:
            control.should_training_stop = control.should_log = True
            control.should_evaluate = args.load_best_model_at_end
