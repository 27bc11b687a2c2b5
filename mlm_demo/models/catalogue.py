"""What the model picker offers: the built-in models, four from the Hub, the adapted ones, and what a person names."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from mlm_demo.errors import ModelError, shown
from mlm_demo.models import hub, hub_cache
from mlm_demo.settings import ASSETS

BUILT_IN_FOLDER = ASSETS / "models"
HUB_PAGE = re.compile(r"^https?://(?:www\.)?(?:huggingface\.co|hf\.co)/([^/\s]+/[^/\s?#]+?)/?(?:[?#].*)?$")


@dataclass(frozen=True)
class ModelRef:
    """A masked language model that can be picked.

    `name` is what a person or a link says (`general`, a Hub id, a folder, a run's id), `kind` one of `built in`, `hub`,
    `folder` and `adapted`, `domain` one of `general`, `biomedical`, `adapted` and `other`; `megabytes` the size of the
    weights file, 0 where it is not known before the download. Of an adapted model `path` is its folder, `archive`
    the plain name of its zip file, and `version` changes when its files do.
    """

    name: str
    kind: str
    title: str
    domain: str = "other"
    license: str = ""
    megabytes: int = 0
    path: Path | None = None
    archive: str = ""
    version: str = ""

    @property
    def folder(self) -> Path | None:
        """The folder that holds the files now, or None if they are still to be downloaded."""
        if self.kind == "built in":
            return BUILT_IN_FOLDER / self.name
        if self.kind == "folder":
            return Path(self.name).expanduser()
        if self.kind == "adapted":
            return self.path
        return hub_cache.cached_folder(self.name)

    @property
    def source(self) -> str:
        """What transformers' `from_pretrained` takes, from the project's folder."""
        if self.kind == "built in":
            return f"assets/models/{self.name}"
        return self.archive if self.kind == "adapted" else self.name

    @property
    def availability(self) -> str:
        """`built in`, `local folder`, `downloaded` or `downloads N MB`."""
        if self.kind == "built in":
            return "built in"
        if self.kind in ("folder", "adapted"):
            return "local folder" if self.kind == "folder" else "adapted here"
        if self.folder:
            return "downloaded"
        return f"downloads {self.megabytes} MB" if self.megabytes else "to be downloaded"

    @property
    def label(self) -> str:
        """The line the picker shows: domain, title, size, licence, availability."""
        domain = "" if self.domain == "other" else self.domain.capitalize()
        size = f"{self.megabytes} MB" if self.megabytes and self.folder else ""
        return " · ".join(
            part for part in [domain, self.title, size, self.license, self.availability] if part
        )


# Sizes are those of the float32 weights: four bytes a parameter (82, 110 and 150 million). Licences as on
# the model cards.
KNOWN_MODELS = (
    ModelRef("general", "built in", "Small BERT", "general", "Apache-2.0", 46),
    ModelRef("biomedical", "built in", "Small BERT", "biomedical", "Apache-2.0", 46),
    ModelRef("distilbert/distilroberta-base", "hub", "DistilRoBERTa", "general", "Apache-2.0", 331),
    ModelRef("answerdotai/ModernBERT-base", "hub", "ModernBERT", "general", "Apache-2.0", 599),
    ModelRef(
        "microsoft/BiomedNLP-BiomedBERT-base-uncased-abstract-fulltext",
        "hub",
        "BiomedBERT (PubMedBERT)",
        "biomedical",
        "MIT",
        440,
    ),
    ModelRef(
        "thomas-sounack/BioClinical-ModernBERT-base",
        "hub",
        "BioClinical ModernBERT",
        "biomedical",
        "MIT",
        599,
    ),
)


def no_adapted_model(name: str) -> ModelRef | None:
    """The finder of adapted models where there are no runs."""


class Catalogue:
    """Finds the model that a name means.

    adapted: finds the model of a run by its id; None if the name is not a run's; raises ModelError if that run has no
    model. folders: whether a folder of this machine can be meant; if not, no folder is looked for.
    """

    def __init__(self, adapted: Callable[[str], ModelRef | None] = no_adapted_model, *, folders: bool = True):
        self.adapted, self.folders = adapted, folders

    def find(self, name: str) -> ModelRef:
        """Return the model of a catalogue name, a run's id, a Hub id, a Hub page or a folder; loads nothing.

        Raises ModelError if the name can be none of these.
        """
        name = name.strip()
        if page := HUB_PAGE.match(name):
            name = page[1]
        for ref in KNOWN_MODELS:
            if ref.name == name:
                return ref
        if found := self.adapted(name):
            return found
        if not name:
            raise ModelError("The model is empty; pick one from the list, or type a Hub id or a folder.")
        if (
            self.folders
            and "\0" not in name
            and (name.startswith(("/", "./", "../", "~")) or Path(name).is_dir())
        ):
            folder = Path(name).expanduser()
            if not folder.is_dir():
                raise ModelError(
                    f"There is no folder {shown(name)}; check the path, or pick a model by its Hub id."
                )
            return ModelRef(name, "folder", folder.resolve().name)
        if not hub.is_repo_id(name):
            raise ModelError(
                f"{shown(name)} names no model; use general, biomedical, or a Hub id such as "
                f"'distilbert/distilroberta-base'{', or the path of a folder' if self.folders else ''}."
            )
        return ModelRef(name, "hub", name)

    def find_or_default(self, name: str) -> ModelRef:
        """Return the model of a name, the default model for an empty one; raises as `find` does."""
        return self.find(name) if name else default_model()


def check_allowed(ref: ModelRef, rules: hub.Rules) -> None:
    """Raise ModelError for a model that is not to be loaded here, whether it is on this machine or not."""
    if ref.kind == "folder" and not rules.folders:
        raise ModelError(
            "Folders of the server are not loaded on this page; pick a model from the list or by its Hub id."
        )
    owner = ref.name.rpartition("/")[0]
    if ref.kind == "hub" and rules.owners and owner not in rules.owners:
        raise ModelError(
            f"{shown(ref.name)} is not of an owner whose models are loaded on this page "
            f"({', '.join(rules.owners)}); pick one of theirs, or run the page on your own machine."
        )


def default_model() -> ModelRef:
    """The first of the catalogue that needs no download."""
    return next(c for c in KNOWN_MODELS if c.folder is not None)
