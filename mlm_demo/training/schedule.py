"""The schedule of a run: how long it has trained, resumes included, and the learning rate that follows from it.

The rate rises during the warm-up and then falls over the planned steps, along one of several curves. If the budget is
in minutes, it falls over the minutes instead (budgeted training, arXiv 1905.04753), and the run ends when they are
over, whether the machine turns out slower or faster than it was when the steps were planned.
"""

import math
import time

from transformers import TrainerCallback

from mlm_demo.system.distributed import broadcast

# The share of the highest learning rate, from the share of the steps or the time that is left; by config.SCHEDULES.
FALLING = {
    "linear-to-third": lambda left: (1 + 2 * left) / 3,
    "linear": lambda left: left,
    "cosine": lambda left: (1 - math.cos(math.pi * left)) / 2,
    "constant": lambda left: 1.0,
}


class TimedSchedule(TrainerCallback):
    """Keeps the time of a run and ends it after `seconds_allowed` (None: after its steps).

    steps: as planned; with `seconds_allowed`, an estimate, so evaluations (each with a checkpoint) are due by the clock
    too, `evaluations` of them in a run. seconds_before: what was spent on training before the first step. falling: one
    of FALLING.
    """

    def __init__(
        self,
        steps: int,
        warm_up: int,
        seconds_allowed: float | None,
        *,
        evaluations: int = 1,
        seconds_before: float = 0.0,
        falling: str = "linear",
    ):
        self.steps, self.warm_up, self.seconds_allowed = steps, warm_up, seconds_allowed
        self.evaluations, self.seconds_before, self.start = evaluations, seconds_before, None
        self.falling = FALLING[falling]
        self.evaluated = 0  # how many evaluations are done

    @property
    def seconds(self) -> float:
        """Seconds of training until now, those before a resume included."""
        return self.seconds_before + (time.monotonic() - self.start if self.start is not None else 0.0)

    def share_over(self, step: int) -> float:
        """Return the share of the run that is over before a step, by the clock if the budget is in minutes."""
        return self.seconds / self.seconds_allowed if self.seconds_allowed else step / self.steps

    def expected_steps(self, step: int) -> int:
        """Return how many steps the run will have made at its end, by the time that the steps so far took."""
        if not self.seconds_allowed:
            return self.steps
        if not step or not self.seconds:
            return max(self.steps, step)
        return max(step, round(step * self.seconds_allowed / self.seconds))

    def seconds_left(self, step: int) -> float:
        """Return the seconds left of those allowed, or an estimate from the time that the steps so far took."""
        if self.seconds_allowed:
            return max(0.0, self.seconds_allowed - self.seconds)
        return (self.steps - step) * self.seconds / max(step, 1)

    def factor(self, step: int) -> float:
        """Return the share of the highest learning rate for a step."""
        left = self.steps - step
        if self.seconds_allowed:
            left = self.steps * (1 - broadcast(self.seconds) / self.seconds_allowed)
        rising = step / self.warm_up if step < self.warm_up else 1.0
        return min(rising, self.falling(min(1.0, max(0.0, left / max(1, self.steps - self.warm_up)))))

    def on_train_begin(self, args, state, control, **_):
        """Continue from the time in the checkpoint; stop at once if its steps or its time are used up."""
        self.start = time.monotonic()
        if state.log_history:
            self.seconds_before = state.log_history[-1].get("seconds", 0.0)
        over = (
            self.seconds_before >= self.seconds_allowed
            if self.seconds_allowed
            else state.global_step >= self.steps
        )
        if over:
            control.should_training_stop = True
        self.evaluated = self._due()

    def on_log(self, args, state, control, **_):
        """Note the time in the log, which checkpoints keep."""
        state.log_history[-1]["seconds"] = round(self.seconds, 3)

    def on_step_end(self, args, state, control, **_):
        """Evaluate when it is time; end after this step if the time is over, with a last evaluation."""
        if not self.seconds_allowed:
            return
        due, evaluates = self._due(), args.load_best_model_at_end
        if due > self.evaluated:
            self.evaluated = due
            control.should_save, control.should_evaluate = True, evaluates
        if due >= self.evaluations:
            control.should_training_stop = control.should_log = True

    def _due(self) -> int:
        """Return how many of the evaluations should be done by now; all of them when the time is over."""
        if not self.seconds_allowed:
            return 0
        return int(min(1.0, broadcast(self.seconds) / self.seconds_allowed) * self.evaluations)
