"""JavaScript for pressing words, guesses and examples; `trigger` starts an event of the page."""

from mlm_demo.web.javascript import scroll_to

# A pressed word becomes a blank, and the blank remembers it: `behind` holds the words of the blanks of each text that
# was made here. Until the row changes the first press counts, because Gradio (6.31) drops a second one. Where the
# keyboard pressed a word, the new row has the focus on what took its place, until the person goes elsewhere: the answer
# to what was typed before may come late and draw the old row once more.
# The row of 'Every position' stays as long as its sentence, though each answer draws the words again.
WORDS = """
const behind = new Map();
let expected = null, focus = null, positions = null;
const parts = (kind) => [...element.querySelectorAll(kind + '[data-start]')];
const shown = () => (element.querySelector('[data-text]') || {dataset: {}}).dataset.text;
const press = (part, byKeyboard) => {
  const text = shown(), start = Number(part.dataset.start), end = Number(part.dataset.end);
  const words = parts('mark').map((mark, number) => (behind.get(text) || [])[number]);
  const before = parts('mark').filter((mark) => Number(mark.dataset.start) < start), number = before.length;
  const isBlank = part.matches('mark'), own = part.querySelector('.own') || part;
  window.pressedBlank = isBlank ? null : number;
  const word = isBlank ? words[number] : own.textContent;
  if (!word) return;
  // The server writes every blank as <mask>.
  const longer = (mark) => '<mask>'.length - (Number(mark.dataset.end) - Number(mark.dataset.start));
  const at = before.reduce((sum, mark) => sum + longer(mark), start);
  if (!expected || expected.from !== text) {
    expected = isBlank ? {words: words.toSpliced(number, 1)} : {words: words.toSpliced(number, 0, word), number, at};
    expected.from = text;
  }
  focus = byKeyboard ? {from: text, place: parts('').indexOf(part)} : null;
  trigger('select', isBlank ? {text, start, end, word} : {text, start, end});
};
let chosen = -1;  // the button of the hint of 'Why?' that the keyboard pressed, as a number
const choices = () => [...element.querySelectorAll('[data-why]')];
element.addEventListener('click', (event) => {
  const part = event.target.closest('[data-start]'), choice = event.target.closest('[data-why]');
  if (choice) {
    chosen = event.detail ? -1 : choices().indexOf(choice);
    trigger('like', {mask: Number(choice.dataset.why), measure: choice.dataset.measure});
  }
  if (part) press(part, !event.detail);
});
element.addEventListener('keydown', (event) => {
  if (!event.target.matches('mark') || !['Enter', ' '].includes(event.key)) return;
  event.preventDefault();
  press(event.target, true);
});
const leave = ({target}) => {
  if (focus && target !== parts('')[focus.place]) focus = null;
};
document.addEventListener('focusin', leave);
document.addEventListener('pointerdown', leave);
const refresh = () => {
  const marks = parts('mark');
  const isHere = ({words, number, at}) =>
    words.length === marks.length && (at === undefined || Number(marks[number].dataset.start) === at);
  if (expected && expected.from !== shown()) {
    if (isHere(expected)) behind.set(shown(), expected.words);
    expected = null;
  }
  marks.forEach((mark, number) => {
    const word = (behind.get(shown()) || [])[number], spoken = `Bring back ${word}`;
    const attributes = {role: 'button', tabindex: 0, title: spoken, 'aria-label': spoken};
    for (const [name, value] of Object.entries(attributes)) {
      if (word) mark.setAttribute(name, value);
      else mark.removeAttribute(name);  // Gradio keeps the elements of the row before
    }
  });
  const place = focus && focus.from !== shown() ? parts('')[focus.place] : choices()[chosen];
  if (place) place.focus();
  chosen = -1;
};
watch('value', () => {
  if (element.querySelector('.positions')) positions = {text: shown(), row: props.value};
  else if (positions && positions.text === shown()) {
    props.value = positions.row;
    setTimeout(refresh, 50);
    return;
  }
  refresh();
});
"""

# A row of the chart is pressed by a click or touch anywhere on it, or with Enter or the space bar. Present shows the
# chart that is chosen: that of a word that was pressed, or the same one as before.
GUESSES = """
let pressed = false, chosen = 0;
const choose = (number) => {
  const charts = [...element.querySelectorAll('.figures > *')];
  chosen = number < charts.length ? number : 0;
  charts.forEach((chart, n) => chart.classList.toggle('chosen', n === chosen));
  for (const part of element.querySelectorAll('.mask')) {
    part.classList.toggle('chosen', part.contains(charts[chosen]));
  }
  for (const button of element.querySelectorAll('[data-chart]')) {
    button.setAttribute('aria-pressed', Number(button.dataset.chart) === chosen);
  }
};
element.addEventListener('click', (event) => {
  const button = event.target.closest('[data-chart]');
  if (button) choose(Number(button.dataset.chart));
});
const put = (row) => trigger('select', {sentence: row.querySelector('.sentence').textContent});
element.addEventListener('click', (event) => {
  const row = event.target.closest('li');
  if (!row || !row.querySelector('.put') || event.target.closest('.sentence')) return;
  if (!String(getSelection()).trim()) put(row);  // not after text was selected
});
element.addEventListener('keydown', (event) => {
  if (!event.target.matches('li:has(.put)') || !['Enter', ' '].includes(event.key)) return;
  event.preventDefault();
  pressed = true;
  put(event.target);
});
watch('value', () => {
  const masks = [...element.querySelectorAll('.mask')];
  const models = masks.length ? masks[0].querySelectorAll('.figures > *').length : 1;
  choose(window.pressedBlank > -1 ? window.pressedBlank * models + chosen % models : chosen);
  window.pressedBlank = null;
  const first = element.querySelector('li');
  if (pressed && first) first.focus();
  pressed = false;
});
"""

# The name of a group shows its examples, in another order at each visit; an example is pressed.
EXAMPLES = """
element.querySelectorAll('.example-group').forEach((group) => {
  const left = [...group.querySelectorAll('button')];
  while (left.length) group.append(left.splice(Math.floor(Math.random() * left.length), 1)[0]);
});
element.addEventListener('change', (event) => {
  const chosen = Number(event.target.value);
  element.querySelectorAll('.example-group').forEach((group, number) => {
    group.classList.toggle('chosen', number === chosen);
  });
});
element.addEventListener('click', (event) => {
  const button = event.target.closest('[data-example]');
  if (!button) return;
  trigger('select', {group: Number(button.dataset.group), example: Number(button.dataset.example)});
  (SCROLL)();  // out of sight on a phone, and the answer with it
});
""".replace("SCROLL", scroll_to("sentence"))

# Large print for a projector: only the sentence and one chart, on the whole screen where the browser allows it; the
# arrow keys go to the next one. The same button, or Escape, ends it; leaving the whole screen by other means ends it
# too.
PRESENT = """() => {
  const page = document.querySelector('#tabs').parentElement;  // Gradio scopes the style sheet to what is in it
  const present = (on) => {
    if (on === page.classList.contains('presenting')) return;
    page.classList.toggle('presenting', on);
    document.querySelector('#present').textContent = on ? 'Close' : 'Present';
    window.scrollTo(0, 0);
    if (on && document.body.requestFullscreen) document.documentElement.requestFullscreen().catch(() => {});
    if (!on && document.fullscreenElement) document.exitFullscreen();
  };
  if (!window.presents) {
    window.presents = true;
    document.addEventListener('fullscreenchange', () => document.fullscreenElement || present(false));
    const next = (event, step) => {
      if (!page.classList.contains('presenting') || event.target.matches('input, textarea')) return;
      const charts = [...document.querySelectorAll('#results [data-chart]')];
      const now = charts.findIndex((button) => button.getAttribute('aria-pressed') === 'true');
      if (charts.length) charts[(now + step + charts.length) % charts.length].click();
    };
    document.addEventListener('keydown', (event) => {
      if (event.key === 'Escape') present(false);
      if (event.key === 'ArrowRight') next(event, 1);
      if (event.key === 'ArrowLeft') next(event, -1);
    });
  }
  present(!page.classList.contains('presenting'));
}"""
