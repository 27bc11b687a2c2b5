"""Hostile text wherever the page shows a person's or a model's words; none of it may run."""

import shutil
from urllib.parse import urlencode

from tests.support.nightly import some
from tests.support.tiny_models import save_tiny

HOSTILE = [
    "<img src=x onerror=window.fired=1>",
    "<script>window.fired=1</script>",
    "<svg onload=window.fired=1>",
    "${window.fired=1}",
    "`${window.fired=1}`",
    "{{window.fired=1}}",
    "{{constructor.constructor('window.fired=1')()}}",
    "'\"><img src=x onerror=window.fired=1>",
    "[x](javascript:window.fired=1)",
]


def assert_is_text(page):
    assert page.locator("#results img, #score-results img, #results script, svg[onload]").count() == 0


def assert_nothing_ran(page):
    """Check what was shown since the page was opened."""
    assert_is_text(page)
    page.wait_for_timeout(300)
    assert page.evaluate("window.fired") is None


def test_in_the_sentence_the_chart_the_table_and_the_code(open_page):
    text = f"{' '.join(HOSTILE)} the <mask> sat"
    page = open_page("?" + urlencode({"text": text, "compare": "biomedical"}))
    shown = page.locator("#results .sentence").first.text_content()
    assert all(hostile in shown for hostile in HOSTILE)
    assert_is_text(page)
    page.get_by_role("radio", name="Table").check()
    page.wait_for_selector("#results table")
    shown = page.locator("#results td").last.text_content()
    assert all(hostile in shown for hostile in HOSTILE)
    page.get_by_role("button", name="Show code").click()
    page.locator("#copy-link").click()
    assert_is_text(page)
    assert page.locator("#answer-for .old").count() == 0, "the form is the same as its link"
    page.locator("#sentence textarea").fill("Not finished")
    assert all(hostile in page.locator("#answer-for .old").text_content() for hostile in HOSTILE)
    assert_nothing_ran(page)


def test_in_targets_model_names_notices_and_errors(open_page, address):
    page = open_page()
    for hostile in some(HOSTILE, 2):
        query = {"targets": f"dog,{hostile}", "model": hostile, "compare": hostile, "k": hostile}
        page.goto(f"{address}?{urlencode(query)}")
        page.locator("#results .notices", has_text="was ignored").wait_for()
        assert_is_text(page)
        page.locator("#model input").fill(hostile)
        page.keyboard.press("Enter")
        page.locator("#fill").click()
        page.locator("#results .refusal").get_by_text("does not name a model; use general").wait_for()
        assert_nothing_ran(page)


def test_in_the_score(open_page, tmp_path):
    save_tiny(tmp_path / "tiny")
    page = open_page(
        "?" + urlencode({"score": "The cat sat.", "scored_by": tmp_path / "tiny"}),
        wait_for="#score-results .scored",
    )
    for number, hostile in enumerate(some(HOSTILE, 4)):
        page.locator("#score-sentence textarea").fill(f"The {hostile} sat {number + 30} times.")
        page.keyboard.press("Enter")
        page.locator("#score-results .scored", has_text=str(number + 30)).first.wait_for()
        assert_is_text(page)
        page.locator("#score-sentence textarea").fill(f"{hostile} <mask>")
        page.keyboard.press("Enter")
        page.locator("#score-results .refusal").get_by_text("The sentence holds a mask").wait_for()
        assert_is_text(page)
    assert_nothing_ran(page)


def test_in_the_tokens_and_the_folder_of_a_model(open_page, tmp_path):
    folder = tmp_path / "${window.fired=1}<img src=x onerror=window.fired=1>"
    save_tiny(folder)
    vocabulary = (folder / "tokenizer.json").read_text()
    kinds = ["<img src=x onerror=window.fired=1>", "${window.fired=1}`{{x}}"]
    for i, letter in enumerate("abcdefghijklmnopqrstuvwxyz"):
        vocabulary = vocabulary.replace(f'"{letter}":', f'"{letter}{kinds[i % 2]}":')
    (folder / "tokenizer.json").write_text(vocabulary)
    page = open_page(
        "?" + urlencode({"text": "the <mask> sat", "model": str(folder), "k": 100, "compare": "general"})
    )
    shown = " ".join(page.locator("#results .domain-other .word").all_text_contents())
    assert all(kind in shown for kind in kinds)
    assert_is_text(page)
    page.get_by_role("radio", name="Table").check()
    page.wait_for_selector("#results table")
    assert_nothing_ran(page)
    shutil.rmtree(folder)
