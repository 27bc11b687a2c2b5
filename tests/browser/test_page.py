import json
import re

import pandas as pd
import pytest
from playwright.sync_api import expect

from tests.support.nightly import nightly, some
from tests.support.runs import until

PARIS = "?text=Paris+is+the+<mask>+of+France.&model=general"


def words(page, model="general"):
    return page.locator(f"#results .domain-{model} .word").all_inner_texts()


def choose(page, picker, label):
    """Pick an entry of a dropdown by its visible text."""
    page.locator(f"#{picker} input").click()
    page.get_by_role("option", name=label).click()


def ask(page, sentence):
    page.get_by_label("Sentence").first.fill(sentence)
    page.keyboard.press("Enter")


@pytest.mark.parametrize("width", some([390, 1280], 1))
def test_a_newcomers_path(open_page, both_schemes, width):
    page = open_page(width=width)
    assert words(page)[:3] == ["population", "plant", "world"]
    assert words(page, "biomedical")[:3] == ["cell", "brain", "body"]
    first_bar = page.locator("#results .bar").first.bounding_box()
    sentence, asked = page.locator("#sentence").bounding_box(), page.locator("#ask-buttons").bounding_box()
    assert first_bar["y"] < (400 if width == 390 else 500)
    assert asked["y"] < first_bar["y"] < asked["y"] + 160, "right under the sentence"
    assert sentence["x"] <= first_bar["x"] < sentence["x"] + sentence["width"]
    both_schemes(page, f"1-opened-{width}")

    ask(page, "The judge sent the thief to <mask>.")
    page.get_by_text("The judge sent the thief to him.").first.wait_for(state="attached")
    ask(page, "Paris is the <mask> of France.")
    page.get_by_text("Paris is the capital of France.").first.wait_for(state="attached")

    choose(page, "model", "Biomedical · Small BERT")
    page.wait_for_selector("#results .domain-general", state="detached")
    assert words(page, "biomedical")[0] == "capital"

    page.locator("#results li").first.hover()
    assert page.locator("#results .sentence").first.is_visible()
    both_schemes(page, f"2-biomedical-{width}")

    choose(page, "compare", "general (built in)")
    page.wait_for_selector("#results .domain-general")
    page.keyboard.press("Escape")
    assert page.locator("#results .note").first.inner_text() == "#1 in general (0.8662)"
    both_schemes(page, f"3-compared-{width}")

    page.locator("#copy-link").click()
    page.wait_for_function("document.querySelector('#link textarea, #link input').value.includes('?text=')")
    link = page.locator("#link textarea, #link input").input_value()
    assert page.evaluate("navigator.clipboard.readText()") == link
    assert page.get_by_label("Link to the answer shown").is_visible()
    second = open_page(link[link.index("?") :], width=width)
    expect(second.get_by_label("Sentence").first).to_have_value("Paris is the <mask> of France.")
    for model in ("general", "biomedical"):
        assert words(second, model) == words(page, model)

    page.get_by_role("radio", name="Table").check()
    page.wait_for_selector("#results table")
    both_schemes(page, f"4-table-{width}")
    assert page.evaluate("document.documentElement.scrollWidth") <= width

    page.get_by_role("tab", name="Score").click()
    page.locator("#score-results .scored", has_text="antibiotics").first.click()
    page.locator("#score-guesses .own", has_text="antibiotics").first.wait_for()
    both_schemes(page, f"5-score-{width}")
    page.get_by_role("tab", name="Learn").click()
    page.locator("#learn .surprisal .scored").first.wait_for()
    both_schemes(page, f"6-learn-{width}")
    assert page.evaluate("document.documentElement.scrollWidth") <= width


def test_a_page_that_a_link_with_a_comparison_opens_works_on(open_page):
    page = open_page("?text=The+<mask>+sat.&model=general&k=8&compare=biomedical")
    failed = []
    page.on("response", lambda r: failed.append(r.url) if r.status >= 500 else None)
    page.get_by_label("Sentence").first.fill("The king sat on his <mask>.")
    page.locator("#fill").click()
    page.locator("#results").get_by_text("The king sat on his ").first.wait_for(state="attached")
    assert words(page, "biomedical")
    page.locator("#model input").fill("nobody/nothing")  # an id that is no choice is taken as well
    page.keyboard.press("Enter")
    choose(page, "model", "Biomedical · Small BERT")
    page.wait_for_selector("#results .domain-general", state="detached")
    page.locator("#copy-link").click()
    page.wait_for_function("document.querySelector('#link textarea, #link input').value.includes('?text=')")
    link = page.locator("#link textarea, #link input").input_value()
    assert "model=biomedical&k=8&compare=biomedical" in link
    assert failed == []
    second = open_page(link[link.index("?") :])
    assert words(second, "biomedical") == words(page, "biomedical")


def test_the_sentence_fills_without_leaving_the_keyboard(open_page, picture):
    page = open_page(PARIS)
    page.get_by_label("Sentence").first.focus()
    page.keyboard.press("Control+A")
    page.keyboard.type("The ship sailed across the <mask>.")
    page.keyboard.press("Enter")
    page.get_by_text("The ship sailed across the sea.").wait_for(state="attached")
    for _ in range(30):
        page.keyboard.press("Tab")
        if page.evaluate("document.activeElement.matches('#results li')"):
            break
    assert page.locator("#results li:focus .sentence").is_visible()
    picture(page, "keyboard-focus")
    assert (
        page.locator("#results li:focus").get_attribute("aria-label").startswith("atlantic, probability 0.14")
    )


@nightly
def test_a_touch_hides_a_word_and_puts_a_guess_in(open_browser):
    page = open_browser(
        "?text=Paris+is+the+capital+of+France.&model=general", width=390, wait_for="#words button"
    )
    sentence = page.locator("#sentence textarea")
    page.locator("#words").get_by_role("button", name="Hide capital").tap()
    expect(sentence).to_have_value("Paris is the <mask> of France.")
    page.locator("#results li", has_text="city").first.tap()
    expect(sentence).to_have_value("Paris is the city of France.")


MASK_AT = [
    ("Paris is the capital of France.", (13, 20), "Paris is the <mask> of France."),
    ("Paris is the capital of France.", (12, 21), "Paris is the <mask> of France."),
    ("Paris is the of France.", (13, 13), "Paris is the <mask> of France."),
    ("Paris is the", (12, 12), "Paris is the <mask>"),
    ("", (0, 0), "<mask>"),
]


def test_words_are_hidden_brought_back_and_put_in_by_pressing_them(open_page, pictures):
    page = open_page("?text=Paris+is+the+capital+of+<mask>.&model=general")
    row, results, sentence = (page.locator(f"#{name}") for name in ("words", "results", "sentence textarea"))

    def answered(text, masks):
        page.wait_for_function(
            "text => document.querySelector('#sentence textarea').value === text", arg=text
        )
        page.wait_for_function("n => document.querySelectorAll('#results figure').length === n", arg=masks)
        page.locator("#answer-for .old").wait_for(state="detached")

    row.get_by_role("button", name="Hide capital").click()
    answered("Paris is the <mask> of <mask>.", 2)
    pictures(page, "pressed")
    results.locator(".mask").nth(1).locator("li", has_text="france").click()
    answered("Paris is the <mask> of france.", 1)
    row.get_by_role("button", name="Hide Paris").focus()
    page.keyboard.press("Enter")
    answered("<mask> is the <mask> of france.", 2)
    assert row.locator("mark:focus").get_attribute("aria-label") == "Bring back Paris"
    page.keyboard.press("Space")
    answered("Paris is the <mask> of france.", 1)
    results.locator("li", has_text="capital").focus()
    page.keyboard.press("Enter")
    page.locator("#answer-for .old").wait_for()  # nothing is left to fill
    expect(sentence).to_have_value("Paris is the capital of france.")
    page.get_by_role("button", name="Every position").click()
    row.get_by_role("button", name=re.compile(r"Hide capital ?\. Guess: capital ?\. Rank #1 ")).click()
    answered("Paris is the <mask> of france.", 1)
    assert row.locator(".positions").count() == 0
    page.get_by_role("button", name="Why?").click()
    row.get_by_role("button", name=re.compile(r"Hide france ?\. capital is less probable without it")).click()
    answered("Paris is the <mask> of <mask>.", 2)
    page.get_by_role("button", name="Why?").click()
    second = row.get_by_role("button", name="Explain blank 2 of 2")
    second.press("Enter")
    row.get_by_text("at blank 2 of 2 with probability").wait_for()
    expect(second).to_be_focused()
    measures = {name: row.get_by_role("button", name=f"Measure by {name}") for name in ("hiding", "gradient")}
    measures["gradient"].press("Enter")
    row.get_by_role("button", name=re.compile(r"Hide Paris ?\. Share of the gradient: [0-9.]+%")).wait_for()
    row.get_by_text("at blank 2 of 2 with probability").wait_for()
    expect(measures["gradient"]).to_be_focused()
    expect(measures["gradient"]).to_have_attribute("aria-pressed", "true")
    pictures(page, "gradient")
    row.get_by_role("button", name="Explain blank 1 of 2").click()
    row.get_by_text("at blank 1 of 2 with probability").wait_for()
    expect(measures["gradient"]).to_have_attribute("aria-pressed", "true")
    measures["hiding"].click()
    row.get_by_role("button", name=re.compile(r"Hide Paris ?\. .+ without it")).wait_for()
    expect(measures["hiding"]).to_have_attribute("aria-pressed", "true")


def test_a_late_row_of_the_sentence_before_takes_neither_focus_nor_word(open_page):
    page = open_page(PARIS)
    row, held, city = page.locator("#words"), [], "Paris is the city of France."

    def answer(route):
        """Hold back what is asked about the sentence with the guess put in, a pause after it stands there."""
        late = not held and city in json.loads(route.request.post_data or "{}").get("data", ())
        held.append(route) if late else route.continue_()

    page.route("**/gradio_api/run/predict*", answer)
    page.locator("#results li", has_text="city").first.click()
    until(lambda: held or page.wait_for_timeout(50), 20)
    row.get_by_role("button", name="Hide Paris").press("Enter")
    blank = row.get_by_role("button", name="Bring back Paris")
    expect(blank).to_be_focused()
    rows = page.evaluate_handle(
        "() => { const seen = [], row = document.querySelector('#words');"
        " new MutationObserver(() => seen.push(row.querySelector('[data-text]')?.dataset.text)).observe("
        "row, {subtree: true, childList: true, attributes: true}); return seen; }"
    )
    held[0].continue_()
    until(lambda: city in rows.json_value() or page.wait_for_timeout(50), 20)
    until(lambda: rows.json_value()[-1] != city or page.wait_for_timeout(50), 20)
    expect(blank).to_be_focused()


def test_the_mask_goes_to_the_cursor_or_the_selected_word(open_page):
    page = open_page()
    box = page.get_by_label("Sentence").first
    for typed, selection, expected in MASK_AT:
        box.fill(typed)
        box.evaluate(
            "(box, [start, end]) => { box.focus(); box.setSelectionRange(start, end); }", list(selection)
        )
        page.locator("#insert").click()
        page.wait_for_function(
            "text => document.querySelector('#sentence textarea').value === text", arg=expected
        )
        page.wait_for_timeout(150)
        assert box.evaluate("box => box === document.activeElement"), typed
        assert box.evaluate("box => box.selectionStart") == expected.index("<mask>") + len("<mask>"), typed


def test_an_example_shows_both_models(open_page, picture):
    page = open_page()
    page.get_by_role("button", name="Mutations in this").click()
    page.get_by_text("Mutations in this gene cause the disease.").first.wait_for(state="attached")
    assert (words(page)[0], words(page, "biomedical")[0]) == ("can", "gene")
    picture(page, "example")


def test_targets_several_masks_and_joint_filling(open_page, picture):
    page = open_page("?text=The+<mask>+sat+on+the+<mask>.&k=4&joint=1")
    titles = page.locator("#results h3").all_inner_texts()
    assert [title.split("\n")[0].strip() for title in titles] == [
        "Blank 1 of 2",
        "Blank 2 of 2",
        "All blanks filled together",
    ]
    picture(page, "joint")
    page.get_by_label("Targets").fill("dog, cat, hepatosplenomegaly")
    page.keyboard.press("Enter")
    page.get_by_text("pieces, left to right").first.wait_for()
    picture(page, "targets")


def test_the_answer_comes_home_as_json_and_csv(open_page):
    page = open_page("?compare=biomedical")
    with page.expect_download() as waiting:
        page.locator("#download-json").click()
    content = json.loads(waiting.value.path().read_text())
    assert content["answers"][0]["masks"][0][0]["word"] == "capital"
    with page.expect_download() as waiting:
        page.locator("#download-csv").click()
    assert waiting.value.suggested_filename == "predictions.csv"
    assert len(pd.read_csv(waiting.value.path())) == 16


def test_the_code_shown_names_the_model_and_the_sentence(open_page):
    page = open_page(PARIS)
    page.get_by_role("button", name="Show code").click()
    page.wait_for_selector("#code .cm-content")
    code = page.locator("#code .cm-content").all_inner_texts()
    assert "pipeline" in code[0]
    assert "Paris is the [MASK] of France." in code[0]
    assert "python -m mlm_demo fill --model general --top-k 8" in code[1]


BAD_LINKS = [
    ("?k=zero", "The link's k='zero' is not a whole number above 0 and was ignored."),
    ("?model=no+such+model", "The link's model='no such model' was ignored."),
    ("?model=nobody/nothing", "The link could not be answered. The Hub cannot be reached"),
    ("?targets=%2C", "The link could not be answered. The targets ',' contain no word"),
]


def test_a_bad_link_opens_the_page_with_a_notice(open_page, address):
    page = open_page()
    for query, message in some(BAD_LINKS, 2):
        page.goto(address + query)
        page.locator("#results .notices").get_by_text(message).wait_for()
        assert words(page)[0] == "capital", query


BAD_SENTENCES = [
    ("", "The sentence is empty"),
    ("no mask", "The sentence holds no mask; put <mask> where"),
    ("<mask> " * 17, "The sentence holds 17 masks; at most 16 can"),
    ("<mask>" + "x" * 20_000, "The sentence has 20,006 characters; the limit is 20,000"),
]


def test_after_a_bad_sentence_the_answer_stays(open_page):
    page = open_page(PARIS)
    for sentence, message in BAD_SENTENCES:
        ask(page, sentence)
        page.locator("#results .refusal").get_by_text(message).wait_for()
        assert page.locator("#results .stale").count() == 1, sentence[:20]
        assert "Traceback" not in page.content()
        assert words(page)[0] == "capital", sentence[:20]


def test_after_a_bad_number_or_model_the_answer_stays(open_page, picture):
    page = open_page(PARIS)
    page.locator("#more").get_by_role("button").first.click()
    number = page.get_by_label("Number of words")
    expect(number).to_have_value("8")  # what the form holds arrives after the panel opens, once or twice
    page.evaluate("new Promise((idle) => requestIdleCallback(idle))")
    number.fill("0")
    expect(number).to_have_value("0")
    page.keyboard.press("Enter")
    page.locator("#results .refusal").get_by_text(
        "top_k is '0'; it must be a whole number from 1 to 30,522"
    ).wait_for()
    page.get_by_label("Number of words").fill("5")
    page.keyboard.press("Enter")
    page.locator("#results .refusal").wait_for(state="detached")
    page.locator("#model input").fill("nobody/nothing")
    page.keyboard.press("Enter")
    page.locator("#fill").click()
    page.locator("#results .refusal").get_by_text(
        re.compile("The Hub cannot be reached|The Hub sent nothing")
    ).wait_for()
    picture(page, "error")
    assert words(page)[0] == "capital"


EIGHT_MORE = """() => Promise.all([...Array(8).keys()].map(
  (i) => fetch(`/gradio_api/heartbeat/tab${i}`).then((answer) => answer.text())))"""


def test_more_tabs_than_a_browser_has_connections_open_and_close(open_page, served):
    """Over HTTP/1.1 a browser has six to one address; a page of Gradio's keeps one for as long as it is open."""
    page = open_page()
    assert page.evaluate(EIGHT_MORE) == ["data: ALIVE\n\n"] * 8
    sessions = served[0].app.state_holder.session_data
    session = sessions[page.evaluate("window.__gradio_session_hash__")]
    assert not session.is_closed
    page.goto("about:blank")
    until(lambda: session.is_closed)
    page.go_back()
    page.wait_for_selector("#results figure")
    opened = sessions[page.evaluate("window.__gradio_session_hash__")]
    until(lambda: not opened.is_closed)


def test_every_field_and_button_has_a_name_and_no_list_stays_open(open_page):
    page = open_page()
    expect(
        page.locator("#compare").get_by_role("button", name="Remove biomedical (built in)")
    ).to_be_visible()
    page.locator("#model input").first.focus()
    page.locator("#model [role=listbox]").wait_for()
    page.keyboard.press("Shift+Tab")
    expect(page.locator("#model [role=listbox]")).not_to_be_visible()
    for tab in ("Fill mask", "Score"):
        page.get_by_role("tab", name=tab).click()
        for more in page.get_by_role("button", name=re.compile("^(More|Options)")).all():
            if more.is_visible():
                more.click()
        unnamed = page.evaluate(
            """() => [...document.querySelectorAll('input, textarea, button')].filter(e => e.offsetParent)
              .filter(e => !(e.labels?.length || e.getAttribute('aria-label') || e.textContent.trim() || e.title))
              .map(e => e.outerHTML.slice(0, 200))"""
        )
        assert unnamed == []
