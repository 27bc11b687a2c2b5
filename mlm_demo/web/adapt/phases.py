"""The four phases of a running training as a strip: those that are over with their seconds, the present one with a bar.

Its seconds count on in the browser by an animation of style.css, so that the page is not sent again each second. Once
the page has run COUNTING: an animation can count a custom property only if that is declared as a number.
"""

import time
from collections.abc import Sequence

from mlm_demo.runs.run import share_done
from mlm_demo.training.phase import Phase
from mlm_demo.web.adapt.report import duration

TITLES = {
    Phase.READ: "Read",
    Phase.BEFORE: "Test before",
    Phase.TRAIN: "Train",
    Phase.AFTER: "Test after",
}

UNKNOWN = '<progress max="1" aria-label="done"></progress>'

# Gradio 6.31 drops @property from the style sheet. A property can be declared once.
COUNTING = """
try {
  CSS.registerProperty({name: '--count', syntax: '<integer>', inherits: false, initialValue: '0'});
} catch (error) {
  if (error.name !== 'InvalidModificationError') throw error;
}
"""


def present_phase(lines: Sequence[dict]) -> Phase | None:
    """Return the phase that a run has reached, None before the first."""
    return next((Phase(line["phase"]) for line in reversed(lines) if "phase" in line), None)


def phase_strip(lines: Sequence[dict], started: float | None = None, now: float | None = None) -> str:
    """Return the strip as HTML; empty without a phase in the log, if it is not known when the worker started.

    lines: the log of a run that is being worked on; started, now: seconds since 1970. The first phase begins with the
    worker, which takes some seconds to log it.
    """
    begins, bar = _begins(lines), UNKNOWN
    if started is not None and (not begins or begins[0][1] < started):  # what is logged is of a worker before
        begins = [(Phase.READ, started)]
    elif begins:
        bar = _bar(lines)
        if started is not None and begins[0][0] == Phase.READ:
            begins[0] = Phase.READ, started
    else:
        return ""
    ends = [*(at for _, at in begins[1:]), time.time() if now is None else now]
    seconds = dict.fromkeys(Phase, 0.0)
    for (phase, at), end in zip(begins, ends, strict=True):
        seconds[phase] += max(0.0, end - at)
    present, items = begins[-1][0], []
    for phase, title in TITLES.items():
        if phase == present:
            items.append(
                f'<li class="present" aria-current="step">{title} '
                f'<span class="seconds" style="--from:{seconds[phase]:.0f}" aria-hidden="true"></span>'
                f"{bar}</li>"
            )
        elif seconds[phase]:
            items.append(
                f'<li class="over">{title} <span class="facts">{duration(seconds[phase])}</span></li>'
            )
        else:
            items.append(f"<li>{title}</li>")
    return f'<ol class="phases">{"".join(items)}</ol>'


def _begins(lines: Sequence[dict]) -> list[tuple[Phase, float]]:
    """Return each phase with the time at which it began, since the files were last read: a resumed run begins anew."""
    begins: list[tuple[Phase, float]] = []
    for line in lines:
        if "phase" not in line or "at" not in line:
            continue
        phase = Phase(line["phase"])
        if phase == Phase.READ:
            begins = []
        if not begins or begins[-1][0] != phase:
            begins.append((phase, line["at"]))
    return begins


def _bar(lines: Sequence[dict]) -> str:
    """Return the bar of the present phase, which moves to and fro where nobody knows how long it takes."""
    since = next(n for n in reversed(range(len(lines))) if "phase" in lines[n])
    share = lines[since].get("done")
    if lines[since]["phase"] == Phase.TRAIN:
        share = next((share_done(line) for line in reversed(lines[since:]) if "loss" in line), None)
    return (
        UNKNOWN if share is None else f'<progress value="{share:.4f}" max="1" aria-label="done"></progress>'
    )
