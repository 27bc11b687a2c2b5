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
