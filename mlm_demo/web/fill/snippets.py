"""The code that gives a page's answer elsewhere: transformers' pipeline in Python, our command in a shell."""

import shlex

from mlm_demo.web.fill.links import Question


def pipeline_code(question: Question, answer: dict) -> str:
    """The lines of Python that give the first model's answer with transformers alone."""
    model = answer["model"]
    # A folder's revision is a hash of ours; only the Hub knows revisions by name.
    revision = f", revision={model['revision']!r}" if model["kind"] == "hub" else ""
    options = f"top_k={question.top_k:g}"
    notes = (
        ["# Run it in the project's folder, where the built-in models are."]
        if model["kind"] == "built in"
        else []
    )
    if model["kind"] == "adapted":
        notes.append("# Download the model on the tab 'Adapt' and unpack it here first.")
    if question.targets:
        targets = [row["token_str"] for row in answer["masks"][0]]
        options = f"targets={targets!r}"
        if any(row["token"] is None for row in answer["masks"][0]):
            notes.append(
                "# The pipeline cuts a target of several pieces to its first; the page scores all of it."
            )
    if question.joint:
        notes.append(
            "# The pipeline fills each mask on its own; the shell line below also fills them together."
        )
    if model["precision"] != "exact":
        notes.append(
            f"# The page computed in {model['precision']}, so its scores differ from these a little."
        )
    lines = [
        "from transformers import pipeline",
        "",
        f'fill = pipeline("fill-mask", model={model["source"]!r}{revision})',
        *notes,
        f"print(fill({answer['model_text']!r}, {options}))",
    ]
    return "\n".join(lines)


def shell_line(question: Question) -> str:
    """Our command line for the same, a line for each model compared."""
    lines = []
    for model in question.models:
        words = ["python", "-m", "mlm_demo", "fill", "--model", model, "--top-k", f"{question.top_k:g}"]
        words += ["--targets", question.targets] if question.targets else []
        words += ["--joint"] if question.joint else []
        words += ["--precision", question.precision] if question.precision != "auto" else []
        # After `--` a text may begin with a dash.
        lines.append(shlex.join([*words, "--", question.text]))
    return "\n".join(lines)
