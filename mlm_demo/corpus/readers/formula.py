"""Formulas in MathML and in Word's own markup become a line of text, for example "1/2" or "x^2"."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from lxml import etree

SKIPPED = {
    "annotation", "annotation-xml", "mphantom", "none", "mprescripts", "maligngroup", "malignmark",
    "rPr", "ctrlPr", "fPr", "sSupPr", "sSubPr", "sSubSupPr", "radPr", "dPr", "naryPr", "tex-math", "label",
}  # fmt: skip
FRACTIONS, POWERS, BOTH, ROOTS = {"mfrac", "f"}, {"msup", "sSup"}, {"msubsup", "sSubSup"}, {"msqrt"}
SPACES = {"mspace", "mtr", "mtd"}


def formula_text(element: "etree._Element") -> str:
    """Return a formula as one line."""
    if not isinstance(element.tag, str):
        return ""
    tag = element.tag.rpartition("}")[2]
    if tag in SKIPPED:
        return ""
    parts = [text for child in element if (text := formula_text(child))]
    if tag in FRACTIONS and len(parts) == 2:
        return "/".join(map(_grouped, parts))
    if tag in POWERS and len(parts) == 2:
        return f"{parts[0]}^{_grouped(parts[1])}"
    if tag in BOTH and len(parts) == 3:
        return f"{parts[0]}{parts[1]}^{_grouped(parts[2])}"
    if tag in ROOTS or (tag in ("mroot", "rad") and parts):
        inside = parts[0] if tag == "mroot" else parts[-1] if tag == "rad" else "".join(parts)
        return f"√{_grouped(inside)}"
    if tag in ("mfenced", "d"):
        return f"({', '.join(parts)})"
    own = " ".join((element.text or "").split())
    joined = own + "".join(parts)
    return f" {joined} " if tag in SPACES else joined


def _grouped(text: str) -> str:
    """Put brackets around more than a name or a number."""
    text = text.strip()
    return text if text.replace(".", "").isalnum() or len(text) <= 2 else f"({text})"
