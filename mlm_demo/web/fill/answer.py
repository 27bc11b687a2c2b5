"""Turn a question of the 'Fill mask' tab into what the page shows; plain functions, no widgets."""

import json
import secrets
from dataclasses import dataclass, replace

from mlm_demo.errors import MlmDemoError
from mlm_demo.inference.blanks import find_blanks
from mlm_demo.inference.engine import Engine
from mlm_demo.inference.hidden_words import MASK
from mlm_demo.inference.progress import Progress, silent
from mlm_demo.web.fill.charts import chart_choice, charts
from mlm_demo.web.fill.links import FIRST, Question, page_address, read_link, write_link
from mlm_demo.web.fill.snippets import pipeline_code, shell_line
from mlm_demo.web.fill.tables import csv, tables
from mlm_demo.web.fill.words import word_row
from mlm_demo.web.messages import notices, notices_of

VIEWS = ("Chart", "Table")
PAUSES = 120, 1_000  # milliseconds without a key before the page asks: shortest, longest
ANSWERS_KEPT = 3  # per page: the one shown, and those that arrived since it was requested
NO_BLANK = '<p class="empty">This sentence has no blank yet. Press a word to hide it, or put &lt;mask&gt; into it.</p>'
NOT_LOADED = "This model is not loaded yet. Press Enter or Fill to load it."


@dataclass(frozen=True)
class Shown:
    """The values that an answer gives to the tab's components, by their names.

    copied: empty, because the link shown there is of the previous answer; pause: milliseconds without a key before the
    next question; waiting: why the page does not ask on its own; words: the sentence as a row of buttons.
    """

    results: str
    answers: list[dict]
    link: str
    python: str
    shell: str
    json: str
    csv: str
    words: str
    copied: str = ""
    pause: int = PAUSES[0]
    waiting: str = ""


def ask(
    engine: Engine, question: Question, view: str, on_progress: Progress = silent, *, load: bool = True
) -> Shown | None:
    """Ask the engine and draw its answer; None if load is False and a model is not in memory."""
    answered = engine.compare(
        question.text,
        question.models,
        top_k=question.top_k,
        targets=question.targets,
        joint=question.joint,
        precision=question.precision,
        on_progress=on_progress,
        load=load,
    )
    if answered is None:
        return None
    answers = answered["answers"]
    return Shown(
        results=draw(answers, view, full_axis=question.full_axis),
        answers=answers,
        link=link_of(question),
        python=pipeline_code(question, answers[0]),
        shell=shell_line(question),
        json=json.dumps(answers[0] if len(answers) == 1 else answered, ensure_ascii=False, indent=2),
        csv=csv(answers),
        words=word_row(question.text),
        pause=pause_after(sum(answer["seconds"] for answer in answers)),
    )


def pause_after(seconds: float) -> int:
    """Return the pause before the next question in milliseconds, for an answer that took `seconds`."""
    shortest, longest = PAUSES
    return round(min(max(2_000 * seconds, shortest), longest))


def keep(kept: dict[str, list[dict]], shown: Shown, link_shown: str = "") -> dict[str, list[dict]]:
    """Store an answer under its link among those of a page, in place, because two events may do so at once.

    link_shown: the link of the answer on the page, which stays there if the browser drops the new one.
    """
    if link_shown in kept:
        kept[link_shown] = kept.pop(link_shown)
    kept.pop(shown.link, None)
    kept[shown.link] = shown.answers
    for link in list(kept)[:-ANSWERS_KEPT]:
        kept.pop(link, None)
    return kept


def typed_answer_json(shown: Shown) -> str:
    """Return an answer as JSON for `javascript.SHOW_IF_CURRENT`; the random token makes each value a change."""
    values = [value for name, value in vars(shown).items() if name != "answers"]
    return json.dumps({"link": shown.link, "values": values, "token": secrets.token_hex(4)})


def link_of(question: Question) -> str:
    """Return the page's address with this question."""
    return page_address() + write_link(question)


def without_answer(results: str) -> Shown:
    """Return a message in place of the results."""
    return Shown(results, answers=[], link="", python="", shell="", json="", csv="", words="")


def draw(
    answers: list[dict], view: str, more_notices: tuple[str, ...] = (), *, full_axis: bool = False
) -> str:
    """Return the notices and then the charts or the tables; empty without answers."""
    if not answers:
        return ""
    figures = tables(answers) if view == VIEWS[1] else charts(answers, pressable=True, full_axis=full_axis)
    return notices([*more_notices, *notices_of(answers)]) + chart_choice(answers) + figures


def linked(engine: Engine, query: dict) -> tuple[Question, list[str]]:
    """Return the question of the page's link, and a notice for each value that is ignored."""
    return read_link(
        query,
        engine.catalogue,
        max_characters=engine.settings.max_characters,
        model=engine.default_model().name,
    )


def first_answer(engine: Engine, query: dict, view: str) -> Shown:
    """Answer the page's link; if that fails, show the reason and the built-in model's answer to FIRST.

    A sentence without a blank is what a reload kept, and no error.
    """
    question, problems = linked(engine, query)
    if not problems and question.text.strip() and not find_blanks(question.text, MASK):
        # With its link, which the address keeps.
        return replace(without_answer(NO_BLANK), link=link_of(question), words=word_row(question.text))
    try:
        shown = ask(engine, question, view)
    except MlmDemoError as error:
        problems.append(f"The link could not be answered. {error}")
        shown = ask(engine, FIRST, view)
        # The form keeps the values of the link, so a person can correct them; this names the sentence of the chart.
        problems.append(f"Shown instead: {FIRST.text}")
    if not problems:
        return shown
    # The words are those of the form.
    results = draw(shown.answers, view, tuple(problems), full_axis=question.full_axis)
    return replace(shown, results=results, words=word_row(question.text))
