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

# Another value when no key has come for a moment; a key that another overtakes changes nothing, and Enter overtakes
# too, since it asks for the same answer.
WHEN_TYPED = """(before) => new Promise((resolve) => {
  if (!window.keys) {
    window.keys = 0;
    document.addEventListener('keydown', (event) => { if (event.key === 'Enter') window.keys += 1; }, true);
  }
  const key = window.keys += 1;
  setTimeout(() => resolve(key === window.keys ? String(key) : before), 120);
})"""

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
