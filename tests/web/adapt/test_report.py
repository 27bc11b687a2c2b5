import pytest

from mlm_demo.runs.store import RunStore
from mlm_demo.training.config import AdaptConfig
from mlm_demo.web.adapt.report import corpus_view, duration, report_view
from tests.support.reports import REPORT


def test_the_report_starts_with_the_verdict_and_escapes_names():
    dropped = [{"source": "<a>.png", "reason": "it is a picture", "first_line": ""}] * 12
    html = report_view({**REPORT, "dropped": dropped})
    assert html.startswith('<p class="verdict">Verdict: too small. It can be tried all the same.')
    assert "1,200" in html
    assert "2 min, 1,520 MB of memory" in html
    assert "Skipped: &lt;a&gt;.png: it is a picture" in html
    assert "and 2 more" in html
    assert "<cp1252>" not in html
    assert "100 of 1,200 documents" in html


def test_a_corpus_of_few_documents_is_held_out_by_sections():
    assert "100 of 1,200 sections" in report_view({**REPORT, "documents": 3})


def test_the_verdict_follows_the_budget_chosen_last():
    assert "30 minutes cover your text about 18 times." in report_view(REPORT, config=AdaptConfig(minutes=30))
    assert "One minute covers about 59% of your text." in report_view(REPORT, config=AdaptConfig(minutes=1))


@pytest.mark.parametrize("count", [1, 5, 7])
def test_the_first_five_files_are_named(count):
    html = report_view(REPORT, [f"{number}.txt" for number in range(count)])
    assert ("4.txt" in html, "5.txt" in html) == (count >= 5, False)
    assert ("and 2 more" in html) == (count == 7)


def test_a_run_shows_the_report_of_its_log(tmp_path):
    run = RunStore(tmp_path).create(lambda run: [], title="bees", about={"files": ["<b>.txt"]})
    assert "not been read yet" in corpus_view(run, [])
    assert "2 (&lt;b&gt;.txt)" in corpus_view(run, [{"stage": "reading"}, {"report": REPORT}])


def test_durations_are_short():
    assert [duration(s) for s in (0, 89, 120, 5_399, 7_200)] == ["0 s", "89 s", "2 min", "90 min", "2.0 h"]


def test_a_table_is_shown_with_its_column_and_three_rows():
    table = {
        "file": "<a>.csv",
        "column": "note",
        "columns": ["note", "id"],
        "rows": ["<b>One", "Two", "Three"],
    }
    html = report_view({**REPORT, "tables": [table] * 5})
    assert html.count("The text of &lt;a&gt;.csv comes from the column <b>note</b> (of note, id)") == 3
    assert "&lt;b&gt;One" in html
    assert "column" not in report_view(REPORT)


def test_passages_are_shown_with_their_documents():
    passage = {"source": "<a>.pdf, page 2", "text": "One <b>\n\ntwo …"}
    html = report_view({**REPORT, "passages": [passage]})
    assert '<blockquote dir="auto">One &lt;b&gt;\n\ntwo …</blockquote>' in html
    assert "&lt;a&gt;.pdf, page 2</figcaption>" in html
    assert "Passages" not in report_view(REPORT), "a run's log has none"


def test_the_signs_of_damage_and_shared_text_are_shown():
    html = report_view({**REPORT, "unknown_share": 0.123, "on_both_sides": 10})
    assert "12.3% of the tokens unknown to the model" in html
    assert "10 documents have sections in both" in html
