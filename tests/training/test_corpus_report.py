import pytest

from mlm_demo.corpus.corpus import Corpus, Counts
from mlm_demo.corpus.documents import Dropped, Findings, Table
from mlm_demo.training.corpus_report import make_report
from mlm_demo.training.packing import pack
from tests.support.texts import paragraph
from tests.support.tiny_models import SENTENCES, tokenizer_of

GERMAN = ["Der Patient wurde gestern mit Fieber in das Krankenhaus gebracht und dort behandelt."] * 8


def report_on(texts, epochs=None, held_out=(), **counts):
    tokenizer = tokenizer_of("BERT")
    corpus = Corpus(texts, list(held_out), Counts(files=1, documents=len(texts), **counts), "")
    blocks = pack(tokenizer, texts, 32)
    return make_report(
        corpus,
        blocks,
        tokenizer,
        SENTENCES,
        seconds_a_pass=1.0,
        memory_megabytes=9,
        epochs=epochs,
        budget="1 minute",
    )


def test_the_report_counts_what_was_read_and_dropped():
    dropped = Dropped("a.zip/b.png", "it is a picture", "\\x89PNG")
    report = report_on(
        SENTENCES, near_duplicates=3, dropped=[dropped], notes=["read as cp1252", "read as cp1252"]
    )
    assert (report.near_duplicates, report.notes) == (3, ["read as cp1252"])
    assert report.dropped == [
        {"source": "a.zip/b.png", "reason": "it is a picture", "first_line": "\\x89PNG"}
    ]
    assert report.tokens > 0
    assert report.seconds_a_pass == 1.0


def test_the_report_shows_the_first_line_of_what_was_skipped_if_it_has_one():
    dropped = [Dropped("a.csv, row 2", "it has too many cells", "1,2"), Dropped("b.pdf", "it is corrupt", "")]
    lines = report_on(SENTENCES, dropped=dropped).to_text().splitlines()
    assert lines[-2:] == [
        "skipped: a.csv, row 2, it has too many cells: 1,2",
        "skipped: b.pdf, it is corrupt",
    ]


def test_the_report_counts_tokens_per_word():
    strange = ["hepatosplenomegaly xerophthalmia the dog"] * 5
    report = report_on(strange)
    tokenizer = tokenizer_of("BERT")
    pieces = {w: len(tokenizer.tokenize(w)) for w in strange[0].split()}
    assert report.pieces_per_word == pytest.approx(sum(pieces.values()) / 4)
    assert report.pieces_per_word > report.general_pieces_per_word
    assert dict(report.worst_split)["hepatosplenomegaly"] == pieces["hepatosplenomegaly"]
    assert "dog" not in dict(report.worst_split)


def test_the_language_is_guessed():
    assert report_on(SENTENCES).language == "en"
    report = report_on(GERMAN)
    assert (report.language, report.language_share) == ("de", 1.0)
    assert "looks like 'de', which an English model cannot read well" in report.notes[0]


def test_the_verdict_depends_on_the_tokens_and_the_epochs():
    assert report_on(SENTENCES).verdict == "too small"
    much = report_on(SENTENCES * 1500, epochs=0.1)
    assert (much.verdict, much.advice) == (
        "larger than this run can cover",
        "One minute covers about 10% of your text.",
    )
    assert report_on(SENTENCES, cut_short=True).cut_short == "Only the first 200 million characters are used."


def test_the_report_measures_signs_of_damage_and_what_both_parts_share():
    texts = [f"{sentence} \u8239\u5728 foxSigns" for sentence in SENTENCES]
    report = report_on(texts, held_out=texts[:1], findings=Findings(controls=9))
    assert report.unknown_share > 0.05
    assert report.glued_share > 0.01
    assert report.odd_share > 0.01
    assert report.shared_share == 1, "the held-out text is one of the texts"
    assert sum("unknown to the model" in note or "glued together" in note for note in report.notes) == 2
    text = report.to_text()
    assert "signs of damage: " in text
    assert "held-out text that is also trained on: 100.0% of the held-out words" in text
    clean = report_on([paragraph(i) for i in range(40)])
    assert (clean.glued_share, clean.repeated_share, clean.odd_share) == (0, 0, 0)


def test_the_report_shows_the_column_of_each_table_with_its_first_rows():
    table = Table("a.csv", "note", ("note", "id"), ("First row.", "Second row."))
    report = report_on(SENTENCES, findings=Findings([table] * 30))
    assert len(report.tables) == 20
    assert report.tables[0]["column"] == "note"
    assert "text of a.csv: note, of note, id\n    First row.\n    Second row.\n" in report.to_text()
