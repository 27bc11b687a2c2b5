"""What a trial of training has measured here, kept for the next corpus: most of a reading is the trial's steps."""

import time

from mlm_demo.runs.tasks.adapt import AdaptRequest

SECONDS_KEPT = 3600  # the machine may have more or less to do by then
PLACES_KEPT = 100


class Trials:
    """Seconds a step and megabytes of memory by what they hang on: the model and the size of a step."""

    def __init__(self):
        self._made: dict[tuple, tuple[float, float, float]] = {}

    def words(self, choices: AdaptRequest) -> list[str]:
        """Options of the command line that make a trial needless, none where there was none of late."""
        seconds, megabytes, at = self._made.get(_step(choices), (0.0, 0.0, float("-inf")))
        if time.monotonic() - at > SECONDS_KEPT:
            return []
        return ["--trial", f"{seconds:.9g}", f"{megabytes:.9g}"]

    def keep(self, choices: AdaptRequest, report: dict) -> None:
        """Keep what a report tells of its trial, unless it made none, or its corpus was too small to fill a step."""
        batch = choices.config.batch_size
        if report["blocks"] < batch or self.words(choices):
            return
        seconds = report["seconds_a_pass"] * batch / report["blocks"]
        if len(self._made) >= PLACES_KEPT:  # by names that people have made up, say
            self._made.clear()
        self._made[_step(choices)] = (seconds, report["memory_megabytes"], time.monotonic())


def _step(choices: AdaptRequest) -> tuple:
    config = choices.config
    size = (config.batch_size, config.block_size, config.mlm_probability)
    return (choices.model, *size, config.whole_word, config.line_by_line)
