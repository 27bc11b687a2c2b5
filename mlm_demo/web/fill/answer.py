"""A question of the 'Fill mask' tab and what its answer puts on the page; plain functions, no widgets."""

import json
import secrets
from dataclasses import dataclass, replace

from mlm_demo.errors import MlmDemoError
from mlm_demo.inference.engine import Engine, Progress, silent
from mlm_demo.web.fill.charts import charts
from mlm_demo.web.fill.links import FIRST, Question, page_address, read_link, write_link
from mlm_demo.web.fill.snippets import pipeline_code, shell_line
from mlm_demo.web.fill.tables import csv, tables
from mlm_demo.web.messages import notices, notices_of

VIEWS = ("Chart", "Table")
PAUSES = 120, 1_000  # milliseconds without a key before the page asks: at least, at most
ANSWERS_KEPT = 3  # per page: the one shown, and what is under way by Enter and by the typing
NOT_LOADED = "This model is not loaded yet; press Enter or Fill to load it."


@dataclass(frozen=True)
class Shown:
    """What an answer puts on the page, in the order of the output components."""

    results: str
    answers: list[dict]
    link: str
    python: str
    shell: str
    json: str
    csv: str
    copied: str = ""  # the link shown belongs to the answer before
    pause: int = PAUSES[0]  # milliseconds
    waiting: str = ""  # why the page does not ask by itself


def ask(engine: Engine, question: Question, view: str, on_progress: Progress = silent) -> Shown:
    """Put a question to the engine and draw its answer."""
    answers = engine.compare(
        question.text,
        question.models,
        top_k=question.top_k,
        targets=question.targets,
        joint=question.joint,
        precision=question.precision,
        on_progress=on_progress,
    )["answers"]
    return Shown(
        results=draw(answers, view),
        answers=answers,
        link=link_of(question),
        python=pipeline_code(question, answers[0]),
        shell=shell_line(question),
        json=json.dumps(
            answers[0] if len(answers) == 1 else {"answers": answers}, ensure_ascii=False, indent=2
        ),
        csv=csv(answers),
        pause=pause_after(sum(answer["seconds"] for answer in answers)),
    )


def pause_after(seconds: float) -> int:
    """Milliseconds without a key before the next question, for models that took so long for their last answer."""
    shortest, longest = PAUSES
    return round(min(max(2_000 * seconds, shortest), longest))


def keep(kept: dict[str, list[dict]], shown: Shown, link_shown: str = "") -> dict[str, list[dict]]:
    """Add an answer under its link to those of a page, in place: two events may do so at once.

    link_shown: of the answer on the page, which stays there if the browser drops the new one.
    """
    if link_shown in kept:
        kept[link_shown] = kept.pop(link_shown)
    kept.pop(shown.link, None)
    kept[shown.link] = shown.answers
    for link in list(kept)[:-ANSWERS_KEPT]:
        kept.pop(link, None)
    return kept


def parcel(shown: Shown) -> str:
    """An answer for `browser.SHOW_IF_CURRENT`, as JSON; never the same text twice, or it would be no change."""
    values = [value for name, value in vars(shown).items() if name != "answers"]
    return json.dumps({"link": shown.link, "values": values, "token": secrets.token_hex(4)})


def link_of(question: Question) -> str:
    """The page's address with this question."""
    return page_address() + write_link(question)


def without_answer(results: str) -> Shown:
    """A page with a message in the place of the results."""
    return Shown(results, answers=[], link="", python="", shell="", json="", csv="")


def answers_at_once(engine: Engine, question: Question) -> bool:
    """Whether the models of a question are in memory, in the precision that it takes."""
    return engine.in_memory(
        question.models, targets=question.targets, joint=question.joint, precision=question.precision
    )


def draw(answers: list[dict], view: str, told: tuple[str, ...] = ()) -> str:
    """The notices and then the charts or the tables."""
    if not answers:
        return ""
    return notices([*told, *notices_of(answers)]) + (tables(answers) if view == VIEWS[1] else charts(answers))


def linked(engine: Engine, query: dict) -> tuple[Question, list[str]]:
    """The question of the page's link, and a notice for each value that is ignored."""
    return read_link(query, engine.catalogue, max_characters=engine.settings.max_characters)


def first_answer(engine: Engine, query: dict, view: str) -> Shown:
    """Answer the page's link; where it cannot be answered, say why over the default model's answer."""
    question, told = linked(engine, query)
    try:
        shown = ask(engine, question, view)
    except MlmDemoError as error:
        told.append(f"The link could not be answered. {error}")
        shown = ask(engine, FIRST, view)
        # The form keeps what the link asks, so that it can be put right; this says which sentence the chart is of.
        told.append(f"Shown instead: {FIRST.text}")
    return replace(shown, results=draw(shown.answers, view, tuple(told))) if told else shown
