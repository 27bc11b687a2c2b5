"""JavaScript for pressing the words of the sentence and of the chart; `trigger` starts an event of the page."""

# Where the keyboard pressed a word, the new row has the focus on the word after it.
WORDS = """
let pressed = -1;
element.addEventListener('click', (event) => {
  const word = event.target.closest('[data-start]');
  if (!word) return;
  pressed = event.detail ? -1 : [...element.querySelectorAll('[data-start]')].indexOf(word);
  const {start, end} = word.dataset, text = element.querySelector('[data-text]').dataset.text;
  trigger('select', {text, start: Number(start), end: Number(end)});
});
watch('value', () => {
  const words = [...element.querySelectorAll('[data-start]')];
  if (pressed >= 0 && words.length) words[Math.min(pressed, words.length - 1)].focus();
  pressed = -1;
});
"""

# A row of the chart is pressed by a click or touch anywhere on it, or with Enter or the space bar.
GUESSES = """
let pressed = false;
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
  const first = element.querySelector('li');
  if (pressed && first) first.focus();
  pressed = false;
});
"""
