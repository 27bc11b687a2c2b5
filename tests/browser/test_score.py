"""The Score tab: a link with two sentences, a press on a word, Cancel; files of sentences there and on Fill mask."""

from playwright.sync_api import expect

from mlm_demo.corpus.pairs import phenomena
from mlm_demo.web.batch import part
from tests.support.adapt_page import MINUTES, open_tab

LINK = "?score=The+keys+to+the+cabinet+are+old.&against=The+keys+to+the+cabinet+is+old."


def test_a_link_with_two_sentences_a_press_cancel_and_a_file(open_page, pictures, tmp_path):
    page = open_page(LINK, wait_for="#score-results .word-column")
    expect(page.locator("#score-second textarea")).to_have_value("The keys to the cabinet is old.")
    assert page.locator("#score-results figure").count() == 2
    pressed = page.locator("#score-results .differs button[data-sentence='1']").first
    pressed.click()
    page.locator("#score-guesses .own", has_text="is").first.wait_for()
    assert pressed.get_attribute("aria-pressed") == "true"
    pictures(page, "score-two")

    page.locator("#score-second textarea").fill("The keys were old.")
    old = page.locator("#score-answer-for .old")
    expect(old).to_have_text(
        "This answer is for: The keys to the cabinet are old. / The keys to the cabinet is old."
    )
    dim = "getComputedStyle(document.querySelector('#score-results .html-container')).opacity < 0.9"
    page.wait_for_function(dim)
    page.locator("#score-second textarea").press("Enter")
    old.wait_for(state="detached")
    page.wait_for_function(f"!({dim})")
    page.locator("#score-second textarea").fill("")
    page.locator("#score-sentence textarea").fill("the fox sat on the mat and " * 14)
    page.locator("#score").click()
    page.locator("#score-cancel:enabled").click()
    page.locator("#score-results").get_by_text("Canceled.").wait_for()
    page.locator("#score-cancel:disabled").wait_for()

    page.locator("#score-file-box button").first.click()
    (tmp_path / "a.txt").write_text("The dog sat.\nA <mask>.\n")
    page.locator("#score-file input[type=file]").set_input_files(tmp_path / "a.txt")
    page.locator("#score-list").get_by_text("All 2 sentences scored.").wait_for()
    with page.expect_download() as saved:
        page.locator("#score-list-csv").click()
    assert saved.value.path().read_text().startswith("where,text,model,")
    pictures(page, "score-file")


def test_an_example_takes_the_place_of_a_long_scoring(open_page):
    page = open_page("?tab=score", wait_for="#score-results .scored")
    page.locator("#score-sentence textarea").fill("the fox sat on the mat and " * 14)
    page.locator("#score").click()
    page.locator("#score-cancel:enabled").click(trial=True)
    held = []
    page.route("**/gradio_api/run/predict*", lambda route: held.append(route), times=1)
    with page.expect_request("**/gradio_api/run/predict*"):
        page.get_by_text("The king was given insulin").first.click()
    page.get_by_text("The nurse forgot his coat.").first.click()
    (first,) = held
    first.continue_()
    page.locator("#score-results", has_text="nurse").wait_for()
    page.locator("#score-cancel:disabled").wait_for()
    old = page.locator("#score-answer-for .old")
    expect(old).to_have_count(0)
    page.locator("#score-models .token-remove").first.click()
    expect(old).to_have_text("This answer is for other settings.")


def test_a_longer_file_runs_in_the_background_and_is_found_again(open_page, pictures, tmp_path, monkeypatch):
    monkeypatch.setattr(part, "MAX_SENTENCES", 2)
    page = open_page("?text=Paris+is+the+<mask>.&model=general")
    page.locator("#fill-file-box button").first.click()
    (tmp_path / "blanks.txt").write_text("The dog <mask>.\nThe cat <mask> and <mask>.\nNo blank.\n")
    page.locator("#fill-file input[type=file]").set_input_files(tmp_path / "blanks.txt")
    page.locator("#fill-list").get_by_text("The first 2 of 3 sentences filled").wait_for()
    pictures(page, "fill-file")
    page.locator("#fill-list-run").click()
    page.locator("#fill-list .download").wait_for(timeout=MINUTES)
    expect(page.locator("#fill-list .answered")).to_have_text("blanks: 3 sentences filled.")
    assert page.locator("#fill-list tbody tr").count() == 3
    for name in ("CSV", "JSON lines"):
        with page.expect_download() as saved:
            page.locator("#fill-list").get_by_text(f"Download {name}").click()
        assert "The dog" in saved.value.path().read_text()
    link = page.locator("#fill-list").get_by_text("Link to this run").get_attribute("href")
    again = open_page(link, wait_for="#fill-list .download")
    assert again.locator("#fill-list .answered").is_visible()
    open_tab(again, "Adapt")
    again.locator("#my-runs", has_text="3 sentences answered, 1 of them not by every model").wait_for()
    again.goto(again.url.partition("?")[0] + link)
    again.locator("#fill-list-delete").click()
    again.locator("#fill-list", has_text="The table is deleted").wait_for()


def test_facts_and_the_built_in_phenomena_have_their_tables(open_page, pictures, tmp_path, monkeypatch):
    monkeypatch.setattr(phenomena, "PAIRS_EACH", 2)
    page = open_page()
    page.locator("#fill-file-box button").first.click()
    (tmp_path / "facts.csv").write_text(
        "subject,template,object\nhepatitis,[X] is a disease of the [Y].,liver\n", encoding="utf-8"
    )
    page.locator("#fill-file input[type=file]").set_input_files(tmp_path / "facts.csv")
    table = page.locator("#fill-list table")
    expect(table.locator("thead")).to_contain_text("Subject hidden")
    assert [row.inner_text().split("\t")[1] for row in table.locator("tbody tr").all()] == [
        "general",
        "biomedical",
    ]
    pictures(page, "facts")
    open_tab(page, "Score")
    page.locator("#score-file-box button").first.click()
    page.locator("#score-phenomena").click()
    page.locator("#score-list", has_text="24 pairs judged").wait_for(timeout=60_000)
    assert page.locator("#score-list tbody tr").count() == 13
    pictures(page, "phenomena")
