"""A person's sentence: where its masks are, what has to be said about it, and the words put back into it.

The text stays as it was typed throughout. Only the model gets its own mask token in place of the masks, and
what comes back is put into the typed text, so that spelling and spacing are the person's own.
"""

import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass

from mlm_demo.errors import PromptError, shown
from mlm_demo.models.masked_lm import MaskedLM, Piece

# The mask tokens of the model families, as people type them, for any model.
KNOWN_MASK = r"<mask>|\[mask\]"
EXAMPLE = "for example: Paris is the <mask> of France."


@dataclass(frozen=True)
class Prompt:
    """A sentence with masks: `spans` are the characters of each mask in `text`."""

    text: str
    spans: tuple[tuple[int, int], ...]
    notices: tuple[str, ...] = ()

    def for_model(self, mlm: MaskedLM, fillings: Mapping[int, str] | None = None) -> "Prompt":
        """The same with the model's own mask token at each mask, or the text given for that mask."""
        out, position, spans = "", 0, []
        for i, (start, end) in enumerate(self.spans):
            out += self.text[position:start]
            filling = (fillings or {}).get(i, mlm.mask_token)
            spans.append((len(out), len(out) + len(filling)))
            out, position = out + filling, end
        return Prompt(out + self.text[position:], tuple(spans))

    def filled(self, pieces: Mapping[int, Piece], mlm: MaskedLM) -> str:
        """The typed text with pieces at some masks; the other masks stay as they were typed."""
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
    """Find the masks in a sentence, any family's mask token counting for any model.

    Raises PromptError if the sentence is empty, too long, holds no mask, too many masks, or half of a
    surrogate pair. What is merely worth knowing becomes a notice.
    """
    text, notices = clean_text(text, max_characters=max_characters)
    found = list(mask_pattern(mlm).finditer(text))
    if not found:
        raise PromptError(
            f"The sentence holds no mask; put <mask> where a word is to be predicted, {EXAMPLE}"
        )
    if len(found) > max_masks:
        raise PromptError(
            f"The sentence holds {len(found)} masks; {max_masks} are the most that are filled at once."
        )
    odd = sorted({m[0] for m in found} - {"<mask>", mlm.mask_token})
    if odd:
        notices.append(f"{', '.join(odd)} was read as this model's mask token, {mlm.mask_token}.")
    prompt = Prompt(text, tuple(m.span() for m in found))
    return Prompt(
        prompt.text, prompt.spans, (*notices, *vocabulary_notices(prompt.for_model(mlm).text, text, mlm))
    )


def mask_pattern(mlm: MaskedLM) -> re.Pattern:
    """What counts as a mask for a model: the mask tokens of all families, in any case, and its own."""
    return re.compile(f"{KNOWN_MASK}|{re.escape(mlm.mask_token)}", re.IGNORECASE)


def clean_text(text: str, *, max_characters: int) -> tuple[str, list[str]]:
    """Return a text that every tokenizer takes, and notices of what was left out of it.

    Raises PromptError if it is empty, too long or holds half of a surrogate pair.
    """
    if not isinstance(text, str) or not text.strip():
        raise PromptError(f"The sentence is empty; type one, {EXAMPLE}")
    if len(text) > max_characters:
        raise PromptError(
            f"The sentence has {len(text):,} characters; {max_characters:,} are the most that are read. Shorten it."
        )
    for i, character in enumerate(text):
        if 0xD800 <= ord(character) <= 0xDFFF:
            raise PromptError(
                f"Character {i + 1} of the sentence is half of a surrogate pair (U+{ord(character):04X}), which is "
                "no character; delete it or paste the text again."
            )
    control = {c for c in text if unicodedata.category(c) == "Cc" and c not in "\t\n\r"}
    if not control:
        return text, []
    count = sum(text.count(c) for c in control)
    names = ", ".join(f"U+{ord(c):04X}" for c in sorted(control))
    text = "".join(c for c in text if c not in control)
    return text, [f"{count} control character{'s' * (count > 1)} ({names}) left out."]


def vocabulary_notices(model_text: str, typed: str, mlm: MaskedLM) -> list[str]:
    """Say which typed words the model reads as special tokens, and which it cannot read at all."""
    notices = []
    special = set(mlm.tokenizer.all_special_tokens) - {mlm.mask_token}
    met = sorted(token for token in special if token in typed)
    if met:
        notices.append(
            f"{', '.join(met)} in the sentence is a special token of this model and was read as such, not as text."
        )
    encoded = mlm.encode(model_text)
    unknown = [
        model_text[start:end]
        for token, (start, end) in zip(encoded.ids, encoded.offsets, strict=True)
        if token == mlm.tokenizer.unk_token_id and model_text[start:end] not in special
    ]
    if unknown:
        words = ", ".join(shown(word, 30) for word in dict.fromkeys(unknown[:5]))
        more = f" and {len(unknown) - 5} more" if len(unknown) > 5 else ""
        notices.append(f"Not in this model's vocabulary, so read as unknown: {words}{more}.")
    return notices


def _append(left: str, piece: Piece, mask_absorbs_space: bool) -> str:
    """Put a piece after a text as the model means it: on the last word, or with a space before it."""
    if piece.attaches and mask_absorbs_space:
        return left.rstrip(" ") + piece.text
    if piece.spaced and left and not left[-1].isspace():
        return f"{left} {piece.text}"
    return left + piece.text
