"""An extraction as an HTML table: a row for each paper, a column for each question; every text is escaped."""

from dataclasses import dataclass, replace
from html import escape

from mlm_demo.inference.extract.extraction import Extraction, Finding
from mlm_demo.web.extract.verdicts import RIGHT, WRONG, Verdicts, key_of
from mlm_demo.web.html import bar, marked

EXCERPT = 240  # characters of a sentence in the table
WITH_SENTENCES = 3  # questions, up to which the cells show sentences
NO_ANSWER = "no answer found"
SCORE_DIGITS = 2  # the slider of the threshold moves by tenths
HINT = (
    "Press a paper to read it. The bar is how relevant the model finds the sentence; ✓ says that its answer is right, "
    "✗ that it does not answer the question."
)

WHAT_OF_ANSWER = {RIGHT: "This answer is right", WRONG: "This sentence does not answer the question"}
WHAT_OF_NONE = {RIGHT: "The paper has no answer", WRONG: "The paper has an answer"}


@dataclass(frozen=True)
class Cell:
    """A question and a paper: the number of the finding, which no threshold changes, and what the threshold decides.

    row: as `Extraction.rows` has it.
    """

    number: int
    finding: Finding
    row: dict

    @property
    def answered(self) -> bool:
        """Whether there is an answer."""
        return self.row["answer"] is not None


def cells(extraction: Extraction) -> list[Cell]:
    """Return the cells in the order of the findings: the questions, and for each of them the papers."""
    found = []
    for number, finding in enumerate(extraction.findings):
        alone = replace(extraction, questions=(finding.question,), findings=(finding,))
        found.append(Cell(number, finding, alone.rows[0]))
    return found


def table(extraction: Extraction, verdicts: Verdicts) -> str:
    """Return how many papers answer, and the table; the paper with the best evidence comes first."""
    found = cells(extraction)
    if len(extraction.questions) == 1:
        ordered = sorted(found, key=lambda cell: -cell.row["relevance"])
        body = "".join(_row(cell, verdicts) for cell in ordered)
        head = ("Paper", "Answer", "Sentence", "Relevance of the sentence", "Right?")
        heads = "".join(f'<th scope="col">{heading}</th>' for heading in head)
        kind, caption = "one-question", f'<caption dir="auto">{escape(extraction.questions[0])}</caption>'
    else:
        papers = len(found) // len(extraction.questions)
        rows = [found[paper::papers] for paper in range(papers)]
        rows.sort(key=lambda row: -max(cell.row["relevance"] for cell in row))
        body = "".join(_many(row, verdicts) for row in rows)
        heads = '<th scope="col">Paper</th>' + "".join(
            f'<th scope="col" dir="auto">{escape(question)}'
            f'<span class="facts">{escape(_answered(found[first * papers : (first + 1) * papers]))}</span></th>'
            for first, question in enumerate(extraction.questions)
        )
        compact = " compact" if len(extraction.questions) > WITH_SENTENCES else ""
        kind = f"many-questions{compact}"
        caption = f'<caption class="spoken">{len(extraction.questions)} questions</caption>'
    return (
        f'<p class="answered" role="status">{escape(summary(extraction, found))}</p><p class="facts">{HINT}</p>'
        f'<div class="table found {kind}"><table>{caption}'
        f"<thead><tr>{heads}</tr></thead><tbody>{body}</tbody></table></div>"
    )


def summary(extraction: Extraction, found: list[Cell]) -> str:
    """Return a sentence that says how many papers answer, or how many cells if there are several questions."""
    if len(extraction.questions) == 1:
        return f"{_answered(found).capitalize()} {_papers(len(found))}"
    answered = sum(cell.answered for cell in found)
    papers = len(found) // len(extraction.questions)
    return f"{answered:,} answers to {len(extraction.questions)} questions in {papers:,} {_papers(papers)}"


def relevance_number(relevance: float) -> str:
    """Return a relevance with two digits; only what is exactly 0 or 1 looks like it."""
    if 0 < relevance < 0.01:
        return "< 0.01"
    if 0.99 < relevance < 1:
        return "> 0.99"
    return f"{relevance:.2f}"


def excerpt(sentence: str, start: int, end: int, most: int = EXCERPT) -> str:
    """Return the HTML of a sentence with a span of it marked; a long one is cut around the span, at white space."""
    begin, stop = _cut(sentence, start, end, most)
    before = ("… " if begin else "") + sentence[begin:start]
    after = sentence[end:stop] + (" …" if stop < len(sentence) else "")
    return marked(before, sentence[start:end], after) if end > start else escape(before + after)


def _cut(sentence: str, start: int, end: int, most: int) -> tuple[int, int]:
    if len(sentence) <= most or end - start >= most:
        return (0, len(sentence)) if len(sentence) <= most else (start, end)
    room = most - (end - start)
    begin = max(0, min(start - room // 2, len(sentence) - most))
    stop = begin + most
    if begin and (space := sentence.find(" ", begin, start)) >= 0:
        begin = space + 1
    if stop < len(sentence) and (space := sentence.rfind(" ", end, stop)) >= 0:
        stop = space
    return begin, stop


def _answered(found: list[Cell]) -> str:
    return f"answered in {sum(cell.answered for cell in found):,} of {len(found):,}"


def _papers(count: int) -> str:
    return "paper" if count == 1 else "papers"


def _row(cell: Cell, verdicts: Verdicts) -> str:
    """Return the row of a paper that was asked one question."""
    row, kind = cell.row, "" if cell.answered else ' class="no-answer"'
    title = escape(row["title"])
    document = (
        "" if row["document"] == row["title"] else f'<span class="facts">{escape(row["document"])}</span>'
    )
    return (
        f'<tr data-cell="{cell.number}"{kind}>'
        f'<th scope="row" dir="auto"><button type="button" class="open">{title}</button>{document}</th>'
        f'<td class="answer" dir="auto">{_answer(cell)}{_score(cell)}</td>'
        f'<td class="evidence" dir="auto">{_sentence(cell)}</td>'
        f'<td class="relevance">{_relevance(row["relevance"])}</td>'
        f'<td class="judged">{_verdicts(cell, verdicts)}</td></tr>'
    )


def _many(row: list[Cell], verdicts: Verdicts) -> str:
    """Return the row of a paper that was asked several questions."""
    first = row[0].row
    document = (
        ""
        if first["document"] == first["title"]
        else f'<span class="facts">{escape(first["document"])}</span>'
    )
    columns = "".join(
        f'<td data-cell="{cell.number}" data-label="{escape(cell.finding.question)}" dir="auto"'
        f"{'' if cell.answered else ' class=no-answer'}>"
        f'<button type="button" class="open">{_answer(cell)}</button>{_score(cell)}'
        f'<span class="evidence">{_sentence(cell)}</span>'
        f'<span class="relevance">{_relevance(cell.row["relevance"])}</span>{_verdicts(cell, verdicts)}</td>'
        for cell in row
    )
    title = f'<button type="button" class="open">{escape(first["title"])}</button>{document}'
    return f'<tr><th scope="row" dir="auto" data-cell="{row[0].number}">{title}</th>{columns}</tr>'


def _answer(cell: Cell) -> str:
    return f"<b>{escape(cell.row['answer'])}</b>" if cell.answered else NO_ANSWER


def _score(cell: Cell) -> str:
    """Return the number that the threshold decides by, also of an answer that is below it."""
    score = cell.row["score"]
    return "" if score is None else f'<span class="score" dir="ltr">score {score:.{SCORE_DIGITS}f}</span>'


def _sentence(cell: Cell) -> str:
    """Return the sentence of an answer with the answer marked, or the most relevant sentence."""
    row = cell.row
    if row["sentence"] is None:
        return ""
    start, end = (row["start"], row["end"]) if cell.answered else (row["sentence_start"],) * 2
    return excerpt(row["sentence"], start - row["sentence_start"], end - row["sentence_start"])


def _relevance(relevance: float) -> str:
    return f'{bar(relevance)}<span class="number">{escape(relevance_number(relevance))}</span>'


def _verdicts(cell: Cell, verdicts: Verdicts) -> str:
    """Return the two buttons of a cell; at most one of them is pressed."""
    given = verdicts.get(key_of(cell.row))
    said = WHAT_OF_ANSWER if cell.answered else WHAT_OF_NONE
    paper = escape(cell.row["title"])
    buttons = []
    for name, right, sign in ((RIGHT, True, "✓"), (WRONG, False, "✗")):
        pressed = "true" if given and given.right is right else "false"
        buttons.append(
            f'<button type="button" data-verdict="{name}" aria-pressed="{pressed}" title="{said[name]}" '
            f'aria-label="{said[name]}: {paper}">{sign}</button>'
        )
    return f'<span class="verdicts">{"".join(buttons)}</span>'


def cell_of(extraction: Extraction | None, sent: object) -> Cell | None:
    """Return the cell that an event's data name by its number; None if there is none, whatever a browser sends."""
    number = sent.get("cell") if isinstance(sent, dict) else None
    if extraction is None or type(number) is not int or not 0 <= number < len(extraction.findings):
        return None
    (cell,) = cells(replace(extraction, findings=(extraction.findings[number],)))
    return cell
