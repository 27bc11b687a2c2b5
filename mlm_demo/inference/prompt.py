"""A sentence with masks: find the masks, and tokenize it once for one model.

The typed text never changes. The model reads a copy with its own mask token, and predicted words are put into the
typed text, so a person gets their own spelling and spacing back.
"""

import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass

from mlm_demo.errors import PromptError, shown
from mlm_demo.inference.blanks import find_blanks, put_in
from mlm_demo.inference.surrogates import check_surrogates
from mlm_demo.models.masked_lm import Encoded, MaskedLM, Piece

EXAMPLE = "for example: Paris is the <mask> of France."


@dataclass(frozen=True)
class Prompt:
    """A sentence with masks, tokenized for one model.

    text: as typed; spans: the characters of each mask in it; model_text: with the model's own mask token; ids: its
    tokens without special tokens; positions: the masks among them.
    """

    text: str
    spans: tuple[tuple[int, int], ...]
    model_text: str
    ids: tuple[int, ...]
    positions: tuple[int, ...]
    notices: tuple[str, ...] = ()

    def follows_word(self, mask: int) -> bool:
        """Return whether a word or another mask ends before a mask, spaces aside."""
        left = self.text[: self.spans[mask][0]].rstrip(" ")
        return ends_in_word(left) or (mask > 0 and len(left) == self.spans[mask - 1][1])

    def has_space(self, mask: int) -> bool:
        """Return whether a mask stands after text and white space."""
        left = self.text[: self.spans[mask][0]]
        return left[-1:].isspace() and not left.isspace()

    def filled(self, pieces: Mapping[int, Piece], mlm: MaskedLM) -> str:
        """Return the typed text with pieces at some masks; other masks stay as typed."""
        out, position = "", 0
        for i, (start, end) in enumerate(self.spans):
            out += self.text[position:start]
            if i in pieces:
                out = _append(out, pieces[i], mlm.mask_absorbs_space)
            else:
                out += self.text[start:end]
            position = end
        return out + self.text[position:]


def read_prompt(text: str, mlm: MaskedLM, *, max_characters: int, max_masks: int) -> Prompt:
    """Find the masks in a sentence and tokenize it; what counts as a mask is in `blanks.py`.

    Raises PromptError if the sentence is empty or too long, holds no mask or too many, holds half of a surrogate
    pair, or if the tokenizer does not recognize a mask. Smaller things become notices.
    """
    text, notices = clean_text(text, max_characters=max_characters)
    spans = tuple(find_blanks(text, mlm.mask_token))
    if not spans:
        raise PromptError(
            f"The sentence holds no mask; put <mask> where a word is to be predicted, {EXAMPLE}"
        )
    if len(spans) > max_masks:
        raise PromptError(
            f"The sentence holds {len(spans)} masks; at most {max_masks} can be filled at once."
        )
    blanks = {text[start:end] for start, end in spans} - {"<mask>", mlm.mask_token}
    odd = sorted(blank for blank in blanks if blank.strip("_"))  # everybody reads ___ as a blank
    if odd:
        were = "were" if len(odd) > 1 else "was"
        read = ", ".join(dict.fromkeys(" ".join(blank.split()) for blank in odd))  # a blank may span lines
        notices.append(f"{read} {were} read as this model's mask token, {mlm.mask_token}.")
    model_text, _ = put_in(text, spans, [mlm.mask_token] * len(spans))
    encoded = mlm.encode(model_text)
    positions = tuple(i for i, token in enumerate(encoded.ids) if token == mlm.mask_id)
    if len(positions) != len(spans):
        raise PromptError(
            f"The tokenizer of {mlm.name} finds {len(positions)} of the {len(spans)} masks; put a space "
            "before and after each <mask>."
        )
    notices += vocabulary_notices(mlm, encoded, model_text, text)
    return Prompt(text, spans, model_text, tuple(encoded.ids), positions, tuple(notices))


def clean_text(text: str, *, max_characters: int) -> tuple[str, list[str]]:
    """Return a text that every tokenizer accepts, and notices about removed characters.

    Raises PromptError if it is empty, too long or holds half of a surrogate pair.
    """
    empty = PromptError(f"The sentence is empty; type one, {EXAMPLE}")
    if not isinstance(text, str) or not text.strip():
        raise empty
    if len(text) > max_characters:
        raise PromptError(
            f"The sentence has {len(text):,} characters; the limit is {max_characters:,}. Shorten it."
        )
    check_surrogates(text)
    control = set(filter(is_control, text))
    if not control:
        return text, []
    count = sum(text.count(c) for c in control)
    names = ", ".join(f"U+{ord(c):04X}" for c in sorted(control))
    text = "".join(c for c in text if c not in control)
    if not text.strip():
        raise empty
    return text, [f"{count} control character{'s' * (count > 1)} ({names}) removed."]


def ends_in_word(text: str) -> bool:
    """Return whether a text ends in a letter or digit, so that a piece without a space of its own continues a word."""
    return bool(text) and unicodedata.category(text[-1])[0] in "LMN"


def is_control(character: str) -> bool:
    """Return whether a character is one that `clean_text` removes."""
    return unicodedata.category(character) == "Cc" and character not in "\t\n\r"


def vocabulary_notices(mlm: MaskedLM, encoded: Encoded, model_text: str, typed: str) -> list[str]:
    """Return which typed words the model reads as special tokens, and which it reads as unknown.

    encoded: the tokens of model_text.
    """
    notices = []
    special = set(mlm.tokenizer.all_special_tokens) - {mlm.mask_token}
    met = sorted(token for token in special if token in typed)
    if met:
        notices.append(
            f"{', '.join(met)} in the sentence is a special token of this model; it was read as such, not as text."
        )
    unknown = [
        model_text[start:end]
        for token, (start, end) in zip(encoded.ids, encoded.offsets, strict=True)
        if token == mlm.tokenizer.unk_token_id and model_text[start:end] not in special
    ]
    if unknown:
        words = ", ".join(shown(word, 30) for word in dict.fromkeys(unknown[:5]))
        more = f" and {len(unknown) - 5} more" if len(unknown) > 5 else ""
        notices.append(f"Not in this model's vocabulary and read as unknown: {words}{more}.")
    return notices


def _append(left: str, piece: Piece, mask_absorbs_space: bool) -> str:
    """Append a piece to a text as the model means it: joined to the last word, or after a space."""
    if piece.attaches and mask_absorbs_space:
        return left.rstrip(" ") + piece.text
    if piece.spaced and left and not left[-1].isspace():
        return f"{left} {piece.text}"
    return left + piece.text
