"""Characters of symbol fonts and ligatures become the Unicode characters that a reader sees."""

import re

LIGATURES = str.maketrans({"ﬀ": "ff", "ﬁ": "fi", "ﬂ": "fl", "ﬃ": "ffi", "ﬄ": "ffl", "ﬅ": "ft", "ﬆ": "st"})
LIGATURE = re.compile("[ﬀ-ﬆ]")
PRIVATE = re.compile("[\ue000-\uf8ff]")
SYMBOL_FONTS = re.compile(r"symbol$|wingdings|webdings", re.IGNORECASE)
# The font Symbol from 0x20, and from 0xA1; a space stands for what has no character of its own.
SYMBOL_20 = " !∀#∃%&∍()∗+,−./0123456789:;<=>?≅ΑΒΧΔΕΦΓΗΙϑΚΛΜΝΟΠΘΡΣΤΥςΩΞΨΖ[∴]⊥_ αβχδεφγηιϕκλµνοπθρστυϖωξψζ{|}∼"
SYMBOL_A1 = "ϒ′≤⁄∞ƒ♣♦♥♠↔←↑→↓°±″≥×∝∂•÷≠≡≈… —↵ℵℑℜ℘⊗⊕∅∩∪⊃⊇⊄⊂⊆∈∉∠∇®©™∏√⋅¬∧∨⇔⇐⇑⇒⇓◊⟨®©™∑"
WINGDINGS = {
    0x4A: "☺", 0x6C: "●", 0x6E: "■", 0x6F: "□", 0x71: "□", 0x76: "❖", 0x9F: "•", 0xA7: "▪", 0xA8: "□", 0xD8: "➢",
    0xDF: "←", 0xE0: "→", 0xE1: "↑", 0xE2: "↓", 0xE8: "→", 0xF0: "→", 0xFB: "✗", 0xFC: "✓", 0xFD: "☒", 0xFE: "☑",
}  # fmt: skip


def symbol(code: int, font: str = "Symbol") -> str:
    """Return the character of a symbol font; "" if it has none.

    code: with or without the 0xF000 that fonts and programs add.
    """
    if "wingdings" in font.lower() or "webdings" in font.lower():
        return WINGDINGS.get(code & 0xFF, "")
    if not 0xE000 <= code <= 0xF8FF and "symbol" not in font.lower():
        return chr(code)
    code &= 0xFF
    if 0x20 <= code < 0x20 + len(SYMBOL_20):
        return SYMBOL_20[code - 0x20]
    if 0xA1 <= code < 0xA1 + len(SYMBOL_A1):
        return SYMBOL_A1[code - 0xA1]
    return ""


def without_ligatures(text: str) -> str:
    """Replace the ligatures of a text by their letters."""
    return text.translate(LIGATURES) if LIGATURE.search(text) else text


def readable(text: str) -> tuple[str, int]:
    """Replace ligatures and the characters of symbol fonts; return the text and how many have no meaning.

    Those are removed: private characters of other fonts, and NUL, which PDFs have for letters they do not name.
    """
    lost = text.count("\0") + text.count("\ufffd")
    if PRIVATE.search(text):

        def known(found: re.Match) -> str:
            nonlocal lost
            code = ord(found[0])
            replaced = symbol(code) if 0xF020 <= code <= 0xF0FF else ""
            lost += not replaced
            return replaced

        text = PRIVATE.sub(known, text)
    return without_ligatures(text.replace("\0", "").replace("\ufffd", "")), lost
