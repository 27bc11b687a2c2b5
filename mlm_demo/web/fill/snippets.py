"""Write code that reproduces an answer: with transformers' pipeline in Python, and with our command line."""

import shlex

from mlm_demo.web.fill.links import Question


def pipeline_code(question: Question, answer: dict) -> str:
    """Return the Python lines that reproduce the first model's answer with transformers alone."""
    model = answer["model"]
    # A folder's revision is a hash of its files; only the Hub has revisions by name.
    revision = f", revision={model['revision']!r}" if model["kind"] == "hub" else ""
    options = f"top_k={question.top_k:g}"
    notes = (
        ["# Run it in the project's folder, which holds the built-in models."]
        if model["kind"] == "built in"
        else []
    )
    if model["kind"] == "adapted":
        notes.append("# First download the model from the 'Adapt' tab and unpack it here.")
    if question.targets:
        targets = [row["token_str"] for row in answer["masks"][0]]
        options = f"targets={targets!r}, top_k={len(targets)}"
        if any(row["token"] is None for row in answer["masks"][0]):
            notes.append(
                "# The pipeline cuts a target of several tokens to the first one; the page scores all of them."
            )
    if question.joint:
        notes.append(
            "# The pipeline fills each mask on its own; the shell line below also fills them together."
        )
    if model["precision"] != "exact":
        notes.append(
            f"# The page computed in {model['precision']}, so its scores differ slightly from these."
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
    """Return the question as command lines, one per model."""
    # The page compares models at full precision, and the command line asks one.
    precision = "exact" if question.precision == "auto" and len(question.models) > 1 else question.precision
    lines = []
    for model in question.models:
        argv = ["python", "-m", "mlm_demo", "fill", "--model", model, "--top-k", f"{question.top_k:g}"]
        argv += ["--targets", question.targets] if question.targets else []
        argv += ["--joint"] if question.joint else []
        argv += ["--precision", precision] if precision != "auto" else []
        # After `--` a text may start with a dash.
        lines.append(shlex.join([*argv, "--", question.text]))
    return "\n".join(lines)
