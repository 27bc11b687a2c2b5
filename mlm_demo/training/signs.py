"""The signs of damage in a corpus report as phrases and warnings; imports nothing heavy."""

from collections.abc import Sequence

from mlm_demo.errors import shown

SHOWN = 0.0005  # a share that is not 0.0%
# Shares from which a warning says what they mean.
UNKNOWN, GLUED, REPEATED, ODD, SHARED = 0.01, 0.01, 0.2, 0.001, 0.05


def damage_text(report: dict) -> str:
    """Return the signs of damage in a report (as JSON, of any version) as a phrase, "none" if all are about zero."""
    names = {
        "unknown_share": "of the tokens unknown to the model",
        "glued_share": "of the words glued together",
        "odd_share": "of the characters without a meaning",
    }
    found = [f"{share:.1%} {name}" for key, name in names.items() if (share := report.get(key, 0)) >= SHOWN]
    return ", ".join(found) or "none"


def repeated_text(report: dict) -> str:
    """Return how much of the text stands in it more than once, as a phrase; report: as for damage_text."""
    share = report.get("repeated_share", 0)
    return f"{share:.1%} of the words, in passages that came before" if share >= SHOWN else "none"


def shared_text(report: dict) -> str:
    """Return how much of the held-out text stands in the training text, as a phrase; report: as for damage_text."""
    share = report.get("shared_share", 0)
    text = (
        f"{share:.1%} of the held-out words, in passages of ten words or more" if share >= SHOWN else "none"
    )
    if both := report.get("on_both_sides", 0):
        text += f"; {'one document has' if both == 1 else f'{both:,} documents have'} sections in both"
    return text


def warnings_of(shares: dict[str, float], glued: Sequence[str]) -> list[str]:
    """Return a sentence for each share that is high."""
    found = []
    if shares["unknown_share"] >= UNKNOWN:
        found.append(
            f"{shares['unknown_share']:.1%} of the tokens are unknown to the model; choose one of the language and "
            "script of your text."
        )
    if shares["glued_share"] >= GLUED:
        found.append(
            f"{shares['glued_share']:.1%} of the words look glued together, such as {', '.join(map(shown, glued))}; "
            "look how your files were made."
        )
    if shares["repeated_share"] >= REPEATED:
        found.append(f"{shares['repeated_share']:.0%} of the words are in passages that came before.")
    if shares["odd_share"] >= ODD:
        found.append(
            f"{shares['odd_share']:.1%} of the characters are control characters or have no meaning; look how your "
            "files were made."
        )
    if shares["shared_share"] >= SHARED:
        found.append(
            f"{shares['shared_share']:.0%} of the held-out words are in passages that the training text has too, so "
            "the figures of the domain are better than they would be for new text."
        )
    return found
