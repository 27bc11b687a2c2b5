"""What is in a corpus and what a run over it would take, told before any training."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING

import py3langid

from mlm_demo.corpus.corpus import MAX_CHARACTERS, Corpus
from mlm_demo.training.cloze import WORD
from mlm_demo.training.packing import Blocks
from mlm_demo.training.verdict import verdict

if TYPE_CHECKING:
    from mlm_demo.models.masked_lm import Tokenizer

WORST, SAMPLE_WORDS = 12, 200_000


@dataclass(frozen=True)
class Report:
    """The figures of a corpus before training, and a verdict (see `verdict.verdict`) with its advice.

    pieces_per_word and general_pieces_per_word: tokens a word, in the corpus and in general English; worst_split:
    frequent words with how many pieces each; language: a guess, with the share of texts it was made for;
    seconds_a_pass: predicted time of one pass over the training part, from a short trial here; memory_megabytes;
    cut_short: a sentence where the corpus is more than is read.
    """

    files: int
    documents: int
    words: int
    exact_duplicates: int
    near_duplicates: int
    dropped: list[dict]
    notes: list[str]
    training_documents: int
    held_out_documents: int
    tokens: int
    blocks: int
    pieces_per_word: float
    general_pieces_per_word: float
    worst_split: list[tuple[str, int]]
    language: str
    language_share: float
    seconds_a_pass: float | None
    memory_megabytes: float | None
    cut_short: str
    verdict: str
    advice: str

    def to_json(self) -> dict:
        """As a run keeps it."""
        return asdict(self)

    def to_text(self) -> str:
        """As lines for a terminal."""
        lines = [
            f"{self.files} file{'s' * (self.files != 1)}, {self.documents:,} documents, {self.words:,} words "
            f"({self.language}, {self.language_share:.0%} of a sample)",
            f"left out: {self.exact_duplicates:,} exact and {self.near_duplicates:,} near duplicate paragraphs",
            f"training part {self.training_documents:,} texts, held out {self.held_out_documents:,}; "
            f"{self.tokens:,} tokens in {self.blocks:,} blocks",
            f"{self.pieces_per_word:.2f} tokens a word (general English {self.general_pieces_per_word:.2f})",
            "split most: " + ", ".join(f"{word} ({pieces})" for word, pieces in self.worst_split[:8]),
            f"one pass takes about {self.seconds_a_pass / 60:.1f} minutes and {self.memory_megabytes:,.0f} MB here",
            f"verdict: {self.verdict}. {self.advice}".rstrip(),
        ]
        lines += [f"note: {note}" for note in self.notes]
        lines += [
            f"dropped: {item['source']}, {item['reason']}: {item['first_line']}" for item in self.dropped[:10]
        ]
        if len(self.dropped) > 10:
            lines.append(f"dropped: {len(self.dropped) - 10} more")
        return "\n".join(lines)


def make_report(
    corpus: Corpus,
    blocks: Blocks,
    tokenizer: "Tokenizer",
    general: Sequence[str],
    *,
    seconds_a_pass: float | None = None,
    memory_megabytes: float | None = None,
    read: float | None = None,
) -> Report:
    """Put the report together; time and memory are those of a trial, None where none was made.

    read: how often the run it is made for will read the training part.
    """
    counts = corpus.counts
    texts = [*corpus.training, *corpus.held_out]
    pieces, worst = _pieces(tokenizer, texts)
    language, share = _language(texts)
    cut_short = (
        f"Only the first {MAX_CHARACTERS / 1e6:.0f} million characters are taken." if counts.cut_short else ""
    )
    judged, advice = verdict(blocks.tokens, read, cut_short=cut_short)
    notes = list(dict.fromkeys(counts.notes))
    if language != "en" and share > 0.5:
        notes.insert(0, f"Most of it looks like '{language}', which an English model cannot read well.")
    return Report(
        files=counts.files,
        documents=counts.documents,
        words=counts.words,
        exact_duplicates=counts.exact_duplicates,
        near_duplicates=counts.near_duplicates,
        dropped=[asdict(item) for item in counts.dropped],
        notes=notes,
        training_documents=len(corpus.training),
        held_out_documents=len(corpus.held_out),
        tokens=blocks.tokens,
        blocks=len(blocks),
        pieces_per_word=pieces,
        general_pieces_per_word=_pieces(tokenizer, general)[0],
        worst_split=worst,
        language=language,
        language_share=share,
        seconds_a_pass=seconds_a_pass,
        memory_megabytes=memory_megabytes,
        cut_short=cut_short,
        verdict=judged,
        advice=advice,
    )


def _pieces(tokenizer: "Tokenizer", texts: Sequence[str]) -> tuple[float, list[tuple[str, int]]]:
    """Tokens a word of running text, and the words that cost most tokens in all beyond one each."""
    seen: Counter[str] = Counter()
    for text in texts:
        seen.update(WORD.findall(text))
        if seen.total() > SAMPLE_WORDS:
            break
    if not seen:
        return 0.0, []
    words = list(seen)
    # A space before it: byte-level vocabularies hold words with theirs.
    ids = tokenizer([" " + word for word in words], add_special_tokens=False, verbose=False).input_ids
    length = {word: len(pieces) for word, pieces in zip(words, ids, strict=True)}
    total = sum(length[word] * count for word, count in seen.items())
    worst = sorted(words, key=lambda word: -(length[word] - 1) * seen[word])[:WORST]
    return total / seen.total(), [(word, length[word]) for word in worst if length[word] > 1]


def _language(texts: Sequence[str]) -> tuple[str, float]:
    """The language most of up to 50 texts look like, and the share of them that do."""
    step = max(1, len(texts) // 50)
    guesses = Counter(py3langid.classify(text[:2000])[0] for text in texts[::step])
    language, count = guesses.most_common(1)[0]
    return language, count / guesses.total()
