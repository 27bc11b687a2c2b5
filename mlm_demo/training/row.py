"""A row of the table of metrics: values as text, and whether a change is for the better."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Value:
    """A number to show, with its 95 % interval if it has one."""

    value: float
    low: float | None = None
    high: float | None = None
    unit: str = ""
    digits: int = 2

    def text(self, *, signed: bool = False) -> str:
        """Return `2.50 (2.40 to 2.60)`, `51.0 % (50.0 to 52.0)` or `25 %`; signed: with a plus where positive."""
        sign, unit = "+" if signed else "", f" {self.unit}" if self.unit else ""
        shown = f"{self.value:{sign}.{self.digits}f}{unit}"
        if self.low is None or self.high is None:
            return shown
        return f"{shown} ({self.low:{sign}.{self.digits}f} to {self.high:{sign}.{self.digits}f})"


@dataclass(frozen=True)
class Row:
    """A metric before and after training, and its change if that is shown."""

    label: str
    before: Value
    after: Value
    change: Value | None = None
    lower_is_better: bool = False

    @property
    def verdict(self) -> str:
        """Whether the change is `better` or `worse`, `unclear` if its interval holds 0, empty without an interval."""
        change = self.change
        if change is None or change.low is None or change.high is None:
            return ""
        if change.low <= 0 <= change.high:
            return "unclear"
        return "better" if (change.value < 0) == self.lower_is_better else "worse"

    def cells(self) -> tuple[str, str, str, str]:
        """Return the label and the values as text."""
        change = self.change.text(signed=True) if self.change else ""
        return self.label, self.before.text(), self.after.text(), change
