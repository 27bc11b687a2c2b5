"""Where a base model comes from: its title, license, language, and the models that it was adapted from."""

import json
from pathlib import Path

from mlm_demo.models.catalogue import ADAPTED, FINETUNED, KNOWN_MODELS, ModelRef
from mlm_demo.training.result import RESULT

CARD = "README.md"


def lineage_of(ref: ModelRef) -> dict:
    """Return what the card of a model adapted from this one repeats.

    `title`: for people; `license` and `language`: as the Hub writes them, empty if unknown; `ancestors`: the `name` and
    the `revision` of the models it was adapted from itself, the nearest first. A folder that a run wrote says so in its
    result and its card; of the models that the picker lists it is known.
    """
    folder = ref.folder
    card = _front_matter(folder) if folder else {}
    known = ref in KNOWN_MODELS
    return {
        "title": ref.title if ref.kind in (ADAPTED, FINETUNED) else "",
        "license": (ref.license or str(card.get("license") or "")).lower(),
        "language": "en" if known else str(card.get("language") or ""),
        "ancestors": _ancestors(folder) if folder else [],
    }


def _front_matter(folder: Path) -> dict:
    """Return the metadata of a model's card; {} if it has none that can be read."""
    from huggingface_hub import ModelCard  # here, because reports need no card

    try:
        return ModelCard.load(folder / CARD, ignore_metadata_errors=True).data.to_dict()
    except Exception:  # a broken card raises whatever its parser raises
        return {}


def _ancestors(folder: Path) -> list[dict]:
    """Return the base of the run that made a folder, and that one's own ancestors; [] if no run made it."""
    try:
        base = json.loads((folder / RESULT).read_text(encoding="utf-8"))["base"]
        nearest = {"name": str(base["name"]), "revision": str(base.get("revision") or "")}
        return [nearest, *base.get("ancestors", [])]
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return []
