"""Read the files of a corpus into a training part and a held-out part.

Each file is read and decoded (`formats.py`), duplicates are removed (`deduplicate.py`), and the documents are split
(`split.py`).
"""

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from mlm_demo.corpus.deduplicate import Deduplicator
from mlm_demo.corpus.documents import Dropped, ReadLimits, name_dropped
from mlm_demo.corpus.formats import read_documents
from mlm_demo.corpus.split import split
from mlm_demo.errors import CorpusError

# Kept in memory: about 33 million words, far more than a CPU trains on in a day.
MAX_CHARACTERS = 200_000_000
MIN_WORDS = 200
DOCUMENTS_PER_REPORT = 500


@dataclass
class Counts:
    """How much was read, and what was skipped."""

    files: int = 0
    documents: int = 0
    words: int = 0
    characters: int = 0
    exact_duplicates: int = 0
    near_duplicates: int = 0
    cut_short: bool = False
    dropped: list[Dropped] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class Corpus:
    """The texts of the training part and of the held-out part; empty lines separate their paragraphs."""

    training: list[str]
    held_out: list[str]
    counts: Counts
    sha256: str


def read_corpus(
    paths: Sequence[Path],
    *,
    column: str | None = None,
    seed: int = 0,
    limits: ReadLimits | None = None,
    on_progress: Callable[[str], None] = lambda progress: None,
) -> Corpus:
    """Read files into a corpus; raise CorpusError for a file that cannot be read, or for too little text."""
    texts, counts = read_texts(paths, column=column, limits=limits, on_progress=on_progress)
    if counts.words < MIN_WORDS:
        raise CorpusError(
            f"The corpus holds {counts.words:,} words of text after removing duplicates; at least {MIN_WORDS} are "
            f"needed. Add more text.{name_dropped(counts.dropped)}"
        )
    training, held_out = split(texts, seed)
    digest = hashlib.sha256()
    for text in texts:
        digest.update(text.encode() + b"\0")
    return Corpus(training, held_out, counts, digest.hexdigest())


def read_texts(
    paths: Sequence[Path],
    *,
    column: str | None = None,
    limits: ReadLimits | None = None,
    on_progress: Callable[[str], None] = lambda progress: None,
) -> tuple[list[str], Counts]:
    """Read files into texts without duplicates, up to MAX_CHARACTERS."""
    counts, deduplicator, texts = Counts(), Deduplicator(), []
    for path in paths:
        if len(paths) > 1 and path.is_file() and not path.stat().st_size:
            counts.dropped.append(Dropped(path.name, "it is empty"))
            continue
        counts.files += 1
        for item in read_documents(path, column=column, limits=limits or ReadLimits(), notes=counts.notes):
            if isinstance(item, Dropped):
                counts.dropped.append(item)
                continue
            counts.documents += 1
            paragraphs = [stripped for p in item.text.split("\n\n") if (stripped := p.strip())]
            new = deduplicator.new_paragraphs(paragraphs)
            if not new:
                counts.dropped.append(Dropped(item.source, "all of its text is duplicated", item.text[:80]))
                continue
            texts.append("\n\n".join(new))
            counts.characters += len(texts[-1])
            counts.words += len(texts[-1].split())
            if counts.documents % DOCUMENTS_PER_REPORT == 0:
                on_progress(f"{counts.documents:,} documents, {counts.words:,} words")
            if counts.characters > MAX_CHARACTERS:
                counts.cut_short = True
                break
        if counts.cut_short:
            break
    counts.exact_duplicates, counts.near_duplicates = deduplicator.exact, deduplicator.near
    return texts, counts
