"""Read the files of a corpus into a training part and a held-out part.

Each file is read and decoded (`formats.py`), duplicates are removed (`deduplicate.py`), and the documents are split
(`split.py`).
"""

import hashlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

from mlm_demo.corpus.deduplicate import Deduplicator
from mlm_demo.corpus.documents import Document, Dropped, Findings, ReadLimits, name_dropped, why_left_out
from mlm_demo.corpus.formats import read_documents
from mlm_demo.corpus.passages import Passage, passages_of
from mlm_demo.corpus.quality import shared_passages
from mlm_demo.corpus.split import split, validation_part
from mlm_demo.errors import CorpusError, MoreNeededError, ReadingError, shown

# Kept in memory: about 33 million words, far more than a CPU trains on in a day.
MAX_CHARACTERS = 200_000_000
MIN_WORDS = 200
DOCUMENTS_PER_REPORT = 500


@dataclass
class Counts:
    """How much was read, and what was skipped.

    repeated: documents whose whole text is in earlier ones; first_repeated: the source of the first of them;
    documents_by_file: of the files in their order, up to the one where reading ended; passages: of the texts.
    """

    files: int = 0
    documents: int = 0
    words: int = 0
    characters: int = 0
    exact_duplicates: int = 0
    near_duplicates: int = 0
    cut_short: bool = False
    dropped: list[Dropped] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    findings: Findings = field(default_factory=Findings)
    repeated: int = 0
    first_repeated: str = ""
    documents_by_file: list[int] = field(default_factory=list)
    passages: list[Passage] = field(default_factory=list)


@dataclass(frozen=True)
class Corpus:
    """The texts of the training part and of the held-out part; empty lines separate their paragraphs.

    on_both_sides: how many documents have sections in both parts.
    """

    training: list[str]
    held_out: list[str]
    counts: Counts
    sha256: str
    on_both_sides: int = 0

    @cached_property
    def shared_share(self) -> float:
        """The share of the held-out words that are in passages which the training part has too."""
        return shared_passages(self.training, self.held_out)


def read_corpus(
    paths: Sequence[Path],
    *,
    column: str | None = None,
    seed: int = 0,
    keep_near: bool = False,
    validation: Path | None = None,
    limits: ReadLimits | None = None,
    on_progress: Callable[[str], None] = lambda progress: None,
) -> Corpus:
    """Read files into a corpus; raise CorpusError as `read_texts` does, or for too little text.

    validation: a file of texts to hold out, None to hold out a part of the corpus. Of its texts, those that the corpus
    has too are left out.
    """
    texts, counts = read_texts(
        paths, column=column, keep_near=keep_near, limits=limits, on_progress=on_progress
    )
    if counts.words < MIN_WORDS:
        raise MoreNeededError(
            f"The corpus holds {counts.words:,} words of text after removing duplicates; at least {MIN_WORDS} are "
            f"needed. Add more text.{name_dropped(counts.dropped)}",
            tuple(dict.fromkeys(name for table in counts.findings.tables for name in table.columns)),
        )
    if validation:
        found, more = read_texts([validation], column=column, limits=limits, on_progress=on_progress)
        known = set(texts)
        new = [text for text in found if text not in known]
        counts.notes += more.notes
        counts.dropped += more.dropped
        if len(new) < len(found):
            counts.notes.append(
                f"{len(found) - len(new):,} of {len(found):,} texts of {shown(validation.name)} are in the corpus too "
                "and were left out of the validation."
            )
        training, held_out, on_both_sides = texts, validation_part(new, seed), 0
    else:
        training, held_out, on_both_sides = split(texts, seed)
    digest = hashlib.sha256()
    for text in texts:
        digest.update(text.encode() + b"\0")
    return Corpus(training, held_out, counts, digest.hexdigest(), on_both_sides)


def read_texts(
    paths: Sequence[Path],
    *,
    column: str | None = None,
    keep_near: bool = False,
    limits: ReadLimits | None = None,
    on_progress: Callable[[str], None] = lambda progress: None,
) -> tuple[list[str], Counts]:
    """Read files into texts without duplicates, up to MAX_CHARACTERS; a file that cannot be read is dropped.

    keep_near: whether near duplicates stay. Raises CorpusError if no file can be read, and ReadingError.
    """
    counts, deduplicator, texts, sources = Counts(), Deduplicator(keep_near=keep_near), [], []
    errors: list[CorpusError] = []
    for path in paths:
        before = counts.documents
        try:
            for new in _new_documents(path, column, limits or ReadLimits(), counts, deduplicator):
                texts.append(new.text)
                sources.append(new.source)
                counts.characters += len(new.text)
                counts.words += len(new.text.split())
                if counts.characters > MAX_CHARACTERS:
                    counts.cut_short = True
                    break
                if counts.documents % DOCUMENTS_PER_REPORT == 0:
                    on_progress(f"{counts.documents:,} documents, {counts.words:,} words")
        except ReadingError:
            raise
        except CorpusError as error:
            errors.append(error)
            counts.dropped.append(Dropped(path.name, why_left_out(counts.documents - before, error)))
        counts.files += counts.documents > before
        counts.documents_by_file.append(counts.documents - before)
        if counts.cut_short:
            break
    if errors and not counts.documents:
        if len(paths) == 1:
            raise errors[0]
        raise CorpusError(f"None of the {len(paths):,} files can be read.{name_dropped(counts.dropped)}")
    counts.exact_duplicates, counts.near_duplicates = deduplicator.exact, deduplicator.near
    counts.passages = passages_of(sources, texts)
    if counts.repeated:
        counts.notes.append(_repeated(counts))
    return texts, counts


def _new_documents(
    path: Path, column: str | None, limits: ReadLimits, counts: Counts, deduplicator: Deduplicator
) -> Iterator[Document]:
    """Yield the part of each document of a file that is not in earlier documents; count the others."""
    for item in read_documents(
        path, column=column, limits=limits, notes=counts.notes, findings=counts.findings
    ):
        if isinstance(item, Dropped):
            counts.dropped.append(item)
            continue
        counts.documents += 1
        paragraphs = [stripped for p in item.text.split("\n\n") if (stripped := p.strip())]
        if new := deduplicator.new_paragraphs(paragraphs):
            yield Document(item.source, "\n\n".join(new))
        else:
            counts.repeated += 1
            counts.first_repeated = counts.first_repeated or item.source


def _repeated(counts: Counts) -> str:
    """Return a sentence about the documents that are duplicates as a whole."""
    first = counts.first_repeated
    if counts.repeated == 1:
        return f"{first} was left out: its text is an exact or near duplicate of earlier text."
    return (
        f"{counts.repeated:,} documents were left out, the first being {first}: their text is an exact or near "
        "duplicate of earlier text."
    )
