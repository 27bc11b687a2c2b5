"""A row of the table of metrics: intervals, values as text, and whether a change is for the better."""

from dataclasses import dataclass, replace


@dataclass(frozen=True)
class Interval:
    """A value with its 95% interval; None for both ends of a value from a single section, which has none."""

    value: float
    low: float | None
    high: float | None

    @property
    def side(self) -> int:
        """-1 if the interval is below 0, 1 if it is above, 0 if it holds 0 or there is none."""
        return 0 if self.low is None else (self.low > 0) - (self.high < 0)


@dataclass(frozen=True)
class Value:
    """A number to show, with its 95% interval if it has one."""

    value: float
    low: float | None = None
    high: float | None = None
    unit: str = ""
    digits: int = 2

    @classmethod
    def of(cls, interval: Interval) -> "Value":
        """Return an interval to show."""
        return cls(interval.value, interval.low, interval.high)

    @classmethod
    def percent(cls, interval: Interval) -> "Value":
        """Return an interval of shares to show in percent."""
        low, high = (None if end is None else end * 100 for end in (interval.low, interval.high))
        return cls(interval.value * 100, low, high, "%", digits=1)

    @classmethod
    def points(cls, interval: Interval) -> "Value":
        """Return an interval of differences between shares to show in percentage points."""
        return replace(cls.percent(interval), unit="points")

    def text(self, *, signed: bool = False) -> str:
        """Return `2.50 (2.40 to 2.60)`, `51.0% (50.0 to 52.0)` or `25%`; signed: with a plus where positive."""
        sign, space = "+" if signed else "", "" if self.unit in ("", "%") else " "
        shown = f"{self.value:{sign}.{self.digits}f}{space}{self.unit}"
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
