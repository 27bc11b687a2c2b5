from mlm_demo.corpus.documents import Dropped
from mlm_demo.corpus.sentence_file import Line
from mlm_demo.errors import PromptError
from mlm_demo.runs.answered_file import FILL, SCORE, answered
from mlm_demo.web.batch.table import ROWS_SHOWN, sentence_table
from tests.support.html_reader import HOSTILE, Reader


def test_hostile_text_stays_text(engine):
    scores = engine.score_each([HOSTILE], "general")
    rows = [answered(Line("a", HOSTILE), scores), answered(Dropped(HOSTILE, HOSTILE, HOSTILE), [])]
    read = Reader(sentence_table(SCORE, rows, 2))
    assert {"img", "script"} & set(read.tags) == set()
    assert read.texts.count(HOSTILE) == 3
    assert HOSTILE in Reader(sentence_table(SCORE, rows[1:], 1)).texts


def test_a_reason_stands_once_and_the_rest_is_counted():
    row = answered(Line("a", "A."), [PromptError("No mask."), PromptError("No mask.")])
    shown = sentence_table(FILL, [row] * (ROWS_SHOWN + 5), ROWS_SHOWN + 20)
    assert shown.count("No mask.") == ROWS_SHOWN
    assert "20 more rows are in the file to download." in shown
    assert "Not filled" in shown


def test_each_model_has_its_own_cell_if_only_some_have_no_answer(engine):
    (answer,), (other,) = engine.score_each(["One."], "general"), engine.score_each(["One."], "biomedical")
    too_long, hidden = PromptError("Too long."), PromptError("Hidden.")
    rows = [
        answered(Line("a", "One."), [answer, other]),
        answered(Line("b", "Two."), [answer, too_long]),
        answered(Line("c", "Three."), [hidden, too_long]),
        answered(Line("d", "Four."), [too_long, too_long]),
    ]
    bits, others = f"{answer['bits_per_word']:.2f}", f"{other['bits_per_word']:.2f}"

    def texts(rows):
        return [text for text in Reader(sentence_table(SCORE, rows, len(rows))).texts if text.strip()]

    general = "general, bits per word"
    assert texts(rows) == [
        *("Sentence", general, "biomedical, bits per word"),
        *("One.", bits, others, "Two.", bits, "Too long.", "Three.", "Hidden.", "Too long.", "Four.", "Too long."),
    ]  # fmt: skip
    assert texts(rows[1:2]) == ["Sentence", general, "Not scored", "Two.", bits, "Too long."]
    assert texts(rows[2:3]) == ["Sentence", "Not scored", "Three.", "Hidden. Too long."]
