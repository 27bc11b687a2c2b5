"""A paper opened at a question: its sentences shaded by relevance, the answer marked; every text is escaped."""

import secrets
from html import escape

from mlm_demo.web.extract.table import NO_ANSWER, Cell, relevance_number
from mlm_demo.web.html import marked

STEPS = 5
EVIDENCE_STEP = 3  # from here on a sentence counts as evidence
SENTENCES_SHOWN = 2_000


def opened_paper(cell: Cell) -> str:
    """Return the dialog of a paper; `javascript.PAPER` shows it and moves between its sentences."""
    row, finding = cell.row, cell.finding
    found = f"Answer: {row['answer']}" if cell.answered else f"{NO_ANSWER.capitalize()}."
    legend = "".join(
        f'<span class="step-{step}">{(step - 1) / STEPS:.1f}</span>' for step in range(1, STEPS + 1)
    )
    count = len(finding.paper.sentences)
    return (
        # The token makes every opening a change, which the browser sees.
        f'<dialog class="opened-paper" aria-labelledby="opened-title" data-token="{secrets.token_hex(4)}" '
        f'data-document="{escape(row["document"])}" data-count="{min(count, SENTENCES_SHOWN)}">'
        f'<header><div><h3 id="opened-title" dir="auto">{escape(row["title"])}</h3>'
        f'<p class="facts" dir="auto">{escape(finding.question)} · {escape(found)}</p></div>'
        '<button type="button" data-do="close" aria-label="Close the paper">✕</button></header>'
        f'<div class="paper-text" dir="auto">{_text(cell)}</div>'
        f'<footer><p class="place" role="status">&nbsp;</p>'
        f'<p class="legend"><span>Relevance from</span> {legend}</p><div class="paper-buttons">'
        '<button type="button" data-do="previous">Previous evidence</button>'
        '<button type="button" data-do="next">Next evidence</button>'
        '<button type="button" data-do="copy">Copy quote</button></div></footer></dialog>'
    )


def step_of(relevance: float) -> int:
    """Return the shade of a relevance: 1 below 0.2, 5 from 0.8 on."""
    return min(int(relevance * STEPS), STEPS - 1) + 1


def evidence_numbers(cell: Cell) -> set[int]:
    """Return the numbers of the sentences that are evidence: the answer's, the relevant ones, or else the best one."""
    finding, row = cell.finding, cell.row
    relevances = finding.relevances
    found = {
        number
        for number, relevance in enumerate(relevances)
        if relevance is not None and step_of(relevance) >= EVIDENCE_STEP
    }
    if cell.answered:
        found |= set(finding.paper.sentences_at(row["start"], row["end"]))
    return found or {finding.best_sentence}


def _text(cell: Cell) -> str:
    """Return the sentences as paragraphs."""
    paper, relevances = cell.finding.paper, cell.finding.relevances
    if not paper.sentences:
        return '<p class="empty">This paper has no sentence to read.</p>'
    evidence = evidence_numbers(cell)
    span = (cell.row["start"], cell.row["end"]) if cell.answered else None
    first = _first(cell, evidence)
    parts, before = ["<p>"], paper.sentences[0][0]
    for number, (start, end) in enumerate(paper.sentences[:SENTENCES_SHOWN]):
        between = paper.text[before:start]
        parts.append("</p><p>" if "\n" in between else escape(between))
        relevance = relevances[number] or 0.0  # not judged: the paper has too many sentences
        parts.append(_sentence(paper.text, (start, end), number, relevance, span, evidence, first))
        before = end
    more = len(paper.sentences) - SENTENCES_SHOWN
    rest = f'<p class="more">{more:,} more sentences are not shown.</p>' if more > 0 else ""
    return f"{''.join(parts)}</p>{rest}"


def _first(cell: Cell, evidence: set[int]) -> int:
    """Return the number of the sentence that is shown first: the one of the answer, or the most relevant one."""
    if cell.answered:
        return cell.finding.paper.sentences_at(cell.row["start"], cell.row["end"])[0]
    return max(sorted(evidence), key=lambda number: cell.finding.relevances[number] or 0.0)


def _sentence(
    text: str,
    place: tuple[int, int],
    number: int,
    relevance: float,
    span: tuple[int, int] | None,
    evidence: set[int],
    first: int,
) -> str:
    start, end = place
    inner = escape(text[start:end])
    if span and max(start, span[0]) < min(end, span[1]):
        begin, stop = max(start, span[0]), min(end, span[1])
        inner = marked(text[start:begin], text[begin:stop], text[stop:end])
    shown = relevance_number(relevance)
    # Only evidence is reached with the Tab key; a paper has hundreds of sentences.
    kind = ' tabindex="0" data-evidence' if number in evidence else ' tabindex="-1"'
    kind += " data-first" if number == first else ""
    return (
        f'<span class="read step-{step_of(relevance)}"{kind} data-number="{number + 1}" '
        f'data-relevance="{escape(shown)}" title="relevance {escape(shown)}">{inner}</span>'
    )
