"""HTML that several views share: tables, figures, bars, and a marked word."""

from collections.abc import Iterable, Sequence
from html import escape

ARROWS = {"better": "▲", "worse": "▼", "unclear": "≈"}
VERDICTS = {"better": "better", "worse": "worse", "unclear": "no clear change"}


def table(headings: Sequence[str], rows: Iterable[Sequence[str]], kind: str = "") -> str:
    """Return a table that a phone shows as stacked rows.

    headings: text; rows: cells of HTML, the first of each row its name; kind: more CSS classes.
    """
    head = "".join(f'<th scope="col">{escape(heading)}</th>' for heading in headings)
    body = "".join(
        f'<tr><th scope="row" dir="auto">{name}</th>'
        + "".join(
            f'<td dir="auto" data-label="{escape(heading)}">{cell}</td>'
            for heading, cell in zip(headings[1:], cells, strict=True)
        )
        + "</tr>"
        for name, *cells in rows
    )
    inner = f"<table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>"
    return f'<div class="table stacked {kind}" tabindex="0">{inner}</div>'


def facts_table(facts: Iterable[tuple[str, str]]) -> str:
    """Return a table of names and values, both text."""
    rows = "".join(
        f'<tr><th scope="row">{escape(name)}</th><td dir="auto">{escape(value)}</td></tr>'
        for name, value in facts
    )
    return (
        f'<div class="table" tabindex="0"><table class="facts-table"><tbody>{rows}</tbody></table></div>'
        if rows
        else ""
    )


def about_files(text: str, folded: Iterable[tuple[str, str]]) -> str:
    """Return what to know about files: a text, and below it more to unfold, as headings and texts."""
    more = "".join(
        f"<details><summary>{escape(heading)}</summary><p>{escape(inner)}</p></details>"
        for heading, inner in folded
    )
    return f'<div class="about-files"><p>{escape(text)}</p>{more}</div>'


def figure(kind: str, caption: str, body: str) -> str:
    """Return a figure; kind: CSS classes, caption and body: HTML."""
    return f'<figure class="{escape(kind)}"><figcaption>{caption}</figcaption>{body}</figure>'


def bar(share: float, over_it: str = "") -> str:
    """Return a horizontal bar of a share from 0 to 1 of its track; over_it: HTML drawn over the track."""
    return f'<span class="track"><span class="bar" style="inline-size:{share:.2%}"></span>{over_it}</span>'


def verdict_mark(verdict: str, *, spoken: bool = False) -> str:
    """Return an arrow and a word for a change that is `better`, `worse` or `unclear`; empty for an empty verdict.

    spoken: the word is for screen readers only, where a table has many.
    """
    if not verdict:
        return ""
    kind = "spoken" if spoken else "word"
    return (
        f'<span class="verdict-{verdict}"><span aria-hidden="true">{ARROWS[verdict]}</span> '
        f'<span class="{kind}">{VERDICTS[verdict]}</span></span>'
    )


def marked(before: str, word: str, after: str) -> str:
    """Return the HTML of a text with one word marked."""
    return f"{escape(before)}<mark>{escape(word)}</mark>{escape(after)}"
