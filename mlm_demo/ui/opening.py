"""What the page's link puts into the form of the 'Fill mask' tab, which begins as a page without a link has it."""

from typing import Any

import gradio as gr

from mlm_demo.checkpoints import default_checkpoint
from mlm_demo.engine import Engine
from mlm_demo.ui.fill_answer import link_of, linked
from mlm_demo.ui.links import Question
from mlm_demo.ui.picker import choices, offered, short_choices

FIRST = Question(model=default_checkpoint().name)


def opened_form(engine: Engine, query: dict, who: str) -> tuple:
    """Updates of the form's fields in the order of a Question, of the link to it, and of what is folded away.

    Only what the link asks is changed: by now somebody may be typing.
    """
    question, _ = linked(engine, query)
    models = offered(engine.runs, who, question.models)
    unusual = question != Question(question.text, question.model, question.compare)
    return (
        _asked(question, "text"),
        gr.Dropdown(choices(models), **_value(question, "model")),
        gr.Dropdown(short_choices(models), **_value(question, "compare")),
        *(_asked(question, name) for name in ("top_k", "targets", "joint", "precision")),
        link_of(question),
        gr.Accordion(open=True) if unusual else gr.skip(),
    )


def _asked(question: Question, field: str) -> Any:
    value = getattr(question, field)
    return gr.skip() if value == getattr(FIRST, field) else value


def _value(question: Question, field: str) -> dict:
    value = getattr(question, field)
    return {} if value == getattr(FIRST, field) else {"value": list(value) if field == "compare" else value}
