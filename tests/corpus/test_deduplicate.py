import os
import subprocess
import sys

from mlm_demo.corpus.deduplicate import SHINGLE, Deduplicator, _shingles
from tests.support.nightly import some
from tests.support.paths import ROOT

TEXT = (
    "The patient was treated with insulin every day for three weeks and went home in good health after that."
)


def test_an_exact_duplicate_is_not_new_whatever_its_case_and_spacing():
    deduplicator = Deduplicator()
    assert deduplicator.is_new(TEXT)
    assert not deduplicator.is_new(TEXT.upper().replace(" ", "  "))
    assert (deduplicator.exact, deduplicator.near) == (1, 0)


def test_a_near_duplicate_is_not_new():
    deduplicator = Deduplicator()
    long = " ".join(f"{TEXT} Sentence number {i} is about day {i * 7}." for i in range(6))
    assert deduplicator.is_new(long)
    assert not deduplicator.is_new(long.replace("good health", "fair health", 1))
    assert (deduplicator.exact, deduplicator.near) == (0, 1)


def test_a_different_text_is_new():
    deduplicator = Deduplicator()
    assert deduplicator.is_new(TEXT)
    assert deduplicator.is_new(
        "A quite different paragraph about the weather at sea and the ships that sail on it."
    )


def test_short_paragraphs_may_repeat():
    deduplicator = Deduplicator()
    assert deduplicator.is_new("Chapter one")
    assert deduplicator.is_new("Chapter one")


def new(*texts, **options):
    """Return which of some paragraphs are new."""
    deduplicator = Deduplicator(**options)
    return [deduplicator.is_new(text) for text in texts]


REPORT = (
    "CHEST, TWO VIEWS. Comparison is made with an earlier study. The heart is normal in size. {} The bones are intact. "
    "There is no change in the mediastinum, and the soft tissues are unremarkable. Impression: {}"
)
FINDINGS = [
    "No pneumothorax is seen.",
    "A large right pneumothorax is seen.",
    "A large left pneumothorax is seen.",
    "A small left pneumothorax is seen.",
    "A pneumothorax is seen.",
    "There is consolidation in the right lower lobe.",
    "There is consolidation in the left lower lobe.",
    "There is consolidation in the left upper lobe.",
    "There is atelectasis in the left upper lobe.",
    "A nodule of 8 mm is seen.",
    "A nodule of 18 mm is seen.",
    "A nodule of 1.8 mm is seen.",
]


def test_reports_that_differ_in_their_findings_are_no_duplicates():
    reports = [REPORT.format(finding, finding) for finding in FINDINGS]
    assert all(new(*reports))
    assert not any(new(*reports, *reports)[len(reports) :])


def test_long_reports_that_differ_in_a_number_a_negation_or_a_side_are_no_duplicates():
    filler = " ".join(f"Paragraph part {i} says that the course was without events." for i in "abcdefgh")
    reports = [f"{filler} {finding} {filler}" for finding in FINDINGS[:4]]
    reports += [f"{filler} Give {dose} mg twice a day with food. {filler}" for dose in (5, 50)]
    assert 100 < len(reports[0].split()) <= 200
    assert all(new(*reports))


def test_doses_are_no_duplicates():
    doses = ["5", "50", "0.5", "500"]
    assert all(new(*(f"Give {dose} mg of the drug twice a day with food for a week." for dose in doses)))


def test_a_short_near_duplicate_differs_in_articles_case_and_marks_alone():
    first = "The museum is open on weekdays from ten to five, and it closes early in winter."
    copies = [
        "Museum is open on weekdays, from ten to five. It closes early in the winter!",
        "the MUSEUM is open on weekdays from ten to five and closes early in winter",
    ]
    assert new(first, *copies) == [True, False, False]
    others = [
        first.replace("ten", "nine"),
        first.replace("open", "shut"),
        first.replace("is open", "is not open"),
    ]
    assert all(new(first, *others))


def test_copies_that_differ_in_their_number_in_a_row_are_duplicates():
    letter = (
        "Write back soon and tell me what you have been reading, item {}, and take good care of yourself."
    )
    assert new(*(letter.format(i) for i in range(3))) == [True, False, False]


def test_a_long_near_duplicate_has_nearly_all_of_the_words():
    long = " ".join(f"The word{i} and the word{i + 1} are near." for i in range(60))
    assert new(long, long.replace("word7 ", "other "), long.replace(" near", " far", 2)) == [
        True,
        False,
        False,
    ]
    changed = " ".join(f"The word{i} and the word{i + 1} are near." for i in range(8, 68))
    assert new(long, changed) == [True, True]


def test_near_duplicates_stay_if_asked():
    near = f"Then {TEXT}"
    assert new(TEXT, near, TEXT) == [True, False, False]
    assert new(TEXT, near, TEXT, keep_near=True) == [True, True, False]


def test_repeated_lines_of_a_paragraph_are_removed():
    deduplicator = Deduplicator()
    lines = [TEXT, "A short line", f"Then {TEXT}", TEXT.replace("insulin", "aspirin"), "A short line", TEXT]
    assert deduplicator.new_paragraphs(["\n".join(lines)]) == ["\n".join([*lines[:2], *lines[3:5]])]
    assert (deduplicator.exact, deduplicator.near) == (1, 1)


def test_lines_that_differ_in_a_number_or_a_negation_stay():
    lines = "\n".join(
        [
            "The patient has a fever of 38.4 degrees and no cough.",
            "The patient has a fever of 39.4 degrees and no cough.",
            "The patient has no fever and no cough today.",
            "The patient has fever and no cough today.",
            "Pump 1 failed at 04:00 on 3 May and was restarted.",
            "Pump 2 failed at 04:00 on 3 May and was restarted.",
        ]
    )
    assert Deduplicator().new_paragraphs([lines]) == [lines]
    assert Deduplicator().new_paragraphs(lines.split("\n")) == lines.split("\n")


def test_many_paragraphs_that_look_alike_take_no_square_of_the_time():
    deduplicator, seen = Deduplicator(), []
    deduplicator._index.query = lambda signature, query=deduplicator._index.query: (
        seen.append(query(signature)) or seen[-1]
    )
    part = " ".join(f"word{i}" for i in range(120))
    assert all(deduplicator.is_new(f"{part} {i} {i + 1}") for i in range(200))
    assert max(map(len, seen)) <= 2 * 20


LOOK_ALIKE = """
from mlm_demo.corpus.deduplicate import SHINGLE, Deduplicator, _shingles
part = " ".join(f"word{i}" for i in range(205))
texts = [f"{part} {' '.join(f'own{i}of{n}' for n in range(25))}" for i in range(120)]
texts += [text.replace("word100 ", "other ") for text in texts]
deduplicator = Deduplicator()
print("".join(str(int(deduplicator.is_new(text))) for text in texts))
"""


def test_the_same_paragraphs_are_new_in_every_process():
    found = {
        subprocess.run(
            [sys.executable, "-c", LOOK_ALIKE],
            env={**os.environ, "PYTHONHASHSEED": seed},
            cwd=ROOT,
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        for seed in some(["0", "1", "2"], 2)
    }
    assert len(found) == 1
    assert set(found.pop().strip()) == {"0", "1"}


def test_different_shingles_have_different_hashes():
    words = [f"w{i % 700}" for i in range(3_000)] + [f"w{i * i % 701}" for i in range(3_000)]
    spelled = {tuple(words[i : i + SHINGLE]) for i in range(len(words) - SHINGLE + 1)}
    hashes = _shingles(words)
    assert len(hashes) == len(words) - SHINGLE + 1
    assert len(set(hashes)) == len(spelled)
    assert _shingles(words[1:]) == hashes[1:]


def test_texts_that_differ_in_a_sign_are_no_duplicates():
    texts = [
        "The tumor of the left breast was {} on the biopsy of last week.",
        "The score of the hip in this adult was {} today.",
    ]
    pairs = [
        texts[0].format("ER+, PR+, HER2-"), texts[0].format("ER-, PR-, HER2+"), texts[0].format("ER−, PR−, HER2+"),
        texts[1].format("< 50 %"), texts[1].format("> 50 %"), texts[1].format("≤50 %"), texts[1].format("≥50 %"),
        texts[1].format("-2.5"), texts[1].format("2.5"), texts[1].format("+2.5"),
    ]  # fmt: skip
    assert all(new(*pairs, keep_near=True))
    assert all(new(*pairs))
    filler = " ".join(f"Paragraph part {i} says that the course was without events." for i in "abcdefgh")
    assert all(new(*(f"{filler} {text} {filler}" for text in pairs)))


def test_hyphens_and_dashes_make_no_other_text():
    text = "The well known follow up of 5 10 years {} began with a group of 40 adults."
    assert new(text.format("-"), text.format(""), text.format("–").replace("well known", "well-known")) == [
        True, False, False,
    ]  # fmt: skip
