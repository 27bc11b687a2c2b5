"""The Score tab: a link with two sentences, a press on a word, Cancel, and a file of sentences."""

from playwright.sync_api import expect

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
