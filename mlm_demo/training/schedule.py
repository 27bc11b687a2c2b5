"""The schedule of a run: the seconds it has taken, those before a resume too, and the learning rate that follows.

The rate rises over the warm-up and falls linearly to nothing over the steps planned. Where minutes are the budget and
the machine turns out slower than its trial, it falls over the minutes instead (budgeted training, arXiv 1905.04753):
the run ends in time, and with its rate at the end.
"""

import time

from transformers import TrainerCallback

from mlm_demo.system.distributed import broadcast


class TimedSchedule(TrainerCallback):
    """Keeps the time of a run; ends it when `seconds_allowed` are over (None: when its steps are)."""

    def __init__(self, steps: int, warm_up: int, seconds_allowed: float | None):
        self.steps, self.warm_up, self.seconds_allowed = steps, warm_up, seconds_allowed
        self.seconds_before, self.start = 0.0, None

    @property
    def seconds(self) -> float:
        """Seconds of training until now, the legs before a resume included."""
        return self.seconds_before + (time.monotonic() - self.start if self.start is not None else 0.0)

    def seconds_left(self, step: int) -> float:
        """Seconds to the end after so many steps, judging by those made."""
        left = (self.steps - step) * self.seconds / max(step, 1)
        return min(left, self.seconds_allowed - self.seconds) if self.seconds_allowed else left

    def factor(self, step: int) -> float:
        """The share of the highest learning rate that a step is made with."""
        left = self.steps - step
        if self.seconds_allowed:
            left = min(left, self.steps * (1 - broadcast(self.seconds) / self.seconds_allowed))
        rising = step / self.warm_up if step < self.warm_up else 1.0
        return max(0.0, min(rising, left / max(1, self.steps - self.warm_up)))

    def on_train_begin(self, args, state, control, **_):
        """Take up the time where the checkpoint left it; nothing is left to do after that of the last step."""
        self.start = time.monotonic()
        if state.log_history:
            self.seconds_before = state.log_history[-1].get("seconds", 0.0)
        if state.global_step >= self.steps or (
            self.seconds_allowed and self.seconds_before >= self.seconds_allowed
        ):
            control.should_training_stop = True

    def on_log(self, args, state, control, **_):
        """Note the time in what a checkpoint keeps."""
        state.log_history[-1]["seconds"] = round(self.seconds, 3)

    def on_step_end(self, args, state, control, **_):
        """End after this step if the time is over, with a last look at the watched text if there is one."""
        if self.seconds_allowed and broadcast(self.seconds) >= self.seconds_allowed:
            control.should_training_stop = control.should_log = True
            control.should_evaluate = args.load_best_model_at_end
