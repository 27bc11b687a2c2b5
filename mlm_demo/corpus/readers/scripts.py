"""Superscripts in plain text: an exponent keeps its meaning, and the number of a reference goes.

An exponent is written with `^`, as in 10^6. The character ⁶ would not do: the tokenizers of XLM-R, ALBERT and DeBERTa
normalize it to 6, so 10⁶ would become 106.
"""

import re

CITED = "\x00"  # stands for a reference until `without_citations` removes it
NUMBER = re.compile(r"\d{1,4}(?:\.\d{1,3})?")
SIGNED = re.compile(r"[-−–+]\s?[\w.(][\w.,()/·]*")
NUMBERS = re.compile(r"\d+(?:\s*[,;–-]\s*\d+)+,?")
NOTES = re.compile(r"[a-z](?:,\s?[a-z])+")
IN_BRACKETS = re.compile(r"\[[\w ,;–-]{1,20}\]")
MARKS = re.compile(r"[*∗†‡§¶#,;\s]+")
YEAR = re.compile(r"(?<!\d)(?:19|20)\d\d$")
BASE = re.compile(r"[^\W\d_]+$")
UNITS = {
    "m", "cm", "mm", "km", "dm", "nm", "pm", "µm", "μm", "in", "ft", "yd", "min", "mol", "sec", "hr", "chi", "log",
}  # fmt: skip
BRACKETED = re.compile(r"\s*[\[(][\s,;–-]*\x00[\x00\s,;–-]*[\])]")
LOOSE = re.compile(r"\s*\x00(?:[\s,;–-]*\x00)*")


def superscript(before: str, text: str) -> str:
    """Return how a superscript after some text is written, for example "^6" after "10"; "" for a reference.

    Charges (Ca2+), ordinals (1st) and isotopes (14C) stay as they are.
    """
    text = text.strip()
    if CITED in text or not text or MARKS.fullmatch(text) or IN_BRACKETS.fullmatch(text):
        return ""
    base = BASE.search(before)
    if base is not None and NOTES.fullmatch(text):
        return ""
    short = base is not None and (len(base[0]) == 1 or base[0] in UNITS)
    if SIGNED.fullmatch(text) and before[-1:].strip():
        return "^" + re.sub("[−–]", "-", text).replace(" ", "")
    if NUMBERS.fullmatch(text):
        return f"^{text}" if re.search(r"(?<!\d)10$", before) else ""
    if NUMBER.fullmatch(text):
        if YEAR.search(before):
            return ""
        if (
            before[-1:].isdigit()
            or short
            or (before.endswith((")", "]")) and " " not in _last_bracket(before))
        ):
            return f"^{text}"
        # An isotope stands before its element: at the beginning of a word.
        return text if not before[-1:].strip() or before[-1] in "([{-–/·" else ""
    if len(text) == 1 and text.isalpha() and text.islower() and base is not None:
        return f"^{text}" if short else ""
    return text


def _last_bracket(before: str) -> str:
    return before[max(before.rfind("("), before.rfind("["), 0) :]


def without_citations(text: str) -> str:
    """Remove the references that `CITED` marks, with the brackets and commas around them."""
    return LOOSE.sub("", BRACKETED.sub("", text)) if CITED in text else text
