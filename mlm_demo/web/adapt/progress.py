"""A run as the page shows it: what is in the corpus, and how the training goes; plain functions to HTML."""

from collections.abc import Sequence
from html import escape

from mlm_demo.runs.run import GOING, Run, share_done
from mlm_demo.training.config import AdaptConfig, epochs, verdict
from mlm_demo.training.curve import curve_svg
from mlm_demo.training.result import shortened_around_term
from mlm_demo.web.messages import notices

STATES = {
    "waiting": "Waiting", "running": "Running", "stopping": "Stopping", "done": "Done", "stopped": "Stopped",
    "failed": "Failed", "interrupted": "Interrupted",
}  # fmt: skip


def report(found: dict, names: Sequence[str] = (), config: AdaptConfig | None = None) -> str:
    """What is in a corpus, and the verdict first; names: those of its files; config: of a run with another budget than
    the one it was made for."""
    files = f"{found['files']:,}"
    if names:
        files += ": " + ", ".join(names[:5]) + (f" and {len(names) - 5:,} more" if len(names) > 5 else "")
    texts = found["held_out_documents"] + found["training_documents"]
    facts = [
        ("Files", files),
        ("Documents", f"{found['documents']:,}"),
        ("Words", f"{found['words']:,}"),
        ("Copies left out", f"{found['exact_duplicates']:,} exact, {found['near_duplicates']:,} near"),
        (
            "Held out to judge by",
            f"{found['held_out_documents']:,} of {texts:,} "
            + ("sections they were cut into" if texts > found["documents"] else "documents"),
        ),
        ("Tokens to train on", f"{found['tokens']:,} in {found['blocks']:,} blocks"),
        (
            "Tokens a word",
            f"{found['pieces_per_word']:.2f}; general English {found['general_pieces_per_word']:.2f}",
        ),
        (
            "Split most",
            ", ".join(f"{word} ({pieces})" for word, pieces in found["worst_split"][:8]) or "none",
        ),
        ("Language", f"{found['language']}, by {found['language_share']:.0%} of a sample"),
    ]
    if found["seconds_a_pass"] is not None:
        facts.append(
            ("One pass here", f"{duration(found['seconds_a_pass'])}, {found['memory_megabytes']:,.0f} MB")
        )
    rows = "".join(
        f'<tr><th scope="row">{name}</th><td dir="auto">{escape(value)}</td></tr>' for name, value in facts
    )
    dropped = [f"{item['source']}: {item['reason']}" for item in found["dropped"][:10]]
    if len(found["dropped"]) > 10:
        dropped.append(f"and {len(found['dropped']) - 10:,} more")
    said, advice = found["verdict"], found["advice"]
    if config:
        read = epochs(config, found["blocks"], found["seconds_a_pass"])
        said, advice = verdict(found["tokens"], read, cut_short=found["cut_short"])
    return (
        f'<p class="verdict">{escape(f"Verdict: {said}. {advice}".strip())}</p>'
        f'<div class="table" tabindex="0"><table class="facts-table"><tbody>{rows}</tbody></table></div>'
        + notices([*found["notes"], *(f"Left out: {item}" for item in dropped)])
    )


def run_view(run: Run, lines: list[dict], before: int = 0, told: str = "") -> str:
    """Everything about a run now, by its log; before: how many runs come before it while it waits; told: what it has
    come to, in a sentence."""
    state = run.state
    parts = [f'<h3 class="run-title"><span class="state state-{state}">{STATES[state]}</span> ']
    parts.append(f"{escape(run.request.title)}</h3>")
    if about := run.request.about:
        parts.append(f'<p class="facts">from {escape(about["model"])} · {escape(about["budget"])}</p>')
    if told:
        parts.append(f'<p class="verdict">{escape(told)}</p>')
    if run.message:
        parts.append(f'<p class="refusal" role="status" dir="auto">{escape(run.message)}</p>')
    if state == "interrupted":
        parts.append(
            '<p class="refusal" role="status">The training broke off: it was killed, or the machine was restarted. '
            "Nothing up to the last checkpoint is lost; Resume goes on from there.</p>"
        )
    if state in GOING:
        parts.append(
            '<p class="facts">You can close this page: the run goes on, and you find it again under My runs.</p>'
        )
    if state == "waiting":
        first = f"{before} run{' goes' if before == 1 else 's go'} before it."
        parts.append(f"<p>{first if before else 'It is next.'}</p>")
    parts.append(progress(lines, state))
    curve = [line for line in lines if "loss" in line or "eval_loss" in line]
    planned = max((line["of"] for line in curve if "of" in line), default=0) if state in GOING else 0
    if curve:
        parts.append(f'<div class="curve">{curve_svg(curve, planned)}</div>')
        parts.append(
            '<p class="facts">Held out: a sample of the held-out text; the table after the run is of all.</p>'
        )
    followed = [line["followed"] for line in lines if line.get("followed")]
    if followed:
        parts.append(guesses(followed))
    return "".join(parts)


def corpus_view(run: Run, lines: list[dict]) -> str:
    """What was in a run's corpus, once it has been read."""
    found = next((line["report"] for line in lines if "report" in line), None)
    return (
        report(found, run.request.about.get("files", ())) if found else '<p class="empty">Not read yet.</p>'
    )


def progress(lines: list[dict], state: str) -> str:
    """A bar with steps, speed, memory and the time left."""
    steps = [line for line in lines if "loss" in line]
    stage = next((line["stage"] for line in reversed(lines) if "stage" in line), "")
    if not steps:
        return f'<p class="facts">{escape(stage)}</p>' if stage and state in ("running", "stopping") else ""
    last = steps[-1]
    share = share_done(last)
    facts = [f"step {last['step']:,} of {last['of']:,}", f"{last['tokens_per_second']:,.0f} tokens a second"]
    facts.append(f"{last['peak_megabytes']:,.0f} MB at most")
    if state == "running" and stage == "training":
        facts.append(f"{duration(last['seconds_left'])} left")
    elif state in ("running", "stopping"):
        facts.append(stage)
    bar = (
        f'<progress value="{share:.4f}" max="1" aria-label="done">{share:.0%}</progress>'
        if state in GOING
        else ""
    )
    return bar + f'<p class="facts">{escape(" · ".join(facts))}</p>'


def guesses(followed: list[list[dict]]) -> str:
    """A few held-out sentences and what the model would say for the hidden word, first and now."""
    first, now = followed[0], followed[-1]
    rows = [(hidden(new), guess(old), guess(new)) for old, new in zip(first, now, strict=False)]
    return table(("Held-out sentence", "Before", "Now"), rows, "guesses")


def table(headings: Sequence[str], rows: Sequence[Sequence[str]], kind: str = "") -> str:
    """A table, whose rows are stacked on a phone; the cells are HTML, the first of each row its name."""
    head = "".join(f'<th scope="col">{heading}</th>' for heading in headings)
    body = "".join(
        f'<tr><th scope="row" dir="auto">{name}</th>'
        + "".join(
            f'<td dir="auto" data-label="{heading}">{cell}</td>'
            for heading, cell in zip(headings[1:], cells, strict=True)
        )
        + "</tr>"
        for name, *cells in rows
    )
    inner = f"<table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>"
    return f'<div class="table stacked {kind}" tabindex="0">{inner}</div>'


def hidden(answer: dict) -> str:
    """A sentence with its term marked, shortened around it."""
    before, after = shortened_around_term(answer["sentence"], answer["start"], answer["term"])
    return f"{escape(before)}<mark>{escape(answer['term'])}</mark>{escape(after)}"


def duration(seconds: float) -> str:
    """Seconds as a person says them."""
    if seconds < 90:
        return f"{seconds:.0f} s"
    if seconds < 5400:
        return f"{seconds / 60:.0f} min"
    return f"{seconds / 3600:.1f} h"


def guess(answer: dict) -> str:
    """The model's first guess at a hidden word, and where it puts the right one."""
    found = "right" if answer["rank"] == 1 else f"right word: no. {answer['rank']:,}"
    return f"<b>{escape(answer['guess'])}</b> <span class='facts'>{found}</span>"
