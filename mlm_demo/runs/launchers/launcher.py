"""What a queue asks of a launcher."""

from collections.abc import Mapping, Sequence
from typing import Protocol

from mlm_demo.runs.run import Run


class Launcher(Protocol):
    """Starts the workers of a queue, here or on other machines. name: as `MLM_DEMO_LAUNCHER` has it."""

    name: str

    def check(self) -> None:
        """Raise RunError, with the reason and the fix, if no run could be started now."""

    def price(self) -> str:
        """Return what a run costs the owner of the page, as a sentence; empty if nothing, or before a check."""

    def places(self) -> int | None:
        """Return how many runs can be worked on at once; None if that cannot be asked now."""

    def start(self, run: Run, environment: Mapping[str, str]) -> None:
        """Start a worker, with these variables in its environment; raises RunError, after which the run has none."""

    def follow(self, runs: Sequence[Run], environment: Mapping[str, str]) -> None:
        """Note in the folders of all runs what became of their workers; start again what was lost."""
