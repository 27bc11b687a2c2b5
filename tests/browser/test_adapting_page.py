"""A visitor adapts a model on the page: files, report, run, reload, another browser, result, picker, zip."""

import csv
import gzip
import json
import re
import zipfile

from playwright.sync_api import expect
from transformers import pipeline

from mlm_demo.runs.service import SAMPLE
from tests.support.adapt_page import MINUTES, fill_in, open_tab, start, upload
from tests.support.nightly import nightly
from tests.support.paths import ROOT

ABSTRACTS = ROOT.parent / "shared" / "corpora" / "pubmedqa.jsonl.gz"


def abstracts(folder):
    """A hundred abstracts if they are on this machine, else the sample corpus."""
    if not ABSTRACTS.is_file():
        return SAMPLE
    path = folder / "abstracts.jsonl"
    with gzip.open(ABSTRACTS, "rt") as lines, path.open("w") as out:
        for line in list(lines)[:100]:
            out.write(json.dumps({"text": "\n\n".join(json.loads(line)["context"])}) + "\n")
    return path


def test_a_run_from_files_to_a_downloaded_model(open_browser, pictures, tiny, tmp_path):
    page = open_browser()
    open_tab(page)
    page.locator("#base input").fill(tiny)
    page.locator("#base input").press("Enter")
    upload(page, SAMPLE)
    page.wait_for_selector("#report .verdict", timeout=2 * MINUTES)
    fill_in(page, {"steps": 90_000, "batch": 8})
    page.locator("#start").click()
    watch(page, open_browser, pictures)
    page.locator("#stop").click()
    see_the_result(page, open_browser, pictures, tmp_path, state="Stopped", timeout=2 * MINUTES)


def second(folder):
    """Another file, of text."""
    path = folder / "notes.txt"
    path.write_text("\n\n".join(SAMPLE.read_text(encoding="utf-8").split("\n\n")[60:120]))
    return path


@nightly
def test_the_columns_of_a_table_are_ticked_and_files_removed_one_by_one(
    open_browser, pictures, tiny, tmp_path
):
    paragraphs = SAMPLE.read_text(encoding="utf-8").split("\n\n")[:60]
    with (tmp_path / "reports.csv").open("w", newline="", encoding="utf-8") as file:
        rows = [[i, text, f"Remark {i} on it by a reader."] for i, text in enumerate(paragraphs)]
        csv.writer(file).writerows([["id", "report", "remark"], *rows, [61, "one", "cell", "too many"]])
    page = open_browser()
    open_tab(page)
    page.locator("#base input").fill(tiny)
    page.locator("#base input").press("Enter")
    upload(page, tmp_path / "reports.csv")
    page.get_by_text("comes from the column report").wait_for(timeout=2 * MINUTES)
    assert page.get_by_text("Skipped: reports.csv, row 62: it has 4 cells").is_visible()
    pictures(page, "adapt-1-column")
    assert page.locator("#report .passages blockquote").count() == 3
    page.get_by_label("remark").check()
    page.get_by_text("comes from the column remark (of").wait_for(timeout=2 * MINUTES)
    page.get_by_label("report", exact=True).check()
    page.get_by_text("comes from the column remark + report").wait_for(timeout=2 * MINUTES)
    expect(page.get_by_label("remark")).to_be_checked()
    upload(page, second(tmp_path))
    buttons = [page.locator(f"#{name}") for name in ("start", "sample", "clear")]
    for button in buttons:  # what the page shows is not yet what a run would train on
        expect(button).to_be_disabled()
    expect(page.locator("#files input[type=file]:enabled")).to_have_count(0)
    page.locator("#draft-files").get_by_text("notes.txt").wait_for(timeout=2 * MINUTES)
    for button in buttons:
        expect(button).to_be_enabled()
    remove = page.get_by_role("button", name="Remove reports.csv")
    expect(page.locator("#draft-files li")).to_have_text(
        [re.compile("60 documents"), re.compile("1 document")]
    )
    pictures(page, "adapt-1-files")
    remove.focus()
    remove.press("Enter")
    page.get_by_text("Deleted: reports.csv. The other files are read again.").wait_for()
    page.get_by_text("Verdict:").wait_for(timeout=2 * MINUTES)
    expect(page.get_by_role("button", name="Remove notes.txt")).to_be_focused()
    expect(page.locator("#column")).to_be_hidden()
    page.keyboard.press("Enter")
    page.get_by_text("Deleted: notes.txt.").wait_for()
    expect(page.locator("#draft-files li")).to_have_count(0)
    expect(page.locator("#start")).to_be_disabled()


@nightly
def test_a_reload_finds_the_files_again(open_browser, tmp_path):
    page = open_browser()
    upload(page, second(tmp_path))
    page.wait_for_selector("#report .verdict", timeout=2 * MINUTES)
    page.reload()
    open_tab(page)
    page.locator("#draft-files").get_by_text("notes.txt").wait_for(timeout=2 * MINUTES)
    page.wait_for_selector("#report .verdict", timeout=2 * MINUTES)
    expect(page.locator("#start")).to_be_enabled()
    page.get_by_role("button", name="Remove files").click()
    page.get_by_text("Deleted: notes.txt.").wait_for()
    page.reload()
    open_tab(page)
    page.wait_for_timeout(2_000)
    expect(page.locator("#draft-files li")).to_have_count(0)
    assert page.get_by_text("The corpus report appears before training starts").is_visible()


@nightly
def test_one_minute_of_adaptation_from_files_to_a_downloaded_model(open_browser, pictures, tmp_path):
    page = open_browser()
    upload(page, abstracts(tmp_path))
    page.wait_for_selector("#report .verdict", timeout=2 * MINUTES)
    pictures(page, "adapt-1-report")
    assert page.get_by_role("radio", name="1 minute").is_checked()
    page.locator("#start").click()
    watch(page, open_browser, pictures)
    see_the_result(page, open_browser, pictures, tmp_path, state="Done", timeout=4 * MINUTES)


# The seconds of the present phase are more than the server has sent.
SECONDS_COUNT = """() => {
  const style = getComputedStyle(document.querySelector('#live .seconds'));
  return +style.getPropertyValue('--count') > +style.getPropertyValue('--from');
}"""


def watch(page, open_browser, pictures):
    """Reload the page of a run, and open its link in another browser."""
    page.wait_for_selector("#live progress", timeout=2 * MINUTES)
    page.wait_for_function("location.search.startsWith('?run=')")
    link = page.url[page.url.index("?") :]
    page.reload()
    page.wait_for_selector("#live progress")
    page.wait_for_selector("#live .guesses", timeout=MINUTES)
    assert page.locator("#stop").is_visible()
    page.wait_for_function(SECONDS_COUNT)
    pictures(page, "adapt-2-running")
    phone = open_browser(link, width=390, scheme="dark", wait_for="#live .run-title")
    phone.wait_for_selector("#live progress")
    assert not phone.locator("#stop").is_visible()
    stranger = open_browser()
    open_tab(stranger)
    assert stranger.get_by_text("Your runs will be listed here.").is_visible()
    assert not stranger.locator("#live").is_visible()


def see_the_result(page, open_browser, pictures, folder, *, state, timeout):
    """Wait for the result, download the model, use it, and open the page once more."""
    page.wait_for_selector("#run-result figure", timeout=timeout)
    page.wait_for_selector("#run-sentence figure", timeout=MINUTES)
    assert page.locator("#live .state").inner_text() == state
    move_the_slider(page)
    pictures(page, "adapt-3-result")
    with page.expect_download() as saved:
        page.get_by_role("link", name="Download the model").click()
    saved.value.save_as(folder / "model.zip")
    with zipfile.ZipFile(folder / "model.zip") as packed:
        packed.extractall(folder / "home")
    (unpacked,) = (folder / "home").iterdir()
    page.locator("#use").click()
    page.wait_for_selector("#results .domain-adapted .word")
    sentence = page.locator("#sentence textarea").input_value()
    here = pipeline("fill-mask", model=str(unpacked))(sentence.replace("<mask>", "[MASK]"), top_k=3)
    words = page.locator("#results .domain-adapted .word").all_inner_texts()[:3]
    assert [word.removeprefix("##") for word in words] == [
        row["token_str"].removeprefix("##") for row in here
    ]
    notes = page.locator("#results .domain-adapted .note").first.inner_text()
    assert re.search(r"#[\d,]+ in .* \(", notes)
    pictures(page, "adapt-4-compared")
    open_tab(page)
    page.locator("#ask-papers").click()
    expect(page.locator("#extract-papers")).to_contain_text("Papers of the run. The built-in model answers")
    assert page.locator("#extract-papers .papers").is_visible()
    expect(page.locator("#extract-questions textarea")).to_be_focused()
    expect(page.locator("#extract-model input")).to_have_value(re.compile("^Evidence and answers"))

    again = open_browser()
    assert page.context != again.context
    open_tab(again)
    assert not again.locator("#live").is_visible()
    assert again.locator("#model input").input_value().startswith("General")


def move_the_slider(page):
    """Move the model to its base by keyboard, and on by keyboard and mouse."""
    slider, losses = page.locator("#share input[type=range]"), page.locator("#share-losses")
    sentence = page.locator("#run-sentence p").first.inner_text()
    slider.press("Home")
    losses.get_by_text("0% of the way from base to adapted", exact=True).wait_for()
    page.locator("#live").get_by_text("there is no new model in the pickers").wait_for()
    page.locator("#use").wait_for(state="hidden")
    page.locator("#run-sentence figure").first.wait_for(state="hidden")
    slider.press("ArrowRight")
    slider.press("ArrowRight")
    losses.get_by_text("50% of the way from base to adapted", exact=True).wait_for()
    page.locator("#use").wait_for()
    page.locator("#run-sentence figure").first.wait_for()
    box = slider.bounding_box()
    page.mouse.click(box["x"] + box["width"] - 4, box["y"] + box["height"] / 2)
    losses.get_by_text("100% of the way from base to adapted", exact=True).wait_for()
    page.wait_for_selector("#run-sentence figure")
    assert page.locator("#run-sentence p").first.inner_text() == sentence, "so that one can follow it"


def test_a_run_is_stopped_resumed_and_deleted(open_browser, tiny):
    page = open_browser()
    start(page, tiny, steps=90_000, batch=8)
    page.locator("#live .facts", has_text=" left").wait_for(timeout=2 * MINUTES)  # it trains
    page.locator("#my-runs .state", has_text="Running").wait_for()
    place = page.locator("#stop").bounding_box()
    page.locator("#stop").click()
    page.locator("#live .state", has_text="Stopping").wait_for()
    assert page.locator("#stop").is_disabled()
    assert page.locator("#stop").bounding_box()["x"] == place["x"], "no other button is under the pointer"
    page.locator("#live .state", has_text="Stopped").wait_for(timeout=2 * MINUTES)
    assert "Progress is kept" in page.locator("#live").inner_text()
    page.wait_for_selector("#run-result figure")
    page.locator("#resume").click()
    page.locator("#live .state", has_text="Running").wait_for(timeout=MINUTES)
    page.locator("#live .facts", has_text=" left").wait_for(timeout=2 * MINUTES)
    page.locator("#stop").click()
    page.locator("#live .state", has_text="Stopped").wait_for(timeout=2 * MINUTES)
    page.once("dialog", lambda dialog: dialog.accept())
    page.locator("#delete").click()
    page.wait_for_selector("#adapt-setup")
    page.get_by_text("Your runs will be listed here.").wait_for()


@nightly
def test_refusals_appear_where_they_belong_and_change_nothing(open_page, tiny, tmp_path):
    """tests/web/adapt/test_form.py has the other unreadable files and the other values."""
    page = open_page()
    open_tab(page)
    page.locator("#base input").fill(tiny)
    page.locator("#base input").press("Enter")
    page.get_by_role("radio", name="5 minutes").check()
    (tmp_path / "picture.txt").write_bytes(b"\x89PNG\r\n\x1a\n" + bytes(range(256)) * 8)
    upload(page, tmp_path / "picture.txt")
    page.locator("#report .refusal", has_text="'picture.txt'").wait_for(timeout=2 * MINUTES)
    assert page.get_by_role("radio", name="5 minutes").is_checked()
    expect(page.locator("#base input")).to_have_value(tiny)
    assert page.locator("#start").is_disabled()
    page.locator("#sample").click()
    page.wait_for_selector("#report .verdict", timeout=2 * MINUTES)
    fill_in(page, {"masked": 99})
    page.locator("#start").click()
    page.wait_for_selector("#start-refused .refusal")
    assert "mlm_probability is 0.99; it must be above 0" in page.locator("#start-refused").inner_text()
    assert page.locator("#report .verdict").is_visible()


def test_a_link_to_no_run_is_refused(open_page):
    page = open_page("?run=<img src=x onerror=alert(1)>", wait_for="#run-missing .refusal")
    assert "There is no run <img src=x onerror=alert(1)>" in page.locator("#run-missing").inner_text()
    assert page.locator("#sample").is_visible()
