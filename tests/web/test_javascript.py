"""JavaScript of the page in Node, without a browser."""

import json
import shutil
import subprocess

import pytest

from mlm_demo.web.javascript import INSERT_MASK

NODE = shutil.which("node")
BOX = """const [code, value, start, end] = JSON.parse(process.argv[1]);
const box = {value, selectionStart: start, selectionEnd: end, focus() {}, setSelectionRange() {}};
globalThis.document = {querySelector: () => box};
process.stdout.write(eval(code)(''));"""


def inserted(sentence):
    """Insert a mask where a sentence has a bar, or in place of what stands between two bars."""
    left, *chosen, right = sentence.split("|")
    body = "".join(chosen)
    given = [INSERT_MASK, left + body + right, len(left), len(left) + len(body)]
    return subprocess.run(
        [NODE, "-e", BOX, json.dumps(given)], capture_output=True, text=True, check=True
    ).stdout


@pytest.mark.skipif(not NODE, reason="no Node on this machine")
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
