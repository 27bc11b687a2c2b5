"""The address of a clean visit, and what a reload shows again."""

from playwright.sync_api import expect

from mlm_demo.web.javascript import MILLISECONDS_BEFORE_KEPT
from tests.support.adapt_page import open_tab


def test_a_clean_visit_asks_for_nothing_that_is_missing(chromium, address):
    context, wrong = chromium.new_context(), []
    page = context.new_page()
    page.on("response", lambda answer: wrong.append(answer.url) if answer.status >= 400 else None)
    page.on("console", lambda line: wrong.append(line.text) if line.type in ("error", "warning") else None)
    page.goto(address)
    page.wait_for_selector("#results figure")
    for name in ("Score", "Adapt", "Extract", "Learn", "Fill mask"):
        open_tab(page, name)
        page.wait_for_timeout(300)
    context.close()
    assert wrong == []


def test_a_reload_shows_the_sentence_the_settings_and_the_tab(open_page):
    page = open_page()
    page.wait_for_timeout(500)
    assert "?" not in page.url, "a clean address stays clean"
    box = page.get_by_label("Sentence").first
    box.fill("The dog <mask> at me.")
    box.press("Enter")
    page.wait_for_function("location.search.includes('The+dog')")
    page.reload()
    page.wait_for_selector("#results figure")
    expect(box).to_have_value("The dog <mask> at me.")
    open_tab(page, "Score")
    page.wait_for_function("location.search.includes('score=The+patient')")
    page.reload()
    page.wait_for_selector("[role=tab][aria-selected=true]:has-text('Score')")
    open_tab(page, "Fill mask")
    page.wait_for_function("location.search.includes('text=')")


def test_a_reload_keeps_what_was_typed_and_has_no_answer(open_page):
    page = open_page("?text=The+dog+%3Cmask%3E+at+me.&model=biomedical")
    box = page.get_by_label("Sentence").first
    box.fill("The dog has no blank")
    page.wait_for_function("location.search.includes('text=The+dog+has+no+blank')")
    assert "model=biomedical" in page.url
    page.reload()
    expect(box).to_have_value("The dog has no blank")
    page.get_by_text("This sentence has no blank yet.").wait_for()
    page.wait_for_timeout(500)
    assert "text=The+dog+has+no+blank&model=biomedical" in page.url
    box.fill("The cat <mask> at me.")
    page.wait_for_function("document.querySelector('#results').textContent.includes('The cat')")
    page.wait_for_timeout(MILLISECONDS_BEFORE_KEPT + 200)
    assert "model=biomedical" in page.url
    open_tab(page, "Contrast")
    page.wait_for_selector("#contrast-results .name")
    page.locator("#contrast-second textarea").fill("The patient was asleep.")
    page.wait_for_function("location.search.includes('with=The+patient+was+asleep')")
    open_tab(page, "Extract")
    page.locator("#extract-questions textarea").fill("How many patients were there?")
    page.wait_for_function("location.search === '?questions=How+many+patients+were+there%3F'")
    page.reload()
    expect(page.locator("#extract-questions textarea")).to_have_value("How many patients were there?")


def test_a_fixed_axis_stays_for_other_sentences_and_after_a_reload(open_page):
    page = open_page("?text=The+dog+%3Cmask%3E+at+me.&model=general")
    page.locator("#more button").first.click()
    axis = page.locator("#results .ticks").first
    before = axis.inner_text()
    page.get_by_label("Fixed axis").check()
    page.wait_for_function("location.search.includes('axis=full')")
    expect(axis).to_have_text("00.51")
    assert before != axis.inner_text()
    expect(page.locator("#answer-for .old")).to_have_count(0)
    box = page.get_by_label("Sentence").first
    box.fill("The cat <mask> at me.")
    page.wait_for_function("location.search.includes('The+cat') && location.search.includes('axis=full')")
    expect(axis).to_have_text("00.51")
    page.reload()
    page.wait_for_selector("#results figure")
    expect(page.get_by_label("Fixed axis")).to_be_checked()
    expect(axis).to_have_text("00.51")
    page.get_by_label("Fixed axis").uncheck()
    page.wait_for_function("!location.search.includes('axis')")
