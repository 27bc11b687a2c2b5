"""What the page's link puts into the form of the 'Fill mask' tab, which begins as a page without a link has it."""

import gradio as gr

from mlm_demo.inference.engine import Engine
from mlm_demo.runs.store import RunStore
from mlm_demo.web.fill.answer import link_of, linked
from mlm_demo.web.fill.links import FIRST, Question
from mlm_demo.web.model_choices import choices, offered, short_choices


def opened_form(engine: Engine, runs: RunStore, query: dict, who: str) -> tuple:
    """Updates of the form's fields in the order of a Question, of the link to it, and of what is folded away.

    Only what the link asks is changed: by now somebody may be typing.
    """
    question, _ = linked(engine, query)
    models = offered(runs, who, question.models)
    unusual = question != Question(question.text, question.model, question.compare)
    asked = {name: value for name, value in vars(question).items() if value != getattr(FIRST, name)}
    model = {"value": asked["model"]} if "model" in asked else {}
    # A list: Gradio wraps anything else in one, and a tuple would come back as a list within a list.
    compared = {"value": list(asked["compare"])} if "compare" in asked else {}
    return (
        asked.get("text", gr.skip()),
        gr.Dropdown(choices(models), **model),
        gr.Dropdown(short_choices(models), **compared),
        *(asked.get(name, gr.skip()) for name in ("top_k", "targets", "joint", "precision")),
        link_of(question),
        gr.Accordion(open=True) if unusual else gr.skip(),
    )
