"""The Contrast tab: a link, a swapped word, the plot as files; and Present on the first tab."""

from playwright.sync_api import expect

LINK = "?contrast=The+nurse+said+<mask>+sat.&with=The+teacher+said+<mask>+sat.&asked=general"
SIZE = "(selector => parseFloat(getComputedStyle(document.querySelector(selector)).fontSize))"
SENTENCE, WORD = 38, 26  # pixels, at 1280: how large `Present` writes them at least


def test_a_link_a_swap_files_and_large_print(open_page, pictures):
    page = open_page(LINK, wait_for="#contrast-results .name >> nth=3")
    results = page.locator("#contrast-results")
    expect(page.locator("#contrast-second textarea")).to_have_value("The teacher said <mask> sat.")
    assert results.locator(".name").count() > 3
    pictures(page, "contrast")

    page.locator("#contrast-swaps button", has_text="surgeon").click()
    results.locator(".axis-name", has_text="Second: The surgeon said ___ sat.").wait_for()
    assert "surgeon" in page.evaluate("location.search")
    page.locator("#contrast-first textarea").fill("The farmer said <mask> sat.")
    old = page.locator("#contrast-answer-for .old")
    expect(old).to_contain_text("This answer is for: The nurse said <mask> sat. / The surgeon said")
    page.locator("#contrast-first textarea").fill("The nurse said <mask> sat.")
    old.wait_for(state="detached")
    for kind, begins in (("svg", b"<svg"), ("png", b"\x89PNG")):
        with page.expect_download() as saved:
            page.locator(f"#contrast-{kind}").click()
        data = saved.value.path().read_bytes()
        assert data.startswith(begins)
        assert len(data) > 10_000
        assert b"var(" not in data, "a file has no style sheet to look colors up in"
        assert kind == "png" or b"More probable in the second" in data, "the bars are in the picture"

    page.get_by_role("tab", name="Fill mask").click()
    page.locator("#results .word").first.wait_for()
    page.locator("#present").click()
    page.wait_for_function(f"{SIZE}('#results .word') >= {WORD}")  # Gradio's buttons change with a transition
    assert page.evaluate(f"{SIZE}('#words .word-row')") >= SENTENCE
    assert not page.locator("#sentence").is_visible()
    charts = page.locator("#results figure")
    assert [chart.is_visible() for chart in charts.all()] == [True, False], (
        "one chart, though two models were asked"
    )
    page.keyboard.press("ArrowRight")
    expect(charts.nth(1)).to_be_visible()
    assert not charts.nth(0).is_visible()
    page.locator("#words button", has_text="slow").click()
    page.locator("#results .which-chart button").nth(3).wait_for()
    assert [chart.is_visible() for chart in charts.all()] == [False, False, False, True], "the pressed word's"
    page.get_by_role("button", name="general, blank 1").click()
    expect(charts.nth(0)).to_be_visible()
    pictures(page, "present")
    page.keyboard.press("Escape")
    page.locator("#sentence").wait_for()
    page.wait_for_function(f"{SIZE}('#results .word') < {WORD}")
