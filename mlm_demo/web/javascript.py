"""The little that only the browser can do: the cursor, the clipboard, saving a file. No text leaves the page."""

import json

# Put <mask> in place of the selection, or at the cursor with a space on the sides where a word touches it.
INSERT_MASK = """(text) => {
  const box = document.querySelector('#sentence textarea, #sentence input');
  const typed = box ? box.value : (text || '');
  const start = box ? box.selectionStart : typed.length, end = box ? box.selectionEnd : typed.length;
  const chosen = typed.slice(start, end), body = chosen.trim();
  const from = start + (body ? chosen.indexOf(body) : 0), to = body ? from + body.length : end;
  const left = typed.slice(0, from), right = typed.slice(to);
  const before = !body && /[\\p{L}\\p{N}]$/u.test(left) ? ' ' : '';
  const after = !body && /^[\\p{L}\\p{N}]/u.test(right) ? ' ' : '';
  const cursor = (left + before).length + '<mask>'.length;
  if (box) setTimeout(() => { box.focus(); box.setSelectionRange(cursor, cursor); }, 60);
  return left + before + '<mask>' + after + right;
}"""

# Another value when no key has come for so many milliseconds; a key that another overtakes changes nothing, and Enter
# overtakes too, since it asks for the same answer.
WHEN_TYPED = """(before, pause) => new Promise((resolve) => {
  if (!window.keys) {
    window.keys = 0;
    document.addEventListener('keydown', (event) => { if (event.key === 'Enter') window.keys += 1; }, true);
  }
  const key = window.keys += 1;
  setTimeout(() => resolve(key === window.keys ? String(key) : before), pause);
})"""

# In what the form asks for something else than the answer with this link (`links.write_link`): the sentence, what is
# answered as soon as it is chosen, what waits for Enter.
_DIFFERENCES = """const differences = (link, [text, model, compared, k, targets, joint, precision]) => {
    const given = new URLSearchParams(link.slice(link.indexOf('?')));
    const of = (name) => (given.get(name) || '').replace(/\\r\\n?/g, '\\n');
    return {
      text: (text || '').replace(/\\r\\n?/g, '\\n') !== of('text'),
      chosen: (model || '') !== of('model') || (compared || []).join(',') !== of('compare')
        || joint !== (of('joint') === '1') || (precision || 'auto') !== (of('precision') || 'auto'),
      entered: Number(k || 0) !== Number(of('k') || 0) || (targets || '') !== of('targets'),
    };
  };"""

# Show an answer to what was typed, unless the form asks for something else by now.
SHOW_IF_CURRENT = f"""(came, ...rest) => {{
  {_DIFFERENCES}
  const answer = JSON.parse(came), changed = differences(answer.link, rest.slice(0, 7));
  return changed.text || changed.chosen || changed.entered ? rest.slice(7) : answer.values;
}}"""

# Say what the answer shown is for, where the form asks for something else by now; the style sheet dims it then.
NAME_OLD_ANSWER = f"""(...given) => {{
  {_DIFFERENCES}
  const [link, follow, waiting] = given.slice(7), changed = differences(link || '', given.slice(0, 7));
  if (!link || !(changed.text || changed.chosen || changed.entered)) return '';
  const told = document.createElement('div'), old = document.createElement('p'), hint = document.createElement('p');
  const sentence = new URLSearchParams(link.slice(link.indexOf('?'))).get('text') || '';
  old.className = 'old';
  old.textContent = changed.text ? `This answer is for: ${{sentence}}` : 'This answer is for other settings.';
  const unasked = changed.entered || (changed.text && !follow);
  hint.textContent = waiting || (unasked ? 'Press Enter or Fill for a new one.' : '');
  told.append(old, hint);
  return told.outerHTML;
}}"""

# Keep the run that is shown, if there is one, in the page's address, so that a reload shows it again.
SHOW_RUN = "(id) => { history.replaceState(null, '', id ? '?run=' + id : location.pathname); }"
ARE_YOU_SURE = "() => confirm('Delete this run and its model for good?')"


def copy_link(button: str) -> str:
    """JavaScript that copies the page's address with the query it is given, and tells so on the button of this id.

    The clipboard needs HTTPS or localhost, so the link is shown as well.
    """
    return """(link) => {
  const address = link.startsWith('?') ? location.origin + location.pathname + link : link;
  const button = document.querySelector('#BUTTON'), label = button.textContent;
  const tell = (text) => { button.textContent = text; setTimeout(() => { button.textContent = label; }, 2000); };
  if (navigator.clipboard) navigator.clipboard.writeText(address).then(() => tell('Copied'), () => tell('Link below'));
  else tell('Link below');
  return address;
}""".replace("BUTTON", button)


def download(name: str, media_type: str) -> str:
    """JavaScript that saves its argument as a file of this name."""
    return f"""(text) => {{
  const anchor = document.createElement('a');
  anchor.href = URL.createObjectURL(new Blob([text], {{type: {json.dumps(media_type)}}}));
  anchor.download = {json.dumps(name)};
  anchor.click();
  setTimeout(() => URL.revokeObjectURL(anchor.href), 1000);
}}"""
