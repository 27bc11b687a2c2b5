"""The progress of a run as HTML: state, bar, loss curve, and what the model predicts for a few held-out sentences.

When the run has a result, `result.py` shows curve and predictions.
"""

from html import escape

from mlm_demo.runs.run import ACTIVE, WORKED_ON, Run, step_reached
from mlm_demo.training.curve import curve_svg
from mlm_demo.training.exam import shortened_around_term
from mlm_demo.web.adapt.phases import phase_strip
from mlm_demo.web.adapt.report import duration
from mlm_demo.web.html import marked, table, verdict_mark
from mlm_demo.web.waiting import waiting_for

STATES = {
    "waiting": "Waiting", "running": "Running", "stopping": "Stopping", "done": "Done", "stopped": "Stopped",
    "failed": "Failed", "interrupted": "Interrupted", "unreachable": "Unreachable",
}  # fmt: skip
NOTES_SHOWN = 2  # of the last ones in a run's log


def run_view(
    run: Run, lines: list[dict], ahead: int = 0, headline: str = "", seconds: float | None = None
) -> str:
    """Return the whole view of a run.

    lines: its log; ahead: the number of runs ahead of it in the queue; headline: of its result, as HTML;
    seconds: which those will take, None if unknown.
    """
    state = run.state
    parts = [
        f'<h3 class="run-title"><span class="state state-{state}">{STATES[state]}</span> '
        f"{escape(run.name)}</h3>"
    ]
    where = run.whereabouts if state in WORKED_ON else ""
    if about := run.request.about:
        base = about["model"] if about.get("base") == "" else f"base model {about['model']}"
        facts = f"{base} · {about['budget']}"
        facts += f" · {where}" if where and state != "unreachable" else ""
        parts.append(f'<p class="facts">{escape(facts)}</p>')
    parts.append(headline)
    if run.message:
        parts.append(f'<p class="refusal" role="status" dir="auto">{escape(run.message)}</p>')
    if state == "interrupted":
        parts.append(
            '<p class="refusal" role="status">Training was interrupted (process killed or machine restarted). '
            "Everything up to the last checkpoint is safe; Resume continues from there.</p>"
        )
    if state == "unreachable":
        parts.append(
            '<p class="refusal" role="status" dir="auto">Nobody can say now whether this run is still being worked on. '
            f"What is shown here is what it has written so far. {escape(where)}</p>"
        )
    elif state in ACTIVE and state != "stopping":
        parts.append(
            '<p class="facts">You can close this page: the run continues, and you will find it under My runs.</p>'
        )
    if state == "waiting":
        parts.append(f"<p>{waiting_for(ahead, seconds)}</p>")
    if headline:
        return "".join(parts)
    parts += [f'<p class="facts">{escape(line["note"])}</p>' for line in lines if "note" in line][
        -NOTES_SHOWN:
    ]
    parts.append(progress(lines, state, run.started))
    seed = next((line["seed"] for line in reversed(lines) if "seed" in line), None)  # of a fine-tuning
    curve = [line for line in lines if ("loss" in line or "eval_loss" in line) and line.get("seed") == seed]
    if curve:
        planned = next((line["of"] for line in reversed(curve) if "of" in line), 0) if state in ACTIVE else 0
        parts.append(
            f'<div class="curve">{curve_svg(curve, planned, per="masked token" if seed is None else "question")}</div>'
        )
        parts.append(
            '<p class="facts">The held-out loss is measured on a sample of the held-out text; the final metrics are '
            "for all of it.</p>"
        )
    probes = followed(lines)
    if probes:
        parts.append(probes_view(probes[0], probes[-1], "Now" if state in ACTIVE else "Last evaluation"))
    return "".join(parts)


def progress(lines: list[dict], state: str, started: float | None = None) -> str:
    """Return the phases, and the step, speed, memory and time left, or the stage before the first step."""
    steps = [line for line in lines if "loss" in line]
    stage = next((line["stage"] for line in reversed(lines) if "stage" in line), "")
    phases = phase_strip(lines, started) if state in ("running", "stopping") else ""
    if not steps:
        shown = f'<p class="facts">{escape(stage)}</p>' if stage and state in ("running", "stopping") else ""
        return phases + shown
    last = steps[-1]
    reached = step_reached(lines)
    facts = [
        f"step {reached['step']:,} of {reached['of']:,}",
        f"{last['tokens_per_second']:,.0f} tokens per second",
        f"peak memory {last['peak_megabytes']:,.0f} MB",
    ]
    if state == "running" and stage.startswith("training"):
        facts.append(f"{duration(last['seconds_left'])} left")
    elif state in ("running", "stopping"):
        facts.append(stage)
    return f'{phases}<p class="facts">{escape(" · ".join(facts))}</p>'


def followed(lines: list[dict]) -> list[list[dict]]:
    """Return the answers to the followed questions at each evaluation."""
    return [line["followed"] for line in lines if line.get("followed")]


def probes_view(before: list[dict], after: list[dict], when: str) -> str:
    """Return a table of held-out sentences with the model's prediction for the masked word before and after.

    when: the heading of the predictions after.
    """
    rows = [
        (marked_term(new), guess(old), rank_change(old["rank"], new["rank"], guess(new)))
        for old, new in zip(before, after, strict=False)
    ]
    return table(("Held-out sentence", "Before", when), rows, "guesses")


def marked_term(question: dict) -> str:
    """Return a sentence with its term marked, shortened around it."""
    before, after = shortened_around_term(question["sentence"], question["start"], question["term"])
    return marked(before, question["term"], after)


def rank_change(before: int, after: int, shown: str) -> str:
    """Return what is shown (HTML) of a rank with the mark of its change."""
    if before == after:
        return shown
    return f"{shown} {verdict_mark('better' if after < before else 'worse', spoken=True)}"


def guess(answer: dict) -> str:
    """Return the model's first guess for a masked word, and the rank it gives the correct one."""
    rank = "correct" if answer["rank"] == 1 else f"correct word ranks #{answer['rank']:,}"
    return f"<b>{escape(answer['guess'])}</b> <span class='facts'>{rank}</span>"
