import shutil

import gradio as gr
import pytest

from mlm_demo.errors import CorpusError
from mlm_demo.runs.service import SAMPLE, RunService
from mlm_demo.settings import Settings
from mlm_demo.web.adapt.draft import read_files
from mlm_demo.web.adapt.form import EMPTY, AdaptForm
from mlm_demo.web.server.rate_limits import RateLimits
from tests.support.adapt_form import chosen, form_page, values
from tests.support.events import call, request
from tests.support.reports import REPORT
from tests.support.runs import corpus_text, waiting_service


@pytest.fixture
def service(tmp_path):
    return waiting_service(tmp_path / "data")


@pytest.fixture
def page(service):
    return form_page(service)


@pytest.fixture
def form(page):
    return page.form


@pytest.fixture
def report(monkeypatch):
    """Replace the child process that reads files: 'bad.txt' is bad, every other draft has the same report."""

    def report(self, draft, chosen, on_progress):
        names = [path.name for path in self.staging.files(draft)]
        if "bad.txt" in names:
            raise CorpusError("'bad.txt' is bad")
        return {**REPORT, "names": names}

    monkeypatch.setattr(RunService, "report", report)


@pytest.fixture
def add(page, form, report, tmp_path):
    """A function that uploads a file, beside those of a draft, and returns what changes."""

    def add(name, draft="", **changes):
        (tmp_path / name).write_text(name)
        return call(
            page, form.read_upload, request(), [str(tmp_path / name)], draft, "me", *values(form, **changes)
        )

    return add


def test_files_are_added_to_the_draft_and_a_bad_file_leaves_it(form, service, report, tmp_path):
    def add(name, draft):
        (tmp_path / name).write_text(name)
        return read(service, [str(tmp_path / name)], draft, take=True)

    def read(service, files, draft, take):
        return read_files(service, files, draft, chosen(form), take=take, on_progress=lambda stage: None)

    one, found = add("one.txt", "")
    two, found = add("two.txt", one)
    assert found["names"] == ["one.txt", "two.txt"]
    with pytest.raises(CorpusError, match="is bad"):
        add("bad.txt", two)
    assert [path.name for path in service.staging.files(two)] == ["one.txt", "two.txt"]
    assert [folder.name for folder in service.staging.folder.iterdir()] == [two], "nothing else is kept"
    again, found = read(service, [], two, take=False)
    assert (again, found["names"]) == (two, ["one.txt", "two.txt"])


def test_the_sample_stays_in_place_and_is_not_mixed_with_other_files(page, form, add, service):
    sample = call(page, form.read_sample, request(), "", "me", *values(form))
    assert sample[form.content]["names"] == [SAMPLE.name]
    assert SAMPLE.is_file()
    own = add("own.txt", sample[form.draft])
    assert own[form.content]["names"] == ["own.txt"]
    assert [folder.name for folder in service.staging.folder.iterdir()] == [own[form.draft]]


def test_an_upload_shows_its_report_and_enables_start(form, add):
    changed = add("bees.txt")
    assert "Verdict: too small" in changed[form.report]
    assert "bees.txt" in changed[form.report]
    assert changed[form.files] is None, "the field is free for more files"
    assert changed[form.start].interactive
    assert changed[form.clear].visible


def test_a_bad_file_is_refused_and_the_earlier_ones_and_the_settings_stay(form, add):
    draft = add("bees.txt")[form.draft]
    changed = add("bad.txt", draft, minutes=5, model="biomedical")
    assert set(changed) == {form.files, form.read_as, form.report, form.start}
    assert "&#x27;bad.txt&#x27; is bad" in changed[form.report]
    assert "Your earlier files are kept: bees.txt." in changed[form.report]
    assert changed[form.start].interactive
    first = add("bad.txt")
    assert "kept" not in first[form.report]
    assert not first[form.start].interactive


UNREADABLE = [
    ("empty.txt", b"", "empty"),
    ("bom.txt", b"\xef\xbb\xbf", "'bom.txt'"),
    ("space.txt", b"  \n \n", "holds no text"),
    ("picture.txt", b"\x89PNG\r\n\x1a\n" + bytes(range(256)) * 8, "'picture.txt'"),
    ("bad.jsonl", b'{"text"\n{"text": \n', "'bad.jsonl' has no row that can be read; line 1: it is not JSON"),
]


@pytest.mark.parametrize(("name", "data", "message"), UNREADABLE, ids=[name for name, *_ in UNREADABLE])
def test_an_unreadable_file_is_refused_by_the_child_process(page, form, tmp_path, name, data, message):
    (tmp_path / name).write_bytes(data)
    changed = call(page, form.read_upload, request(), [str(tmp_path / name)], "", "me", *values(form))
    assert set(changed) == {form.files, form.read_as, form.report, form.start}
    assert message.replace("'", "&#x27;") in changed[form.report]
    assert not changed[form.start].interactive


def test_files_with_too_little_text_are_kept_for_others_to_be_added(page, form, tmp_path, service, tiny):
    (tmp_path / "few.txt").write_text("One line of text.")
    (tmp_path / "table.csv").write_text("left,right\nsome words,more words\n")
    (tmp_path / "more.txt").write_text(corpus_text())
    (tmp_path / "cut.pdf").write_bytes(b"%PDF-1.4 cut")

    def add(*names, draft=""):
        (tmp_path / "uploads").mkdir(exist_ok=True)
        paths = [shutil.copy(tmp_path / name, tmp_path / "uploads") for name in names]
        return call(page, form.read_upload, request(), paths, draft, "me", *values(form, model=tiny))

    for name, message, columns in (
        ("few.txt", "The corpus holds 4 words", None),
        ("table.csv", "choose the column to read", ["left", "right"]),
    ):
        changed = add(name)
        assert message in changed[form.report]
        assert f"Your files are kept: {name}." in changed[form.report]
        assert (changed[form.content], changed[form.start].interactive) == ({}, False)
        assert changed[form.clear].visible
        assert f"Remove {name}" in changed[form.listed]
        assert "document" not in changed[form.listed], "it is not known yet"
        picker = changed.get(form.column)
        assert [value for _, value in picker.choices] == columns if picker else columns is None
    draft = add("few.txt")[form.draft]
    changed = add("more.txt", "cut.pdf", draft=draft)
    assert service.staging.names(changed[form.draft]) == ["few.txt", "more.txt", "cut.pdf"]
    assert "Skipped: cut.pdf" in changed[form.report]
    assert changed[form.content]["files"] == 2
    assert changed[form.start].interactive


def test_the_column_of_a_table_is_shown_and_can_be_changed(page, form, tmp_path, tiny):
    texts = corpus_text().split("\n\n")
    rows = "".join(f'{i},"{text}","Note {i} of a reader"\n' for i, text in enumerate(texts))
    (tmp_path / "table.csv").write_text(f"id,text,note\n{rows}")
    changed = call(
        page, form.read_upload, request(), [str(tmp_path / "table.csv")], "", "me", *values(form, model=tiny)
    )
    assert [value for _, value in changed[form.column].choices] == ["text", "note", "id"]
    assert changed[form.column].visible
    assert "the column <b>text</b>" in changed[form.report]
    draft = changed[form.draft]
    again = call(page, form.read_again, request(), draft, *values(form, model=tiny, column=["note", "text"]))
    assert "the column <b>note + text</b>" in again[form.report]
    assert '<li dir="auto">Note 0 of a reader ' in again[form.report]
    assert "value" not in again[form.column].constructor_args, (
        "a person may have ticked another box meanwhile"
    )
    wrong = call(
        page, form.read_again, request(), draft, *values(form, model=tiny, column=["text", "nothing"])
    )
    assert "has no column &#x27;text + nothing&#x27;; it has" in wrong[form.report]
    assert wrong[form.draft] == draft
    assert wrong[form.column].value == ["text"], "what is not there cannot stay ticked"
    few = call(page, form.read_again, request(), draft, *values(form, model=tiny, column=["id"]))
    assert "The corpus holds" in few[form.report]
    assert [value for _, value in few[form.column].choices] == ["text", "note", "id"], "to be unticked"


def test_another_budget_changes_the_verdict_without_reading(page, form, add):
    taken = add("bees.txt")
    draft, content = taken[form.draft], taken[form.content]

    def verdict(**changes):
        return call(page, form.show_report, draft, content, *values(form, **changes)).get(form.report)

    assert "30 minutes cover your text about 18 times." in verdict(minutes=30)
    assert "One minute covers about 59% of your text." in verdict(minutes=1)
    assert verdict(batch=0) is None, "Start refuses it"
    assert call(page, form.show_report, "", {}, *values(form)) == {}, "there is no report yet"
    assert call(page, form.read_again, request(), "", *values(form)) == {}


def test_another_model_reads_the_files_again(page, form, add):
    draft = add("bees.txt")[form.draft]
    changed = call(page, form.read_again, request(), draft, *values(form, model="biomedical"))
    assert changed[form.draft] == draft
    assert changed[form.content]["names"] == ["bees.txt"]


def test_removed_files_are_deleted(page, form, add, service, tmp_path):
    draft = add("bees.txt")[form.draft]
    draft = add("ants.txt", draft)[form.draft]
    changed = call(page, form.remove_files, draft)
    assert "Deleted: bees.txt, ants.txt." in changed[form.report]
    assert EMPTY in changed[form.report]
    assert not list(tmp_path.glob("*.txt")), "the uploads too, at once"
    assert not changed[form.start].interactive
    assert not changed[form.clear].visible
    assert list(service.staging.folder.iterdir()) == []


def removed(page, form, draft, number):
    return call(page, form.remove_file, draft, gr.EventData(None, {"number": number}))


def test_a_file_is_removed_and_the_others_are_read_again(page, form, add, service, tmp_path):
    draft = add("bees.txt")[form.draft]
    added = add("<ants>.txt", draft)
    draft = added[form.draft]
    assert ">1,000 documents<" in added[form.listed].replace("8 B · ", "")
    assert 'aria-label="Remove &lt;ants&gt;.txt"' in added[form.listed]
    changed = removed(page, form, draft, "0")
    assert changed[form.report] == '<p role="status">Deleted: bees.txt. The other files are read again.</p>'
    assert changed[form.content] == {}
    assert "bees.txt" not in changed[form.listed]
    assert 'data-remove="1"' in changed[form.listed]
    assert "document" not in changed[form.listed]
    assert list(tmp_path.glob("*.txt")) == [], "the draft has the only copies"
    again = call(page, form.read_again, request(), draft, *values(form))
    assert again[form.content]["names"] == ["<ants>.txt"]
    assert "1,000 documents" in again[form.listed]
    assert removed(page, form, draft, "0") == {}, "another window has removed it"
    assert removed(page, form, draft, "../0") == {}
    assert call(page, form.remove_file, draft, gr.EventData(None, None)) == {}
    more = add("wasps.txt", draft)
    assert service.staging.names(more[form.draft]) == ["<ants>.txt", "wasps.txt"]


def test_the_last_file_that_is_removed_leaves_an_empty_form(page, form, add, service):
    draft = add("bees.txt")[form.draft]
    changed = removed(page, form, draft, "0")
    assert changed[form.report] == f'<p role="status">Deleted: bees.txt.</p>{EMPTY}'
    assert (changed[form.draft], changed[form.listed], changed[form.content]) == ("", "", {})
    assert not changed[form.start].interactive
    assert list(service.staging.folder.iterdir()) == []
    assert removed(page, form, draft, "0")[form.report] == EMPTY, "and in another window"


def test_files_that_were_removed_while_others_were_read_do_not_come_back(form, add, service, monkeypatch):
    draft, read = add("first.txt")[form.draft], RunService.report

    def report(self, *given):
        assert "Deleted: first.txt." in form.remove_files(draft)[form.report]
        return read(self, *given)

    monkeypatch.setattr(RunService, "report", report)
    changed = add("second.txt", draft)
    assert "Files were removed while others were read" in changed[form.report]
    assert not changed[form.start].interactive
    assert not list(service.staging.folder.iterdir())


def test_a_reading_of_files_that_another_one_has_replaced_shows_nothing(page, form, add, monkeypatch):
    draft, read = add("first.txt")[form.draft], RunService.report
    both = []

    def report(self, *given):
        found = read(self, *given)
        if not both:
            both.append({})
            both[0] = add("second.txt", draft)
        return found

    monkeypatch.setattr(RunService, "report", report)
    changed = call(page, form.read_again, request(), draft, *values(form, near=True))
    assert form.report not in changed
    assert "second.txt" in both[0][form.listed]


def test_what_was_chosen_while_files_were_read_counts(page, form, add):
    shown = add("first.txt")
    draft, read_as = shown[form.draft], shown[form.read_as]

    def after(**chosen):
        return call(page, form.read_as_chosen, request(), draft, read_as, *values(form, **chosen))

    assert form.report not in after()
    assert form.report not in after(minutes=5), "which needs no reading"
    for choice in ({"near": True}, {"model": "biomedical"}, {"column": ["text"]}):
        assert after(**choice)[form.read_as] != read_as
        assert after(**choice)[form.report]


def test_files_that_cannot_be_read_alone_stay_listed(page, form, tmp_path, service, tiny):
    (tmp_path / "good.txt").write_text(corpus_text())
    (tmp_path / "cut.pdf").write_bytes(b"%PDF-1.4 cut")
    paths = [str(tmp_path / name) for name in ("good.txt", "cut.pdf")]
    added = call(page, form.read_upload, request(), paths, "", "me", *values(form, model=tiny))
    assert "not read" in added[form.listed]
    draft = added[form.draft]
    assert "cut.pdf" in removed(page, form, draft, "0")[form.listed]
    again = call(page, form.read_again, request(), draft, *values(form, model=tiny))
    assert "cut.pdf" in again[form.report]
    assert form.listed not in again
    assert not list((service.staging.folder / draft).glob("prepared/corpus*")), "its text is gone too"


def test_start_starts_a_run_and_clears_the_form(page, form, add, service):
    draft = add("bees.txt")[form.draft]
    changed = call(page, form.start_run, request(), draft, "me", *values(form, steps=7, seed=3))
    run = service.runs.find(changed[form.started])
    assert service.is_owner(run, "me")
    assert run.request.about["budget"] == "7 steps"
    assert (changed[form.draft], changed[form.content], changed[form.report]) == ("", {}, EMPTY)
    assert changed[form.refused] == ""
    assert not changed[form.start].interactive


def test_a_setting_that_cannot_be_used_is_refused_and_the_files_stay(page, form, add, service):
    draft = add("bees.txt")[form.draft]
    changed = call(page, form.start_run, request(), draft, "me", *values(form, masked=99))
    assert set(changed) == {form.started, form.refused}
    assert "mlm_probability is 0.99; it must be above 0" in changed[form.refused]
    assert changed[form.started] == ""
    assert [path.name for path in service.staging.files(draft)] == ["bees.txt"]
    assert service.runs.all() == []


def test_start_and_reading_are_limited(page, form, service, tmp_path):
    form.limits = RateLimits(Settings(data=str(tmp_path), requests_a_minute=1))
    form.limits.admit(request())
    refused = call(page, form.start_run, request(), "", "me", *values(form))
    assert "You ask more often" in refused[form.refused]
    refused = call(page, form.read_sample, request(), "", "me", *values(form))
    assert "You ask more often" in refused[form.report]


def test_a_page_whose_cluster_has_a_fault_says_so_and_where_the_text_goes(tmp_path):
    own = Settings(device="cpu", data=str(tmp_path), launcher="ray")
    with gr.Blocks() as page:
        form = AdaptForm(RunService(own), RateLimits(own))
    assert "RAY_ADDRESS is not set" in form.show_launcher()
    assert "Or unset MLM_DEMO_LAUNCHER to train on the machine of this page." in form.show_launcher()
    texts = [block.value for block in page.blocks.values() if isinstance(block, gr.HTML)]
    assert [
        text
        for text in texts
        if "stays on the machine that serves this page and in the cluster" in (text or "")
    ]


def test_a_reload_finds_a_draft_that_is_still_here(page, form, add, service):
    draft = add("a.txt")[form.draft]
    assert call(page, form.find_draft, draft) == {form.kept: draft}
    service.staging.forget(draft)
    assert call(page, form.find_draft, draft) == {}
    assert call(page, form.find_draft, "") == {}
    for strange in ("../runs", ["a"], {"a": 1}, 5, None):
        assert call(page, form.find_draft, strange) == {}
    anew = add("b.txt", draft=draft)
    assert anew[form.draft] not in ("", draft), "what the browser remembers is of another day"
    assert "Verdict:" in anew[form.report]
    gone = call(page, form.read_again, request(), draft, *values(form))
    assert "The files are no longer here; add them again." in gone[form.report]
    assert not gone[form.start].interactive
