"""JavaScript for what only the browser can do: cursor, clipboard, saving a file. It sends nothing anywhere."""

import json

# Replace the selection with <mask>, or insert it at the cursor with a space on each side that touches a word.
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

# Return a new value once no key has been pressed for a moment. A key that is followed by another changes nothing.
# Enter counts as a key too: it asks for the same answer.
WHEN_TYPED = """(before) => new Promise((resolve) => {
  if (!window.keys) {
    window.keys = 0;
    document.addEventListener('keydown', (event) => { if (event.key === 'Enter') window.keys += 1; }, true);
  }
  const key = window.keys += 1;
  setTimeout(() => resolve(key === window.keys ? String(key) : before), 120);
})"""

# Put the id of the run shown into the page's address, so that a reload shows the run again.
SHOW_RUN = "(id) => { history.replaceState(null, '', id ? '?run=' + id : location.pathname); }"
CONFIRM_DELETE = "() => confirm('Permanently delete this run and its model?')"


def copy_link(button: str) -> str:
    """Return JavaScript that copies a link, given as an address or a query string, and confirms it on a button.

    button: its element id. The clipboard needs HTTPS or localhost; the page shows the link as well.
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
    """Return JavaScript that saves its argument as a file."""
    return f"""(text) => {{
  const anchor = document.createElement('a');
  anchor.href = URL.createObjectURL(new Blob([text], {{type: {json.dumps(media_type)}}}));
  anchor.download = {json.dumps(name)};
  anchor.click();
  setTimeout(() => URL.revokeObjectURL(anchor.href), 1000);
}}"""
