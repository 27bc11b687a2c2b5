"""JavaScript of the page in Node, without a browser."""

import json
import shutil
import subprocess

import pytest

from mlm_demo.web.javascript import INSERT_MASK, MAX_QUERY, copy_link, name_old_sentences

NODE = shutil.which("node")
BOX = """const [code, value, start, end] = JSON.parse(process.argv[1]);
const box = {value, selectionStart: start, selectionEnd: end, focus() {}, setSelectionRange() {}};
globalThis.document = {querySelector: () => box};
process.stdout.write(eval(code)(''));"""


PAGE = """const [code, given] = JSON.parse(process.argv[1]), copied = [], button = {dataset: {}, textContent: 'Copy'};
const node = () => ({append(...nodes) { this.outerHTML = nodes.map((one) => one.textContent).join(' '); }});
globalThis.document = {createElement: node, querySelector: () => button};
Object.defineProperty(globalThis, 'navigator', {value: {clipboard: {writeText: async (text) => copied.push(text)}}});
globalThis.location = {origin: 'http://host', pathname: '/'};
globalThis.setTimeout = () => {};
const returned = eval(code)(...given);
Promise.resolve().then(() => process.stdout.write(JSON.stringify([returned, copied, button.textContent])));"""
in_node = pytest.mark.skipif(not NODE, reason="no Node on this machine")


def in_page(code, *given):
    """Return what JavaScript returned, what it copied, and the text of its button."""
    command = [NODE, "-e", PAGE, json.dumps([code, given])]
    return json.loads(subprocess.run(command, capture_output=True, text=True, check=True).stdout)


def inserted(sentence):
    """Insert a mask where a sentence has a bar, or in place of what stands between two bars."""
    left, *chosen, right = sentence.split("|")
    body = "".join(chosen)
    given = [INSERT_MASK, left + body + right, len(left), len(left) + len(body)]
    return subprocess.run(
        [NODE, "-e", BOX, json.dumps(given)], capture_output=True, text=True, check=True
    ).stdout


@in_node
@pytest.mark.parametrize(
    ("sentence", "shown"),
    [
        ("Paris is in France.|", "Paris is in France. <mask>"),
        ("France,|too", "France, <mask> too"),
        ("the|", "the <mask>"),
        ("the |cat", "the <mask> cat"),
        ("(so)|(and)", "(so) <mask> (and)"),
        ("a (|)", "a (<mask>)"),
        ('a "|"', 'a "<mask>"'),
        ('a "b"|', 'a "b" <mask>'),
        ("a “|”", "a “<mask>”"),
        ("well-|", "well-<mask>"),
        ("<mask>|", "<mask> <mask>"),
        ("|", "<mask>"),
        ("|.", "<mask>."),
        ("The |cat| sat.", "The <mask> sat."),
        ("The| cat |sat.", "The <mask> sat."),
        ("un|happy|.", "un<mask>."),
        ("东京是日本的首都。|", "东京是日本的首都。<mask>"),
        ("东京是|的首都", "东京是<mask>的首都"),
    ],
)
def test_a_mask_has_the_spaces_that_the_text_needs(sentence, shown):
    assert inserted(sentence) == shown


@in_node
def test_a_link_is_copied_unless_nobody_could_open_it():
    assert in_page(copy_link("copy"), "?text=a") == ["http://host/?text=a", ["http://host/?text=a"], "Copied"]
    for start in ("?text=", "https://host/?text="):
        said, copied, button = in_page(copy_link("copy"), start + "a" * MAX_QUERY)
        assert said == "This answer is too long for a link."
        assert (copied, button) == ([], "Too long")


SCORED = "?score=A+dog.&against=A+cat.&scored_by=general,biomedical"
OTHER = "This answer is for other settings. Press Enter or Score for a new one."


@in_node
@pytest.mark.parametrize(
    ("form", "link", "said"),
    [
        (("A dog.", "A cat.", ["general", "biomedical"], "within_word"), SCORED, ""),
        (("A dog.", "A cat.", ["general"], "within_word"), SCORED, OTHER),
        (("A dog.", "A cat.", [], "within_word"), SCORED, OTHER),
        (("A dog.", "A cat.", ["general", "biomedical"], "original"), SCORED, OTHER),
        (("A dog.", "", ["general"], "original"), "?score=A+dog.&scored_by=general&method=original", ""),
        (("A dog.", None, [], "within_word"), "?score=A+dog.&scored_by=general", ""),
        (("A dog.", "", ["general"], "original"), "", ""),
        (
            ("A dog", "A cat.", ["general", "biomedical"], "within_word"),
            SCORED,
            "This answer is for: A dog. / A cat. Press Enter or Score for a new one.",
        ),
    ],
)
def test_scores_of_another_form_say_what_they_are_for(form, link, said):
    assert in_page(name_old_sentences("score", "against", "scored_by", "Score"), *form, link)[0] == said


@in_node
@pytest.mark.parametrize(
    ("models", "asked", "same"),
    [
        (("general", ""), "general", True),
        (("general", "biomedical"), "general,biomedical", True),
        (("general", "biomedical"), "general", False),
        (("biomedical", ""), "general", False),
        (("", "biomedical"), "general,biomedical", True),
        ((None, None), "general", True),
    ],
)
def test_a_contrast_of_other_models_says_so(models, asked, same):
    code = name_old_sentences("contrast", "with", "asked", "Compare")
    said = in_page(code, "A <mask>.", "", *models, f"?contrast=A+%3Cmask%3E.&asked={asked}")[0]
    assert said == (
        "" if same else "This answer is for other settings. Press Enter or Compare for a new one."
    )
