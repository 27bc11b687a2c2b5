"""JavaScript for the table and for an opened paper. It sends no requests; `trigger` starts an event of the page."""

# In the table: open a cell with a click on it or with Enter on its button, and show a verdict at once. The server notes
# the verdict and draws nothing, so the focus stays on the button.
TABLE = """
element.addEventListener('click', (event) => {
  const place = event.target.closest('[data-cell]'), judged = event.target.closest('[data-verdict]');
  if (!place) return;
  const cell = Number(place.dataset.cell);
  if (judged) {
    const pressed = judged.getAttribute('aria-pressed') === 'true';
    for (const button of judged.parentElement.children) button.setAttribute('aria-pressed', 'false');
    judged.setAttribute('aria-pressed', String(!pressed));
    trigger('like', {cell, verdict: pressed ? '' : judged.dataset.verdict});
  } else if (!String(getSelection()).trim()) {  // not after text was selected
    window.paperOpener = place.querySelector('.open');
    trigger('select', {cell});
  }
});
"""

# On a phone the results lie below the form: go there if they are out of sight.
SHOW_RESULTS = """() => {
  const results = document.querySelector('#extract-results');
  if (results && results.getBoundingClientRect().top > window.innerHeight * 0.8) results.scrollIntoView();
}"""

# Put the focus into the box for papers, or for questions if there are papers, once the tab is drawn.
FOCUS_PAPERS = """() => {
  let left = 40;
  const look = () => {
    const there = document.querySelector('#extract-papers .papers');
    const box = document.querySelector(there ? '#extract-questions textarea' : '#extract-files button');
    if (box && box.offsetParent) {
      box.focus();
      box.scrollIntoView({block: 'center'});
    } else if (left--) setTimeout(look, 50);
  };
  look();
}"""

# An opened paper: a modal dialog, in which the browser keeps the focus and which Escape closes.
PAPER = """
const find = (selector) => element.querySelector(selector);
const evidence = () => [...element.querySelectorAll('[data-evidence]')];
let current = null;
const name = (sentence) => {
  if (!sentence) return;
  const all = evidence(), rank = all.indexOf(sentence), {number, relevance} = sentence.dataset;
  const which = rank < 0 ? '' : ` · evidence ${rank + 1} of ${all.length}`;
  find('.place').textContent =
    `Sentence ${number} of ${find('dialog').dataset.count} · relevance ${relevance}${which}`;
};
const go = (sentence) => {
  current = sentence;
  sentence.focus({preventScroll: true});
  sentence.scrollIntoView({block: 'center'});
  name(sentence);
};
const step = (by) => {
  const all = evidence();
  if (!all.length) return;
  const at = all.indexOf(current), here = current ? Number(current.dataset.number) : 0;
  if (at >= 0) return go(all[(at + by + all.length) % all.length]);
  const after = all.findIndex((sentence) => Number(sentence.dataset.number) > here);
  const next = by > 0 ? (after < 0 ? 0 : after) : (after < 0 ? all.length : after) - 1;
  go(all[(next + all.length) % all.length]);
};
const copy = (button) => {
  if (!current) return;
  const words = [...current.childNodes].map((node) => node.textContent).join('').replace(/\\s+/g, ' ').trim();
  const quote = `“${words}” (${find('dialog').dataset.document}, sentence ${current.dataset.number})`;
  const label = 'Copy quote';
  const say = (text) => { button.textContent = text; setTimeout(() => { button.textContent = label; }, 2000); };
  if (navigator.clipboard) navigator.clipboard.writeText(quote).then(() => say('Copied'), () => say('Not copied'));
  else say('Needs HTTPS');
};
watch('value', () => {
  const dialog = find('dialog');
  if (!dialog) return;
  if (dialog.open) dialog.close();
  dialog.showModal();
  document.documentElement.classList.add('paper-open');
  dialog.onclose = () => {
    document.documentElement.classList.remove('paper-open');
    if (window.paperOpener) window.paperOpener.focus({preventScroll: true});
  };
  const first = find('[data-first]');
  current = null;
  if (first) go(first); else find('.place').textContent = '';
});
element.addEventListener('click', (event) => {
  const dialog = find('dialog'), button = event.target.closest('[data-do]');
  if (event.target === dialog) return dialog.close();  // the ground around the paper
  const sentence = event.target.closest('.read');
  if (sentence) { current = sentence; name(sentence); }
  if (!button) return;
  ({close: () => dialog.close(), previous: () => step(-1), next: () => step(1), copy: () => copy(button)})
    [button.dataset.do]();
});
element.addEventListener('focusin', (event) => {
  const sentence = event.target.closest('.read');
  if (sentence) { current = sentence; name(sentence); }
});
element.addEventListener('mouseover', (event) => name(event.target.closest('.read')));
element.addEventListener('mouseout', () => name(current));
"""
