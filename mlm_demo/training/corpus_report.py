"""The report on a corpus before training: its statistics, the cost of a run, and a verdict."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING

import py3langid

from mlm_demo.corpus.corpus import MAX_CHARACTERS, Corpus
from mlm_demo.corpus.quality import measure_quality
from mlm_demo.training.cloze import WORD
from mlm_demo.training.config import verdict
from mlm_demo.training.packing import NO_WORD, Blocks
from mlm_demo.training.signs import damage_text, repeated_text, shared_text, warnings_of

if TYPE_CHECKING:
    from mlm_demo.models.tokenizer import Tokenizer

TABLES_SHOWN, TABLES_KEPT = 3, 20
WORST_WORDS, SAMPLE_WORDS, SAMPLE_TEXTS = 12, 200_000, 50


@dataclass(frozen=True)
class Report:
    """The statistics of a corpus, and a verdict with advice (see `config.verdict`).

    pieces_per_word and general_pieces_per_word: tokens per word, in the corpus and in general English; worst_split:
    frequent words with the number of tokens of each; language: a guess, with the share of the sampled texts that look
    like it; seconds_a_pass: predicted time of one epoch on this machine; memory_megabytes: the peak while the step
    time was measured; cut_short: a sentence if only a part of the corpus is used. Signs of damage: unknown_share of the
    tokens is unknown to the model; glued_share and repeated_share of the words look glued together or are in passages
    that came before; odd_share of the characters are control characters or have no meaning. shared_share of the
    held-out words are in passages of the training part; on_both_sides: documents with sections in both parts; tables:
    which column of each table was read, with its first rows (corpus.documents.Table as JSON); documents_by_file: of the
    files in their order; passages: parts of the texts as they were read (corpus.passages.Passage as JSON).
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
    unknown_share: float = 0.0
    glued_share: float = 0.0
    repeated_share: float = 0.0
    odd_share: float = 0.0
    shared_share: float = 0.0
    on_both_sides: int = 0
    tables: tuple[dict, ...] = ()
    documents_by_file: tuple[int, ...] = ()
    passages: tuple[dict, ...] = ()

    def to_json(self) -> dict:
        """Return the report as a run keeps it."""
        return asdict(self)

    def to_text(self) -> str:
        """Return the report as lines for a terminal."""
        lines = [
            f"{self.files} file{'s' * (self.files != 1)}, {self.documents:,} documents, {self.words:,} words "
            f"({self.language}, {self.language_share:.0%} of a sample)",
            f"duplicate paragraphs removed: {self.exact_duplicates:,} exact, {self.near_duplicates:,} near",
            f"training: {self.training_documents:,} texts, held out for evaluation: {self.held_out_documents:,}; "
            f"{self.tokens:,} tokens in {self.blocks:,} blocks",
            f"signs of damage: {damage_text(asdict(self))}",
            f"repeated text: {repeated_text(asdict(self))}",
            f"held-out text that is also trained on: {shared_text(asdict(self))}",
            f"{self.pieces_per_word:.2f} tokens per word (general English: {self.general_pieces_per_word:.2f})",
            "words split into most tokens: "
            + ", ".join(f"{word} ({tokens})" for word, tokens in self.worst_split[:8]),
            f"one epoch on this machine: about {self.seconds_a_pass / 60:.1f} minutes, {self.memory_megabytes:,.0f} MB",
            f"verdict: {self.verdict}. {self.advice}".rstrip(),
        ]
        for table in self.tables[:TABLES_SHOWN]:
            lines.append(f"text of {table['file']}: {table['column']}, of {', '.join(table['columns'])}")
            lines += [f"    {row}" for row in table["rows"]]
        lines += [f"passage of {item['source']}: {' '.join(item['text'].split())}" for item in self.passages]
        lines += [f"note: {note}" for note in self.notes]
        lines += [
            f"skipped: {item['source']}, {item['reason']}"
            + (f": {item['first_line']}" if item["first_line"] else "")
            for item in self.dropped[:10]
        ]
        if len(self.dropped) > 10:
            lines.append(f"skipped: {len(self.dropped) - 10} more")
        return "\n".join(lines)


def make_report(
    corpus: Corpus,
    blocks: Blocks,
    tokenizer: "Tokenizer",
    general: Sequence[str],
    *,
    seconds_a_pass: float | None = None,
    memory_megabytes: float | None = None,
    epochs: float | None = None,
    budget: str = "",
    english: bool = True,
) -> Report:
    """Make the report.

    seconds_a_pass: per epoch, like memory_megabytes None if the step time was not measured; epochs: how many epochs
    the run trains for, None if unknown; budget: of the run, as a phrase; english: whether the model knows English
    alone.
    """
    counts = corpus.counts
    texts = [*corpus.training, *corpus.held_out]
    tokens_per_word, worst = _tokens_per_word(tokenizer, texts)
    language, share = _language(texts)
    cut_short = (
        f"Only the first {MAX_CHARACTERS / 1e6:.0f} million characters are used." if counts.cut_short else ""
    )
    conclusion, advice = verdict(blocks.tokens, epochs, budget, cut_short=cut_short)
    quality = measure_quality(texts, counts.findings.controls)
    own = blocks.of_documents()
    unknown = (own.ids == tokenizer.unk_token_id) & (own.words != NO_WORD)
    shares = {
        "unknown_share": float(unknown.sum() / max(1, own.tokens)),
        "glued_share": quality.glued,
        "repeated_share": quality.repeated,
        "odd_share": quality.odd,
        "shared_share": corpus.shared_share,
    }
    notes = [*warnings_of(shares, quality.glued_words), *dict.fromkeys(counts.notes)]
    if english and language != "en" and share > 0.5:
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
        pieces_per_word=tokens_per_word,
        general_pieces_per_word=_tokens_per_word(tokenizer, general)[0],
        worst_split=worst,
        language=language,
        language_share=share,
        seconds_a_pass=seconds_a_pass,
        memory_megabytes=memory_megabytes,
        cut_short=cut_short,
        verdict=conclusion,
        advice=advice,
        **shares,
        on_both_sides=corpus.on_both_sides,
        tables=tuple(asdict(table) for table in counts.findings.tables[:TABLES_KEPT]),
        documents_by_file=tuple(counts.documents_by_file),
        passages=tuple(asdict(passage) for passage in counts.passages),
    )


def _tokens_per_word(tokenizer: "Tokenizer", texts: Sequence[str]) -> tuple[float, list[tuple[str, int]]]:
    """Return the tokens per word of running text, and the words that cost most extra tokens in total."""
    seen: Counter[str] = Counter()
    for text in texts:
        seen.update(WORD.findall(text))
        if seen.total() > SAMPLE_WORDS:
            break
    if not seen:
        return 0.0, []
    words = list(seen)
    # With a space before it, as byte-level vocabularies store words.
    ids = tokenizer([" " + word for word in words], add_special_tokens=False, verbose=False).input_ids
    length = {word: len(tokens) for word, tokens in zip(words, ids, strict=True)}
    total = sum(length[word] * count for word, count in seen.items())
    worst = sorted(words, key=lambda word: -(length[word] - 1) * seen[word])[:WORST_WORDS]
    return total / seen.total(), [(word, length[word]) for word in worst if length[word] > 1]


def _language(texts: Sequence[str]) -> tuple[str, float]:
    """Return the language that most sampled texts look like, and the share of them that do."""
    step = max(1, len(texts) // SAMPLE_TEXTS)
    guesses = Counter(py3langid.classify(text[:2000])[0] for text in texts[::step])
    language, count = guesses.most_common(1)[0]
    return language, count / guesses.total()
