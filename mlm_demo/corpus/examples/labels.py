"""Read a label that says whether a sentence is evidence: a word or a number."""

RELEVANT = {
    "1", "1.0", "true", "t", "yes", "y", "relevant", "evidence", "entailment", "positive", "pos", "correct", "right",
    "✓", "✔", "+",
}  # fmt: skip
IRRELEVANT = {
    "0", "0.0", "-1", "false", "f", "no", "n", "irrelevant", "not relevant", "no evidence", "not entailment", "neutral",
    "contradiction", "negative", "neg", "incorrect", "wrong", "✗", "✘", "-", "−",
}  # fmt: skip
EXPECTED = "1 or 0, yes or no, true or false, relevant or irrelevant"


def parse_label(value: object) -> bool | None:
    """Return whether a label says relevant, or None if it is none that is known.

    "Not_Entailment" → False; 1.0 → True; "maybe" → None
    """
    word = " ".join(str(value).strip().lower().replace("_", " ").split())
    return True if word in RELEVANT else False if word in IRRELEVANT else None


def is_number(value: object) -> bool:
    """Return whether a label is a number: GLUE's files then mean the opposite, 0 for entailment."""
    return str(value).strip() in {"0", "1", "0.0", "1.0", "-1"}
