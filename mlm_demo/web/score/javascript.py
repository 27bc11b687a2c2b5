"""JavaScript of the Score tab. It sends no requests; `trigger` starts an event of the page."""

# A press on a word: mark it in the figures of all models, and ask for the guesses in its place.
WORDS = """
element.addEventListener('click', (event) => {
  const pressed = event.target.closest('button[data-start]');
  if (!pressed) return;
  for (const word of element.querySelectorAll('button[data-start]')) {
    word.setAttribute('aria-pressed', String(word === pressed));
  }
  trigger('select', {sentence: Number(pressed.dataset.sentence), start: Number(pressed.dataset.start)});
});
"""

# The guesses lie below the figures: go there if they are out of sight.
SHOW_GUESSES = """() => {
  const found = document.querySelector('#score-guesses .mask');
  if (found) found.scrollIntoView({block: 'nearest', behavior: 'smooth'});
}"""

# Cancel can be pressed as soon as something is asked, also while it waits in the queue.
CAN_CANCEL = "() => ({__type__: 'update', interactive: true})"
