"""A visitor asks a question of twenty papers: table, opened paper, threshold, verdicts, link, another question."""

import csv
from urllib.parse import urlencode

from playwright.sync_api import expect

from tests.browser.test_injection import HOSTILE, assert_nothing_ran
from tests.support.adapt_page import MINUTES, open_tab

QUESTION = "What was the dose?"
# How much room each bar has.
ROOMS = """() => [...document.querySelectorAll('#extract-results .relevance .track')].map(
  (track) => Math.round(track.getBoundingClientRect().width))"""


def ask(page, taught_folder, question=QUESTION):
    """Ask with the papers that are there."""
    page.locator("#extract-model input").fill(taught_folder)
    page.locator("#extract-model input").press("Enter")
    page.locator("#extract-questions textarea").fill(question)
    page.locator("#extract-run").click()
    page.wait_for_selector("#extract-results table", timeout=MINUTES)


def test_from_twenty_papers_to_examples_for_fine_tuning(open_page, pictures, taught_folder, tmp_path):
    page = open_page(wait_for="#tabs")
    open_tab(page, "Extract")
    box = page.locator("#extract-files button.upload-container")
    assert box.get_attribute("aria-label") is None, "its name is what it shows"
    pictures(page, "extract-1-form")
    page.locator("#extract-sample").click()
    page.locator("#extract-papers", has_text="20 papers").wait_for()
    ask(page, taught_folder)
    assert page.locator("#extract-results tbody tr").count() == 20
    pictures(page, "extract-2-table")
    move_the_threshold(page)
    open_a_paper(page, pictures)
    judge_two_rows(page, tmp_path)
    page.locator("#extract-copy").click()
    page.wait_for_selector("#extract-link :not(:placeholder-shown)")
    link = page.evaluate("navigator.clipboard.readText()")
    ask(page, taught_folder, f"{QUESTION}\nWhat was measured?")
    page.wait_for_selector("#extract-results .many-questions", timeout=MINUTES)
    pictures(page, "extract-3-two-questions")
    assert len(set(page.evaluate(ROOMS))) == 1, "bars of relevance can be compared"
    page.locator("#extract-verdicts", has_text="2 verdicts").wait_for()
    page.locator("#extract-results tbody th .open").first.click()
    page.wait_for_selector("dialog[open]")
    page.keyboard.press("Escape")
    page.locator("#extract-clear").click()
    page.locator("#extract-results", has_text="Press an example").wait_for()
    expect(page.locator("#extract-results table")).to_have_count(0)
    for gone in ("#extract-verdicts", "#extract-csv"):
        expect(page.locator(gone)).to_be_hidden()
    page.goto(link)
    page.locator("#extract-results", has_text="The link holds the questions.").wait_for()
    expect(page.locator("#extract-questions textarea")).to_have_value(QUESTION)
    expect(page.locator("#extract-model input")).to_have_value(taught_folder)


def move_the_threshold(page):
    """Both ends of the slider decide about all papers, by keyboard and without the model."""
    slider = page.locator("#extract-threshold input[type=range]")
    slider.press("End")
    page.locator(".answered", has_text="Answered in 0 of 20 papers").wait_for()
    assert page.locator("#extract-results .no-answer").count() == 20
    slider.press("Home")
    page.locator(".answered", has_text="Answered in 20 of 20 papers").wait_for()
    box = page.locator("#extract-threshold input[type=number]")
    for typed, papers, stands in (("1000", 0, "max"), ("-1000", 20, "min")):
        box.fill(typed)  # a number beyond the slider counts as its end
        page.locator(".answered", has_text=f"Answered in {papers} of 20 papers").wait_for()
        box.blur()
        expect(box).to_have_value(slider.get_attribute(stands))
    box.fill("")  # none counts as the 0 that Gradio then puts there
    box.blur()
    expect(box).to_have_value("0")
    slider.press("Home")
    page.locator(".answered", has_text="Answered in 20 of 20 papers").wait_for()


def open_a_paper(page, pictures):
    """Open the second row with Enter, walk over its evidence, copy a quote, and return to the row with Escape."""
    row = page.locator("#extract-results tbody tr").nth(1)
    title, document = row.locator(".open").inner_text(), row.locator(".facts").inner_text()
    row.locator(".open").focus()
    page.keyboard.press("Enter")
    page.wait_for_selector("dialog[open]")
    assert page.locator("dialog h3").inner_text() == title
    assert page.locator("dialog mark").count() >= 1
    assert page.evaluate("'first' in document.activeElement.dataset")
    pictures(page, "extract-4-paper")
    page.get_by_role("button", name="Next evidence").click()
    place = page.locator("dialog .place").inner_text()
    assert " · relevance " in place
    number = page.evaluate("document.activeElement.dataset.number")
    assert place.startswith(f"Sentence {number} of ")
    sentence = " ".join(page.evaluate("document.activeElement.textContent").split())
    page.get_by_role("button", name="Copy quote").click()
    page.get_by_role("button", name="Copied").wait_for()
    quote = page.evaluate("navigator.clipboard.readText()")
    assert quote == f"“{sentence}” ({document}, sentence {number})"
    page.keyboard.press("Escape")
    page.wait_for_selector("dialog[open]", state="detached")
    assert page.evaluate("document.activeElement.textContent") == title


def judge_two_rows(page, folder):
    """Agree with one answer and disagree with another; both files are examples."""
    rows = page.locator("#extract-results tbody tr")
    rows.nth(0).locator("[data-verdict=right]").click()
    rows.nth(1).locator("[data-verdict=right]").click()
    rows.nth(1).locator("[data-verdict=wrong]").click()
    page.locator("#extract-verdicts", has_text="2 verdicts.").wait_for()
    assert page.locator("#extract-results [aria-pressed=true]").count() == 2
    for button, columns in (("evidence", "question,sentence,label"), ("answers", "question,context,answer")):
        with page.expect_download() as saved:
            page.locator(f"#extract-{button}").click()
        saved.value.save_as(folder / f"{button}.csv")
        assert (folder / f"{button}.csv").read_text().startswith(columns)
    labels = [row["label"] for row in csv.DictReader((folder / "evidence.csv").open())]
    assert labels == ["1", "0"]


def test_nothing_in_a_paper_runs(open_page, taught_folder, tmp_path):
    text = " ".join(HOSTILE)
    (tmp_path / "a.txt").write_text(f"Title {text}\n\nThe dose {text}. And more.")
    page = open_page(
        "?" + urlencode({"questions": "Dose " + HOSTILE[3], "extractor": HOSTILE[0]}), wait_for="#tabs"
    )
    page.locator("#extract-results", has_text="The link holds the questions.").wait_for()
    page.locator("#extract-files input[type=file]").set_input_files(str(tmp_path / "a.txt"))
    page.locator("#extract-papers", has_text="1 paper").wait_for(timeout=MINUTES)
    page.locator("#extract-run").click()
    page.locator("#extract-results .refusal", has_text="There is no folder").wait_for(timeout=MINUTES)
    ask(page, taught_folder, "Dose " + HOSTILE[3])
    page.locator("#extract-threshold input[type=range]").press("Home")
    page.locator(".answered", has_text="Answered in 1 of 1 paper").wait_for()
    page.locator("#extract-results .open").click()
    page.wait_for_selector("dialog[open]")
    assert all(hostile in page.locator("dialog").text_content() for hostile in HOSTILE)
    assert page.locator("dialog img, dialog script, dialog svg, .found img").count() == 0
    page.keyboard.press("Escape")
    assert_nothing_ran(page)
