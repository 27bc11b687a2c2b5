"""Values that the API view shows in the calls to copy, for parameters without a default: Gradio would show `...`."""

import inspect
from typing import Any

import gradio as gr

SENTENCE = "Paris is the <mask> of France."
EXAMPLES: dict[str, dict[str, Any]] = {
    "fill_mask": {"text": SENTENCE},
    "compare": {"text": SENTENCE, "models": ["general", "biomedical"]},
    "why": {"text": SENTENCE},
    "contrast": {"text": "The nurse gave the <mask> a drink."},
    "score": {"text": "The keys to the cabinet are on the table."},
    "extract": {"questions": ["How many patients were enrolled?"]},
    "start_adaptation": {"files": ["sample"]},
    "start_pretraining": {"files": ["sample"]},
    "start_finetuning": {"files": ["sample"], "task": "answers"},
}


def set_examples(page: gr.Blocks) -> None:
    """Give the endpoints of a page under construction their examples."""
    for endpoint in page.fns.values():
        if endpoint.api_name not in EXAMPLES:
            continue
        names = [name for name in inspect.signature(endpoint.fn).parameters if name != "request"]
        for name, component in zip(names, endpoint.inputs, strict=True):
            if name in EXAMPLES[endpoint.api_name]:
                value = EXAMPLES[endpoint.api_name][name]
                component.example_payload = lambda value=value: value
