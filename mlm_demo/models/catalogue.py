"""The catalogue of models: built-in models, known Hub models, adapted models, and any model that a name refers to."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from mlm_demo.errors import ModelError, shown
from mlm_demo.models import hub, hub_cache
from mlm_demo.settings import ASSETS

BUILT_IN_FOLDER = ASSETS / "models"
ADAPTED, FINETUNED = (
    "adapted",
    "finetuned",
)  # kinds of models that runs make: to fill masks, to answer questions
RUN_ID = re.compile(r"[0-9a-f]{32}")  # as runs are named; no model of the Hub is
HUB_PAGE = re.compile(r"^https?://(?:www\.)?(?:huggingface\.co|hf\.co)/([^/\s]+/[^/\s?#]+?)/?(?:[?#].*)?$")


@dataclass(frozen=True)
class ModelRef:
    """A model that can be picked; nothing is loaded.

    name: what a person types or a link contains (`general`, a Hub id, a folder, the id of a run). kind: `built in`,
    `hub`, `folder`, `adapted`, or `finetuned`, which fills no masks. domain: `general`, `biomedical`, `adapted` or
    `other`. megabytes: the size of the weights file, or 0 if it is unknown before the download. version: changes when
    the files of a folder or a run do; empty for others. Models of runs only: path is the folder, archive the name of
    the zip file.
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
        """The folder with the files, or None if the model is not downloaded yet."""
        if self.kind == "built in":
            return BUILT_IN_FOLDER / self.name
        if self.kind == "folder":
            return Path(self.name).expanduser()
        if self.kind in (ADAPTED, FINETUNED):
            return self.path
        return hub_cache.cached_folder(self.name)

    @property
    def source(self) -> str:
        """The argument for transformers' `from_pretrained`, relative to the project folder."""
        if self.kind == "built in":
            return f"assets/models/{self.name}"
        return self.archive if self.kind == "adapted" else self.name

    def to_json(self) -> dict:
        """Return what pickers and answers say of the model."""
        names = ("name", "title", "domain", "kind", "license", "megabytes", "availability")
        return {name: getattr(self, name) for name in names}

    @property
    def availability(self) -> str:
        """Where the model is: built in, in a folder, made here, downloaded, or still to be downloaded."""
        if self.kind == "built in":
            return "built in"
        if self.kind in ("folder", "adapted"):
            return "local folder" if self.kind == "folder" else "trained here"
        if self.kind == FINETUNED:
            return "taught here"
        if self.folder:
            return "downloaded"
        return f"downloads {self.megabytes} MB" if self.megabytes else "to be downloaded"

    @property
    def label(self) -> str:
        """The line in the model picker: domain, title, size, license, availability."""
        domain = "" if self.domain == "other" else self.domain.capitalize()
        size = f"{self.megabytes} MB" if self.megabytes and self.folder else ""
        return " · ".join(
            part for part in [domain, self.title, size, self.license, self.availability] if part
        )


# Sizes of the downloads: float32 weights, four bytes per parameter (82, 110 and 150 million parameters). Licenses as
# stated on the model cards.
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


# What a question without a model gets: the preferred model once it is downloaded, else the one that is always here.
BASE, BIOMEDICAL, PREFERRED = KNOWN_MODELS[:3]


def _no_adapted_model(name: str) -> ModelRef | None:
    """Find no adapted model, where there are no runs."""


class Catalogue:
    """Find the model that a name refers to.

    adapted: returns the model of a run by the run's id, None if the name is not the id of a run, and raises ModelError
    if the run has no model. folders: whether a name may refer to a folder of this machine; if not, no folder is
    looked up.
    """

    def __init__(
        self, adapted: Callable[[str], ModelRef | None] = _no_adapted_model, *, folders: bool = True
    ):
        self.adapted, self.folders = adapted, folders

    def find(self, name: str) -> ModelRef:
        """Return the model of a catalogue name, run id, Hub id, Hub page or folder; raise ModelError if it is none."""
        name = name.strip()
        if page := HUB_PAGE.match(name):
            name = page[1]
        for ref in KNOWN_MODELS:
            if ref.name == name:
                return ref
        if ref := self.adapted(name):
            if ref.kind == FINETUNED:
                raise ModelError(
                    f"{shown(ref.title)} answers questions and fills no masks; use it in Extract, or pick another "
                    "model."
                )
            return ref
        if not name:
            raise ModelError("The model is empty; pick one from the list, or type a Hub id or a folder.")
        folder = folder_of(name) if self.folders else None
        if self.folders and (folder or name.startswith(("/", "./", "../", "~"))):
            if not folder:
                raise ModelError(
                    f"There is no folder {shown(name)}; check the path, or pick a model by its Hub id."
                )
            return ModelRef(name, "folder", folder.resolve().name, version=hub_cache.version_of(folder))
        check_run_id(name)
        if not hub.is_repo_id(name):
            raise ModelError(
                f"{shown(name)} does not name a model; use general, biomedical, or a Hub id such as "
                f"'distilbert/distilroberta-base'{', or the path of a folder' if self.folders else ''}."
            )
        return ModelRef(name, "hub", name)

    def find_or_base(self, name: str) -> ModelRef:
        """Return the model of a name, or BASE if the name is empty; raises as `find` does."""
        return self.find(name) if name else BASE


def folder_of(name: str) -> Path | None:
    """Return the folder of this machine that a name refers to; None if there is none."""
    try:
        folder = Path(name).expanduser()
        return folder if folder.is_dir() else None
    except (OSError, RuntimeError, ValueError):  # too long, the home of nobody, or a null byte
        return None


def check_run_id(name: str) -> None:
    """Raise ModelError for a name like the id of a run, once no run has it: the Hub is not asked for one."""
    if RUN_ID.fullmatch(name):
        raise ModelError(
            f"There is no run {shown(name)}; it was deleted, or the link is wrong. Pick another model."
        )


def check_allowed(ref: ModelRef, policy: hub.DownloadPolicy) -> None:
    """Raise ModelError if the policy forbids a model, even if it is on this machine already."""
    if ref.kind == "folder" and not policy.folders:
        raise ModelError(
            "This page does not load folders of its server; pick a model from the list or by its Hub id."
        )
    owner = ref.name.rpartition("/")[0]
    if ref.kind == "hub" and policy.owners and owner not in policy.owners:
        raise ModelError(
            f"This page loads only models of {', '.join(policy.owners)}, so not {shown(ref.name)}; pick one of theirs, "
            "or run the page on your own machine."
        )


def default_model(policy: hub.DownloadPolicy) -> ModelRef:
    """Return PREFERRED if it is on this machine and the policy allows it, else BASE."""
    try:
        check_allowed(PREFERRED, policy)
    except ModelError:
        return BASE
    folder = PREFERRED.folder
    if folder is None or not (policy.pickle or hub_cache.has_safetensors(folder)):
        return BASE
    return PREFERRED
