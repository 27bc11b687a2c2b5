"""Split texts into a training part and a held-out part, by document and from a seed."""

import random
import re
from collections.abc import Sequence

from mlm_demo.errors import MoreNeededError

HELD_OUT_SHARE, HELD_OUT_WORDS = 0.1, 30_000
HELD_OUT_TEXTS = 100  # share the held-out words, if there are as many
FEW_DOCUMENTS, SECTIONS = 20, 150  # a corpus of fewer documents is cut into about so many sections
SHORTEST_SECTION, LONGEST_SECTION = 60, 1_000  # words
FEW_SECTIONS = 10  # if paragraphs make fewer, lines are cut too
SENTENCE_LINES = 0.2  # share of the lines that end a sentence; with fewer, each line counts as one
SENTENCE_END = re.compile(r"(?<=[.!?])\s+")


def split(texts: Sequence[str], seed: int) -> tuple[list[str], list[str], int]:
    """Return the training part, the held-out part, and how many texts have a section in both.

    Holds out about a tenth of the texts, and at most HELD_OUT_WORDS of them; two texts if that leaves half of the words
    to train on, because one half of the held-out texts chooses and the other judges.

    Only the beginning of a long held-out text is kept, so that a few texts do not decide the metrics. Texts of a
    corpus of few documents are cut into sections first. Raises MoreNeededError if nothing can be held out.
    """
    owners = list(range(len(texts)))
    texts = list(texts)
    if len(texts) < FEW_DOCUMENTS:
        owners, texts = _sections(texts)
    if len(texts) < 2:
        raise MoreNeededError(
            "The corpus is one paragraph without line breaks, so no part of it can be held out for evaluation; add "
            "more text, with an empty line between paragraphs."
        )
    order = random.Random(seed).sample(range(len(texts)), len(texts))
    sizes = [len(text.split()) for text in texts]
    share = HELD_OUT_SHARE * sum(sizes)
    wanted = min(share, HELD_OUT_WORDS)
    held, words = [], 0
    evaluated = 0.0  # of a long text it counts only an even share of the wanted words
    for i in order[:-1]:
        if words + sizes[i] > share * 1.5:
            continue
        held.append(i)
        words += sizes[i]
        evaluated += min(sizes[i], wanted / HELD_OUT_TEXTS)
        if words >= share or evaluated >= wanted:
            break
    shortest = sorted((i for i in order if i not in held), key=sizes.__getitem__)
    while len(held) < 2 and (not held or sum(sizes[i] for i in (*held, shortest[0])) <= sum(sizes) / 2):
        held.append(shortest.pop(0))
        wanted = min(max(wanted, sum(sizes[i] for i in held)), HELD_OUT_WORDS)
    longest = _level([sizes[i] for i in held], wanted)
    held_out = set(held)
    return (
        [text for i, text in enumerate(texts) if i not in held_out],
        [_beginning(texts[i], longest) for i in sorted(held)],
        len({owners[i] for i in held} & {owner for i, owner in enumerate(owners) if i not in held_out}),
    )


def validation_part(texts: Sequence[str], seed: int) -> list[str]:
    """Return texts of a person's own validation file as held-out texts, at most HELD_OUT_WORDS of them.

    A file of few documents is cut into sections, as a corpus is. Raises MoreNeededError if it makes fewer than two: one
    half of the held-out texts chooses, the other judges.
    """
    parts = _sections(texts)[1] if len(texts) < FEW_DOCUMENTS else list(texts)
    if len(parts) < 2:
        raise MoreNeededError(
            f"The validation file holds {len(parts)} text(s) that the corpus does not; at least 2 are needed. Add more "
            "text, with an empty line between paragraphs."
        )
    kept, words = [], 0
    for i in random.Random(seed).sample(range(len(parts)), len(parts)):
        kept.append(i)
        words += len(parts[i].split())
        if len(kept) > 1 and words >= HELD_OUT_WORDS:
            break
    return [parts[i] for i in sorted(kept)]


def _level(sizes: Sequence[int], wanted: float) -> float:
    """Return the length at which to cut longer texts so that `wanted` words remain in total."""
    for n, size in enumerate(sorted(sizes)):
        if size * (len(sizes) - n) >= wanted:
            return wanted / (len(sizes) - n)
        wanted -= size
    return max(sizes)


def _beginning(text: str, words: float) -> str:
    """Return the first paragraphs of a text, enough to hold `words` words; at least one."""
    kept, count = [], 0
    for paragraph in text.split("\n\n"):
        if count >= words:
            break
        kept.append(paragraph)
        count += len(paragraph.split())
    return "\n\n".join(kept)


def _sections(texts: Sequence[str]) -> tuple[list[int], list[str]]:
    """Cut texts into sections of about equal length: between paragraphs, and if these are few, between lines.

    Returns the number of the text of each section, and the sections.
    """
    total = sum(len(text.split()) for text in texts)
    size = min(max(total / SECTIONS, SHORTEST_SECTION), LONGEST_SECTION)
    paragraphs = [text.split("\n\n") for text in texts]
    owners, sections = _grouped(paragraphs, size)
    if len(sections) < FEW_SECTIONS:
        return _grouped([[part for whole in one for part in _lines(whole)] for one in paragraphs], size)
    return owners, sections


def _grouped(texts: Sequence[Sequence[str]], size: float) -> tuple[list[int], list[str]]:
    """Join the paragraphs of each text into sections of at least `size` words, the last of a text excepted."""
    owners, sections = [], []
    for owner, paragraphs in enumerate(texts):
        section, words = [], 0
        for paragraph in (part for whole in paragraphs for part in _cut(whole)):
            section.append(paragraph)
            words += len(paragraph.split())
            if words >= size:
                sections.append("\n\n".join(section))
                section, words = [], 0
        if section:
            sections.append("\n\n".join(section))
        owners += [owner] * (len(sections) - len(owners))
    return owners, sections


def _lines(paragraph: str) -> list[str]:
    """Cut a paragraph after the lines that end a sentence; after every line if hardly any does."""
    lines = paragraph.split("\n")
    ends = [line.rstrip("\"')]\u201d\u2019 ").endswith((".", "!", "?", "\u3002")) for line in lines]
    if sum(ends) < SENTENCE_LINES * len(lines):
        return lines
    parts: list[list[str]] = [[]]
    for line, is_end in zip(lines, ends, strict=True):
        parts[-1].append(line)
        if is_end:
            parts.append([])
    return ["\n".join(part) for part in parts if part]


def _cut(paragraph: str) -> list[str]:
    """Cut a paragraph of more than LONGEST_SECTION words (such as one huge line), between sentences if possible."""
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
