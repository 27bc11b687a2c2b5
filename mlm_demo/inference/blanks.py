"""Find the blanks of a sentence, and fill them: mask tokens of any model family, and what people write in their place.

A clear blank, such as `[MASK]`, `< mask >`, `[blank]`, `&lt;mask&gt;` or `___`, counts wherever it stands. A doubtful
one, such as `(...)`, `???` or MASK, may be part of the text and counts only in a sentence without a clear one.
"""

import re
from collections.abc import Sequence

# Full-width forms become ASCII, one character for one, so that positions stay.
PLAIN = {0xFF01 + i: 0x21 + i for i in range(94)} | {
    ord(a): ord(b) for a, b in ("【[", "】]", "〔[", "〕]", "‹<", "›>")
}
SQUARE, ANGLE, CURLY = (
    (
        r"(?:\\?\[|&(?:amp;)*(?:#0*91|#x0*5b|lsqb|lbrack);)",
        r"(?:\\?\]|&(?:amp;)*(?:#0*93|#x0*5d|rsqb|rbrack);)",
    ),
    (r"(?:\\?<|&(?:amp;)*(?:#0*60|#x0*3c|lt);)", r"(?:/?\\?>|&(?:amp;)*(?:#0*62|#x0*3e|gt);)"),
    (r"\{{1,2}", r"\}{1,2}"),
)
WORD = r"\s*[|_*]*\s*(?:mask|blank)(?:ed)?(?:[\s_-]?\d{1,3})?\s*[|_*]*\s*"
ROOM = r"(?=[\s.,;:!?)\]\"'»”’]|$)"  # after a blank that stands alone
CLEAR = [
    *(f"{opened}{WORD}{closed}" for opened, closed in (SQUARE, ANGLE, CURLY)),
    r"(?<![^\W_])_{1,2}(?:mask|blank)_{1,2}(?![^\W_])",
    r"(?:\\?_){3,}",
    rf"(?<!\S)__?{ROOM}",
    r"(?<!\S)\.{3,}(?=\.\s*$)",  # at the end of a text, the last of four dots or more is the full stop
    rf"(?<!\S)(?:\.{{3,}}|…+|‥+|(?:\. ){{2,}}\.){ROOM}",
]
DOUBTFUL = [
    r"\((?:\s*(?i:mask|blank)\s*|\s*(?:\.{3,}|…|\?+)\s*|\s*)\)",
    r"\[(?:\s*(?:\.{3,}|…|\?+)\s*|\s*)\]",
    r"[<\[](?i:mask|blank)\b",
    r"\b(?:MASK|BLANK)\b",
    r"\bX{3,}\b",
    r"\.{3,}|…+",
    rf"(?<!\S)(?:\?{{2,}}|-{{3,}}|[–—]{{2,}}|\*{{3,}}){ROOM}",
    r"(?<!\S)\?(?=\s+[a-zß-öø-ÿ])",  # not at the end of a question, where French puts a space before it
    r"\?{3,}",
    r"[□▢☐⬜▁]+",
]


def mask_pattern(mask_token: str) -> re.Pattern:
    """Return what is a mask token for a model: those of all families, in any case, and its own."""
    return re.compile(rf"<mask>|\[mask\]|{re.escape(mask_token)}", re.IGNORECASE)


def find_blanks(text: str, mask_token: str) -> list[tuple[int, int]]:
    """Return the characters of each blank in a sentence, in order.

    mask_token: the model's own. 'It is ___ or [ MASK ].' → [(6, 9), (13, 21)]
    """
    plain = text.translate(PLAIN)
    for kind, flags in (
        (rf"{re.escape(mask_token)}|{'|'.join(CLEAR)}", re.IGNORECASE),
        ("|".join(DOUBTFUL), 0),
    ):
        if found := [match.span() for match in re.finditer(kind, plain, flags)]:
            return found
    return []


def put_in(
    text: str, spans: Sequence[tuple[int, int]], fillings: Sequence[str]
) -> tuple[str, list[tuple[int, int]]]:
    """Return a text with each span replaced by its filling, and the spans of the fillings in it."""
    out, position, filled = "", 0, []
    for (start, end), filling in zip(spans, fillings, strict=True):
        out += text[position:start]
        filled.append((len(out), len(out) + len(filling)))
        out, position = out + filling, end
    return out + text[position:], filled
