"""Files into documents, and documents into a training part and a held-out part.

The way of a text: read and decoded (`formats.py`) → duplicates left out (`duplicates.py`) → long documents of a
small corpus cut into sections → split by document, from a seed.
"""

import hashlib
import random
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from mlm_demo.corpus.deduplicate import Duplicates
from mlm_demo.corpus.formats import Dropped, ReadLimits, read_documents
from mlm_demo.errors import CorpusError, shown

MAX_CHARACTERS = (
    200_000_000  # kept in memory; about 33 million words, far more than a processor trains on in a day
)
HELD_OUT_SHARE, HELD_OUT_WORDS = 0.1, 30_000
JUDGES = 100  # so many texts, if there are, share the words held out
FEW_DOCUMENTS, SECTIONS = 20, 150  # a corpus of fewer documents is cut into about so many sections
SHORTEST_SECTION, LONGEST_SECTION = 60, 1_000  # words
LEAST_WORDS = 200
SENTENCE_END = re.compile(r"(?<=[.!?])\s+")


@dataclass
class Counts:
    """What was read, and what was left out."""

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
    """The training part and the held-out part, each a list of texts whose paragraphs an empty line separates."""

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
    on_progress: Callable[[str], None] = lambda what: None,
) -> Corpus:
    """Read files into a corpus; raises CorpusError naming the file and the line, or what is too little."""
    texts, counts = read_texts(paths, column=column, limits=limits, on_progress=on_progress)
    if counts.words < LEAST_WORDS:
        raise CorpusError(
            f"The corpus holds {counts.words:,} words of text, copies left out; {LEAST_WORDS} are the least that can "
            f"be trained on and judged. Add more text.{_left_out(counts.dropped)}"
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
    on_progress: Callable[[str], None] = lambda what: None,
) -> tuple[list[str], Counts]:
    """Read files into texts without duplicates, up to MAX_CHARACTERS."""
    counts, seen, texts = Counts(), Duplicates(), []
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
            fresh = seen.fresh([p.strip() for p in item.text.split("\n\n") if p.strip()])
            if not fresh:
                counts.dropped.append(Dropped(item.source, "all of it was there before", item.text[:80]))
                continue
            texts.append("\n\n".join(fresh))
            counts.characters += len(texts[-1])
            counts.words += len(texts[-1].split())
            if counts.documents % 500 == 0:
                on_progress(f"{counts.documents:,} documents, {counts.words:,} words")
            if counts.characters > MAX_CHARACTERS:
                counts.cut_short = True
                break
        if counts.cut_short:
            break
    counts.exact_duplicates, counts.near_duplicates = seen.exact, seen.near
    return texts, counts


def _left_out(dropped: Sequence[Dropped]) -> str:
    """Which files it may be about, as a sentence more."""
    named = "; ".join(f"{shown(item.source)} ({item.reason})" for item in dropped[:3])
    more = f"; and {len(dropped) - 3:,} more" if len(dropped) > 3 else ""
    return f" Left out: {named}{more}." if dropped else ""


def split(texts: Sequence[str], seed: int) -> tuple[list[str], list[str]]:
    """Hold out up to a tenth of the texts, chosen from a seed, and of these HELD_OUT_WORDS at most.

    Of long texts only the beginning is kept to judge by, so that no few of them decide. Texts of a corpus of few
    documents are cut into sections first. Raises CorpusError if nothing can be held out.
    """
    texts = list(texts) if len(texts) >= FEW_DOCUMENTS else _sections(texts)
    if len(texts) < 2:
        raise CorpusError(
            "The corpus is one paragraph, so no part of it can be held out to judge by; add more text, with an "
            "empty line between paragraphs."
        )
    order = random.Random(seed).sample(range(len(texts)), len(texts))
    sizes = [len(text.split()) for text in texts]
    share = HELD_OUT_SHARE * sum(sizes)
    wanted = min(share, HELD_OUT_WORDS)
    held, whole, fair = [], 0, 0.0
    for i in order[:-1]:
        if held and whole + sizes[i] > share * 1.5:
            continue
        held.append(i)
        whole += sizes[i]
        fair += min(sizes[i], wanted / JUDGES)
        if whole >= share or fair >= wanted:
            break
    longest = _level([sizes[i] for i in held], wanted)
    chosen = set(held)
    return (
        [text for i, text in enumerate(texts) if i not in chosen],
        [_beginning(texts[i], longest) for i in sorted(held)],
    )


def _level(sizes: Sequence[int], wanted: float) -> float:
    """The length that longer ones have to be cut to for `wanted` to be left in all."""
    for n, size in enumerate(sorted(sizes)):
        if size * (len(sizes) - n) >= wanted:
            return wanted / (len(sizes) - n)
        wanted -= size
    return max(sizes)


def _beginning(text: str, words: float) -> str:
    """The first paragraphs of a text, as many as hold so many words; at least one."""
    kept, count = [], 0
    for paragraph in text.split("\n\n"):
        if count >= words:
            break
        kept.append(paragraph)
        count += len(paragraph.split())
    return "\n\n".join(kept)


def _cut(paragraph: str) -> list[str]:
    """A paragraph of more than LONGEST_SECTION words (one huge line, say) in parts, at ends of sentences if it can."""
    if len(paragraph.split()) <= LONGEST_SECTION:
        return [paragraph]
    parts: list[list[str]] = [[]]
    for sentence in SENTENCE_END.split(paragraph):
        words = sentence.split()
        for start in range(0, len(words), LONGEST_SECTION):
            piece = words[start : start + LONGEST_SECTION]
            if parts[-1] and len(parts[-1]) + len(piece) > LONGEST_SECTION:
                parts.append([])
            parts[-1] += piece
    return [" ".join(part) for part in parts]


def _sections(texts: Sequence[str]) -> list[str]:
    """Cut texts at paragraph ends into sections of about equal length."""
    total = sum(len(text.split()) for text in texts)
    size = min(max(total / SECTIONS, SHORTEST_SECTION), LONGEST_SECTION)
    sections = []
    for text in texts:
        section, words = [], 0
        for paragraph in (part for whole in text.split("\n\n") for part in _cut(whole)):
            section.append(paragraph)
            words += len(paragraph.split())
            if words >= size:
                sections.append("\n\n".join(section))
                section, words = [], 0
        if section:
            sections.append("\n\n".join(section))
    return sections
