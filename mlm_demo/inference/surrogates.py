"""Halves of surrogate pairs, which a paste or JSON may hold: tokenizers refuse them with errors of their own."""

from mlm_demo.errors import MlmDemoError, PromptError


def check_surrogates(text: str, what: str = "the sentence", error: type[MlmDemoError] = PromptError) -> None:
    """Raise an error that names the character if a text holds half of a surrogate pair; what: the text's name."""
    for i, character in enumerate(text):
        if 0xD800 <= ord(character) <= 0xDFFF:
            raise error(
                f"Character {i + 1} of {what} is half of a surrogate pair (U+{ord(character):04X}) and not a "
                "character; delete it or paste the text again."
            )
