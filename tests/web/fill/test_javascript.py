"""The row of words in Node, without a browser: what a press sends, and which word a blank brings back."""

import json
import re
import shutil
import subprocess

import pytest

from mlm_demo.web.fill.javascript import WORDS
from mlm_demo.web.fill.words import word_row

NODE = shutil.which("node")
ROW = """const [code, steps] = JSON.parse(process.argv[1]), listeners = {}, sent = [];
let row, changed;
const part = ({kind, start, end, word}) => ({
  dataset: {start, end}, textContent: word, matches: (tag) => tag === kind, querySelector: () => null,
  closest(selector) { return selector === '[data-start]' ? this : null; },
  setAttribute(name, value) { this[name] = value; }, removeAttribute(name) { delete this[name]; },
});
globalThis.window = {};
globalThis.document = {addEventListener() {}};
const props = {}, trigger = (name, data) => sent.push(data), watch = (name, then) => { changed = then; };
const element = {
  addEventListener: (name, then) => { listeners[name] = then; },
  querySelector: (selector) => selector === '[data-text]' ? {dataset: {text: row.text}} : null,
  querySelectorAll: (selector) => selector.endsWith('[data-start]')
    ? row.parts.filter((one) => selector[0] === '[' || one.matches('mark')) : [],
};
eval(code);
for (const step of steps) {
  if (step.text === undefined) listeners.click({target: row.parts[step], detail: 1});
  else { row = {text: step.text, parts: step.parts.map(part)}; changed(); }
}
process.stdout.write(JSON.stringify([sent, row.parts.map((one) => one.title || '')]));"""
PART = re.compile(r'<(mark|button)[^>]* data-start="(\d+)" data-end="(\d+)"[^>]*>([^<]*)')


def after(*steps):
    """Return what presses have sent, and the titles of the last row; a step is a text, or the number of a part."""
    given = [step if isinstance(step, int) else row_of(step) for step in steps]
    command = [NODE, "-e", ROW, json.dumps([WORDS, given])]
    return json.loads(subprocess.run(command, capture_output=True, text=True, check=True).stdout)


def row_of(text):
    parts = [
        dict(zip(("kind", "start", "end", "word"), found, strict=True))
        for found in PART.findall(word_row(text))
    ]
    return {"text": text, "parts": parts}


@pytest.mark.skipif(not NODE, reason="no Node on this machine")
def test_a_blank_brings_its_word_back_also_if_another_word_was_pressed_before_it_was_there():
    for number, made in (0, "<mask> ate the fish."), (3, "She ate the <mask>."):
        word = ["She", "ate", "the", "fish"][number]
        # Pressed once, twice, another one after it, or with the row of what was typed before arriving late.
        for second in ((), (number,), (1,), ("She ate the fish.",)):
            sent, titles = after("She ate the fish.", number, *second, made)
            assert sent[0]["start"] == "She ate the fish.".index(word)
            assert titles[number] == f"Bring back {word}"
    _, titles = after("She ate the fish.", 3, 0, "<mask> ate the fish.")
    assert titles[0] == "", "the second press was answered"


@pytest.mark.skipif(not NODE, reason="no Node on this machine")
def test_a_blank_after_one_in_other_characters_brings_its_word_back():
    sent, titles = after("A [MASK] or ___ sat.", 4, "A <mask> or <mask> <mask>.")
    assert sent[0]["start"] == len("A [MASK] or ___ ")
    assert titles == ["", "", "", "", "Bring back sat"]
