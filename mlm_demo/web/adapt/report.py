"""The corpus report as HTML: the contents of the files, and whether they suit the run."""

from collections.abc import Sequence
from html import escape

from mlm_demo.runs.run import Run
from mlm_demo.training.config import AdaptConfig, epochs, verdict
from mlm_demo.training.options import budget_phrase
from mlm_demo.training.signs import damage_text, repeated_text, shared_text
from mlm_demo.web.html import facts_table
from mlm_demo.web.messages import notices

UNREAD = '<p class="empty">The files have not been read yet.</p>'
FILES_SHOWN, WORDS_SHOWN, DROPPED_SHOWN = 5, 8, 10
TABLES_SHOWN, COLUMNS_SHOWN = 3, 12


def report_view(report: dict, names: Sequence[str] = (), config: AdaptConfig | None = None) -> str:
    """Return the verdict, the statistics and the notices of a corpus report (training.corpus_report.Report as JSON).

    names: the names of its files; config: the run to give the verdict for, if not the one of the report.
    """
    conclusion, advice = report["verdict"], report["advice"]
    if config:
        count = epochs(config, report["blocks"], report["seconds_a_pass"])
        conclusion, advice = verdict(
            report["tokens"], count, budget_phrase(config), cut_short=report["cut_short"]
        )
    dropped = [f"{item['source']}: {item['reason']}" for item in report["dropped"]]
    skipped = [f"Skipped: {item}" for item in dropped[:DROPPED_SHOWN]]
    if more := len(dropped) - len(skipped):
        skipped[-1] += f"; and {more:,} more"
    return (
        f'<p class="verdict">{escape(f"Verdict: {conclusion}. {advice}".strip())}</p>'
        + facts_table(_facts(report, names))
        + "".join(map(_table_view, report.get("tables", [])[:TABLES_SHOWN]))
        + _passages(report.get("passages", ()))
        + notices([*report["notes"], *skipped])
    )


def corpus_view(run: Run, lines: list[dict]) -> str:
    """Return the report in a run's log, or a note while there is none."""
    report = next((line["report"] for line in lines if "report" in line), None)
    if report is None:
        return UNREAD
    return report_view(report, run.request.about.get("files", ()))


def duration(seconds: float) -> str:
    """Return a number of seconds in a readable unit: 89 s, 2 min, 2.0 h."""
    if seconds < 90:
        return f"{seconds:.0f} s"
    if seconds < 5400:
        return f"{seconds / 60:.0f} min"
    return f"{seconds / 3600:.1f} h"


def _table_view(table: dict) -> str:
    """Return which column of a table was read, with the beginnings of its first rows."""
    columns = ", ".join(table["columns"][:COLUMNS_SHOWN])
    rows = "".join(f'<li dir="auto">{escape(row)}</li>' for row in table["rows"])
    return (
        f'<p class="facts" dir="auto">The text of {escape(table["file"])} comes from the column '
        f"<b>{escape(table['column'])}</b> (of {escape(columns)}); it begins:</p><ol>{rows}</ol>"
    )


def _passages(passages: Sequence[dict]) -> str:
    """Return passages as they were read, with their line breaks, each with its document."""
    figures = "".join(
        f'<figure><blockquote dir="auto">{escape(passage["text"])}</blockquote>'
        f'<figcaption class="facts" dir="auto">{escape(passage["source"])}</figcaption></figure>'
        for passage in passages
    )
    if not figures:
        return ""
    return f'<section class="passages"><h4>Passages as they were read</h4>{figures}</section>'


def _facts(report: dict, names: Sequence[str]) -> list[tuple[str, str]]:
    files = f"{report['files']:,}"
    if names:
        more = len(names) - FILES_SHOWN
        files += f" ({', '.join(names[:FILES_SHOWN])}{f' and {more:,} more' if more > 0 else ''})"
    texts = report["held_out_documents"] + report["training_documents"]
    # A corpus of few documents is split into sections first.
    kind = "sections" if texts > report["documents"] else "documents"
    split = ", ".join(f"{word} ({tokens})" for word, tokens in report["worst_split"][:WORDS_SHOWN])
    facts = [
        ("Files", files),
        ("Documents", f"{report['documents']:,}"),
        ("Words", f"{report['words']:,}"),
        (
            "Duplicates removed",
            f"{report['exact_duplicates']:,} exact, {report['near_duplicates']:,} near",
        ),
        ("Kept aside for testing", f"{report['held_out_documents']:,} of {texts:,} {kind}"),
        ("Held-out text that is also trained on", shared_text(report)),
        ("Repeated text", repeated_text(report)),
        ("Signs of damage", damage_text(report)),
        ("Training tokens", f"{report['tokens']:,} in {report['blocks']:,} blocks"),
        (
            "Tokens per word",
            f"{report['pieces_per_word']:.2f} (general English: {report['general_pieces_per_word']:.2f})",
        ),
        ("Words split into most tokens", split or "none"),
        ("Language", f"{report['language']} ({report['language_share']:.0%} of a sample)"),
    ]
    if report["seconds_a_pass"] is not None:
        seconds, megabytes = report["seconds_a_pass"], report["memory_megabytes"]
        facts.append(("One epoch on this machine", f"{duration(seconds)}, {megabytes:,.0f} MB of memory"))
    return facts
