"""What the model picker offers: the built-in models, four from the Hub, the adapted ones, and what a person names."""

import re
from dataclasses import dataclass
from pathlib import Path

from mlm_demo.errors import ModelError, shown
from mlm_demo.models import hub, hub_cache
from mlm_demo.runs.run import RESULT, Run
from mlm_demo.runs.store import Runs
from mlm_demo.settings import ASSETS

BUILT_IN_FOLDER = ASSETS / "models"
HUB_PAGE = re.compile(r"^https?://(?:www\.)?(?:huggingface\.co|hf\.co)/([^/\s]+/[^/\s?#]+?)/?(?:[?#].*)?$")


@dataclass(frozen=True)
class Checkpoint:
    """A masked language model that can be picked.

    `name` is what a person or a link says (`general`, a Hub id, a folder, a run's id), `kind` one of `built in`, `hub`,
    `folder` and `adapted`, `domain` one of `general`, `biomedical`, `adapted` and `other`; `megabytes` the size of the
    weights file, 0 where it is not known before the download; `run` the folder of an adapted one.
    """

    name: str
    kind: str
    title: str
    domain: str = "other"
    license: str = ""
    megabytes: int = 0
    run: Run | None = None

    @property
    def folder(self) -> Path | None:
        """The folder that holds the files now, or None if they are still to be downloaded."""
        if self.kind == "built in":
            return BUILT_IN_FOLDER / self.name
        if self.kind == "folder":
            return Path(self.name).expanduser()
        if self.run:
            return self.run.output
        return hub_cache.cached_folder(self.name)

    @property
    def source(self) -> str:
        """What transformers' `from_pretrained` takes, from the project's folder."""
        if self.kind == "built in":
            return f"assets/models/{self.name}"
        return archive_name(self.run) if self.run else self.name

    @property
    def version(self) -> str:
        """Changes when the files behind the name do: an adapted model is written anew where its run goes on."""
        return str((self.run.output / RESULT).stat().st_mtime_ns) if self.run else ""

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
CATALOGUE = (
    Checkpoint("general", "built in", "Small BERT", "general", "Apache-2.0", 46),
    Checkpoint("biomedical", "built in", "Small BERT", "biomedical", "Apache-2.0", 46),
    Checkpoint("distilbert/distilroberta-base", "hub", "DistilRoBERTa", "general", "Apache-2.0", 331),
    Checkpoint("answerdotai/ModernBERT-base", "hub", "ModernBERT", "general", "Apache-2.0", 599),
    Checkpoint(
        "microsoft/BiomedNLP-BiomedBERT-base-uncased-abstract-fulltext",
        "hub",
        "BiomedBERT (PubMedBERT)",
        "biomedical",
        "MIT",
        440,
    ),
    Checkpoint(
        "thomas-sounack/BioClinical-ModernBERT-base",
        "hub",
        "BioClinical ModernBERT",
        "biomedical",
        "MIT",
        599,
    ),
)


def adapted(run: Run) -> Checkpoint | None:
    """The model a run has made, or None while it has made none."""
    if not (run.output / RESULT).is_file():
        return None
    about = run.request.about
    base = str(about.get("model", "a model")).rstrip("/").rsplit("/", 1)[-1]
    return Checkpoint(run.id, "adapted", f"{base} adapted to {run.request.title}", "adapted", run=run)


def archive_name(run: Run) -> str:
    """A plain name for the folder and the archive in which an adapted model is taken home."""
    checkpoint = adapted(run)
    words = re.findall(r"[A-Za-z0-9]+", checkpoint.title if checkpoint else run.request.title)
    return "-".join(words)[:60].strip("-") or "adapted"


def find_checkpoint(name: str, runs: Runs | None = None, *, folders: bool = True) -> Checkpoint:
    """Return the checkpoint a person means by a catalogue name, a run's id, a Hub id, a Hub page or a folder.

    folders: whether a folder of this machine can be meant; if not, it is not even looked for. Raises ModelError if the
    name can be none of these. Nothing is fetched or loaded.
    """
    name = name.strip()
    if page := HUB_PAGE.match(name):
        name = page[1]
    for checkpoint in CATALOGUE:
        if checkpoint.name == name:
            return checkpoint
    if runs and runs.has(name):
        if found := adapted(runs.find(name)):
            return found
        raise ModelError(
            f"The run {name} has no model yet; wait for its end, or stop it to keep what it has learned."
        )
    if not name:
        raise ModelError("The model is empty; pick one from the list, or type a Hub id or a folder.")
    if folders and "\0" not in name and (name.startswith(("/", "./", "../", "~")) or Path(name).is_dir()):
        folder = Path(name).expanduser()
        if not folder.is_dir():
            raise ModelError(
                f"There is no folder {shown(name)}; check the path, or pick a model by its Hub id."
            )
        return Checkpoint(name, "folder", folder.resolve().name)
    if not hub.is_repo_id(name):
        raise ModelError(
            f"{shown(name)} names no model; use general, biomedical, or a Hub id such as "
            f"'distilbert/distilroberta-base'{', or the path of a folder' if folders else ''}."
        )
    return Checkpoint(name, "hub", name)


def check_allowed(checkpoint: Checkpoint, rules: hub.Rules) -> None:
    """Raise ModelError for a model that is not to be loaded here, whether it is on this machine or not."""
    if checkpoint.kind == "folder" and not rules.folders:
        raise ModelError(
            "Folders of the server are not loaded on this page; pick a model from the list or by its Hub id."
        )
    owner = checkpoint.name.rpartition("/")[0]
    if checkpoint.kind == "hub" and rules.owners and owner not in rules.owners:
        raise ModelError(
            f"{shown(checkpoint.name)} is not of an owner whose models are loaded on this page "
            f"({', '.join(rules.owners)}); pick one of theirs, or run the page on your own machine."
        )


def default_checkpoint() -> Checkpoint:
    """The first of the catalogue that needs no download."""
    return next(c for c in CATALOGUE if c.folder is not None)
