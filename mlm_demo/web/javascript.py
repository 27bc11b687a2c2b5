"""JavaScript for what only the browser can do: cursor, clipboard, saving a file. It sends no requests."""

import json
from collections.abc import Sequence

MILLISECONDS_BEFORE_KEPT = (
    600  # without a key: Safari allows a hundred changes of the address in half a minute
)

# Characters of a query: Gradio (6.31) puts it into the address of each event, and uvicorn refuses a request whose head
# is larger than 16 KB.
MAX_QUERY = 6_000

# Replace the selection with <mask>, or insert it at the cursor with a space on each side that touches a word or the
# punctuation after one: `France.` → `France. <mask>`, but `(` → `(<mask>`. Scripts without spaces get none.
INSERT_MASK = """(text) => {
  const box = document.querySelector('#sentence textarea, #sentence input');
  const typed = box ? box.value : (text || '');
  const start = box ? box.selectionStart : typed.length, end = box ? box.selectionEnd : typed.length;
  const chosen = typed.slice(start, end), body = chosen.trim();
  const from = start + (body ? chosen.indexOf(body) : 0), to = body ? from + body.length : end;
  const left = typed.slice(0, from), right = typed.slice(to);
  const unspaced = ['Han', 'Hira', 'Kana', 'Thai', 'Lao', 'Khmer', 'Mymr'].map((name) => `\\\\p{sc=${name}}`).join('|');
  const spaced = (side) => side && !new RegExp(`${unspaced}|[、-〟！-～]`, 'u').test(side);
  const last = [...left].pop(), first = [...right][0];
  const quoted = last === '"' && left.split('"').length % 2 === 1;
  const ends = quoted || /[\\p{L}\\p{M}\\p{N}.,;:!?…%\\p{Pe}\\p{Pf}>]/u.test(last || '');
  const before = !body && spaced(last) && ends ? ' ' : '';
  const after = !body && spaced(first) && /[\\p{L}\\p{N}\\p{Ps}\\p{Pi}<]/u.test(first) ? ' ' : '';
  const cursor = (left + before).length + '<mask>'.length;
  if (box) setTimeout(() => { box.focus(); box.setSelectionRange(cursor, cursor); }, 60);
  return left + before + '<mask>' + after + right;
}"""

# Let each box for files be called by what stands in it, and the cross of a chosen model by its model: Gradio (6.31)
# names a box with other words than it shows, so that who speaks to the computer cannot press it by its name, and
# crosses by their number. Both appear with their tabs.
NAME_BOXES_AND_CROSSES = """() => {
  const name = () => {
    const boxes = document.querySelectorAll('button.upload-container[aria-label]');
    for (const box of boxes) box.removeAttribute('aria-label');
    for (const cross of document.querySelectorAll('.token > .token-remove')) {
      const title = `Remove ${cross.parentElement.querySelector('span').textContent}`;
      if (cross.title !== title) cross.title = title;
    }
  };
  name();
  new MutationObserver(name).observe(document.body, {childList: true, subtree: true});
}"""

# Return a new value once no key has been pressed for `pause` milliseconds, else the old one. Enter counts as a key,
# because it requests the answer itself.
WHEN_TYPED = """(before, pause) => new Promise((resolve) => {
  if (!window.keys) {
    window.keys = 0;
    document.addEventListener('keydown', (event) => { if (event.key === 'Enter') window.keys += 1; }, true);
  }
  const key = window.keys += 1;
  setTimeout(() => resolve(key === window.keys ? String(key) : before), pause);
})"""

# Return a new value once the slider has come to rest: no pointer holds it and no key moves it, else the old one.
WHEN_AT_REST = """(before) => new Promise((resolve) => {
  const move = window.moves = (window.moves || 0) + 1, slider = document.querySelector('#share input[type=range]');
  const look = () => {
    if (move !== window.moves) resolve(before);
    else if (slider.matches(':active')) setTimeout(look, 50);
    else resolve(String(move));
  };
  setTimeout(look, 250);
})"""

# How the form differs from the answer with this link (`links.write_link`): in the sentence; in values that are answered
# as soon as they are chosen; in values that wait for Enter.
_DIFFERENCES = """const differences = (link, [text, model, compared, k, targets, joint, precision, fullAxis]) => {
    const given = new URLSearchParams(link.slice(link.indexOf('?')));
    const of = (name) => (given.get(name) || '').replace(/\\r\\n?/g, '\\n');
    return {
      text: (text || '').replace(/\\r\\n?/g, '\\n') !== of('text'),
      chosen: (model || '') !== of('model') || (compared || []).join(',') !== of('compare')
        || joint !== (of('joint') === '1') || (precision || 'auto') !== (of('precision') || 'auto')
        || fullAxis !== (of('axis') === 'full'),
      entered: Number(k || 0) !== Number(of('k') || 0) || (targets || '') !== of('targets'),
    };
  };"""

# Show an answer to typed text, unless the form has changed since.
SHOW_IF_CURRENT = f"""(arrived, ...rest) => {{
  {_DIFFERENCES}
  const answer = JSON.parse(arrived), changed = differences(answer.link, rest.slice(0, 8));
  return changed.text || changed.chosen || changed.entered ? rest.slice(8) : answer.values;
}}"""

# What stands above an answer that is not for the form: which question it is for, and how to get a new one.
_NOTE = """const noted = (said, advice) => {
    const note = document.createElement('div'), old = document.createElement('p'), hint = document.createElement('p');
    old.className = 'old';
    old.textContent = said;
    hint.textContent = advice;
    note.append(old, hint);
    return note.outerHTML;
  };"""

# Name the question of the answer shown if the form has changed since; the style sheet then dims the answer.
NAME_OLD_ANSWER = f"""(...given) => {{
  {_DIFFERENCES}
  {_NOTE}
  const [link, follow, waiting] = given.slice(8), changed = differences(link || '', given.slice(0, 8));
  if (!link || !(changed.text || changed.chosen || changed.entered)) return '';
  const sentence = new URLSearchParams(link.slice(link.indexOf('?'))).get('text') || '';
  const said = changed.text ? `This answer is for: ${{sentence}}` : 'This answer is for other settings.';
  const unasked = changed.entered || (changed.text && !follow);
  return noted(said, waiting || (unasked ? 'Press Enter or Fill for a new one.' : ''));
}}"""


def name_old_sentences(first: str, second: str, models: str, button: str) -> str:
    """Return JavaScript that says what the answer shown is for if the form asks something else; it is dimmed then.

    first, second, models: the names of the sentences and models in the link to the answer; button: what asks for a new
    one. The form is both sentences, the models or the first one, and the second model or the method. An empty picker
    asks the default model, which may change, so it is taken for the one that answered.
    """
    return f"""(first, second, chosen, other, link) => {{
  {_NOTE}
  if (!link) return '';
  const given = new URLSearchParams(link.slice(link.indexOf('?')));
  const plain = (text) => (text || '').trim().replace(/\\s+/g, ' ');
  const answered = [plain(given.get('{first}')), plain(given.get('{second}'))];
  const asked = [given.get('{models}'), given.get('method')].filter(Boolean).join(',');
  const now = [chosen && chosen.length ? chosen : asked.split(',')[0], other].flat();
  const sameText = plain(first) === answered[0] && plain(second) === answered[1];
  if (sameText && now.filter((one) => one && one !== 'within_word').join(',') === asked) return '';
  const sentences = `This answer is for: ${{answered.filter(Boolean).join(' / ')}}`;
  const said = sameText ? 'This answer is for other settings.' : sentences;
  return noted(said, 'Press Enter or {button} for a new one.');
}}"""


# Ask once for the first answer, when the tab is opened and shows none: with the query of the address, which will follow
# the tab.
WHEN_OPENED = "(link, opened) => link || opened ? opened : location.search || '?'"

# Put the run's id into the page's address, so that a reload shows the run again, or else the form.
SHOW_RUN = "(id) => { history.replaceState(null, '', id ? '?run=' + id : '?tab=adapt'); }"
CONFIRM_DELETE = "() => confirm('Permanently delete this run, its files and its model?')"
CONFIRM_DELETE_ALL = "() => confirm('Permanently delete all your runs, their models and all your files?')"


def follow(tab: str, *, selected: bool) -> str:
    """Return JavaScript that puts the first of some links and ids of runs into the address, or else the tab.

    A link that is too long for an address counts as none. selected: whether the tab was selected, or else one of the
    texts has changed while it may be. What a page opens with changes nothing, so that a clean address, and that of a
    run, stays as it is: Gradio selects the first tab then.
    """
    if selected:
        opened = f"const before = window.tab || 'fill'; window.tab = '{tab}'; if (before === '{tab}') return;"
    elif tab == "fill":
        opened = "if ((window.openedWith ??= found) === found && !window.followed) return;"
    else:
        opened = ""
    return f"""(...shown) => {{
  const found = shown.find((text) => text) || '?tab={tab}', user = navigator.userActivation;
  const tab = document.querySelector('#tabs [role=tab][aria-selected=true]');
  {opened}
  if ((user && !user.hasBeenActive) || !tab || tab.dataset.tabId !== '{tab}') return;
  window.followed = true;
  const query = found.includes('?') ? found.slice(found.indexOf('?')) : '?run=' + found;
  history.replaceState(null, '', query.length > {MAX_QUERY} ? '?tab={tab}' : query);
}}"""


def keep_typed(tab: str, names: Sequence[str]) -> str:
    """Return JavaScript that puts typed texts, which may have no answer yet, into the address, so a reload keeps them.

    names: of the texts in a link of the tab; the link of the answer shown comes after them. An answer that arrives puts
    its own link there. Texts that are too long for an address are not kept.
    """
    return f"""(...given) => {{
  clearTimeout(window.keeping);
  window.keeping = setTimeout(() => {{
    const names = {json.dumps(list(names))}, link = given.pop() || '', user = navigator.userActivation;
    const tab = document.querySelector('#tabs [role=tab][aria-selected=true]');
    if ((user && !user.hasBeenActive) || !tab || tab.dataset.tabId !== '{tab}') return;
    const there = new URLSearchParams(location.search), kept = new URLSearchParams(link.slice(link.indexOf('?') + 1));
    if (names.every((name, number) => (there.get(name) || '') === (given[number] || ''))) return;
    names.forEach((name, number) => given[number] ? kept.set(name, given[number]) : kept.delete(name));
    const query = '?' + kept;
    history.replaceState(null, '', given[0] && query.length <= {MAX_QUERY} ? query : '?tab={tab}');
  }}, {MILLISECONDS_BEFORE_KEPT});
}}"""


def within_range(slider: str) -> str:
    """Return JavaScript that takes the first value of an event, a slider's, back into its range.

    slider: its element id. A person may type any number into its box, or none. Gradio (6.31) refuses to pass such a
    value on, and puts the nearest end, or 0, into the box when the person leaves it.
    """
    return f"""(value, ...others) => {{
  const slider = document.querySelector('#{slider} input[type=range]');
  return [Math.min(Math.max(value ?? 0, Number(slider.min)), Number(slider.max)), ...others];
}}"""


def scroll_to(element: str) -> str:
    """Return JavaScript that brings an element back into sight if it is above the window; element: its id."""
    return f"""() => {{
  const there = document.querySelector('#{element}');
  if (there.getBoundingClientRect().top < 0) there.scrollIntoView({{behavior: 'smooth'}});
}}"""


def copy_link(button: str) -> str:
    """Return JavaScript that copies a link, given as an address or a query string, and confirms it on a button.

    button: its element id. The clipboard needs HTTPS or localhost; the page shows the link as well, or that it would be
    too long to open.
    """
    return """(link) => {
  const address = link.startsWith('?') ? location.origin + location.pathname + link : link;
  const button = document.querySelector('#BUTTON');
  const label = button.dataset.label ??= button.textContent;  // a second press finds "Copied" there
  const show = (text) => { button.textContent = text; setTimeout(() => { button.textContent = label; }, 2000); };
  if (link.slice(link.indexOf('?')).length > MAX_QUERY) {
    show('Too long');
    return 'This answer is too long for a link.';
  }
  if (navigator.clipboard) navigator.clipboard.writeText(address).then(() => show('Copied'), () => show('Link below'));
  else show('Link below');
  return address;
}""".replace("BUTTON", button).replace("MAX_QUERY", str(MAX_QUERY))


def download(name: str, media_type: str) -> str:
    """Return JavaScript that saves its argument as a file."""
    return f"""(text) => {{
  const anchor = document.createElement('a');
  anchor.href = URL.createObjectURL(new Blob([text], {{type: {json.dumps(media_type)}}}));
  anchor.download = {json.dumps(name)};
  anchor.click();
  setTimeout(() => URL.revokeObjectURL(anchor.href), 1000);
}}"""
