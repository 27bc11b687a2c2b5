"""The files of a draft as a list, each with its size, its documents, and a cross that removes it."""

from collections.abc import Sequence
from html import escape
from pathlib import Path

# A press on a cross is an event of the page. The list is drawn anew after it, so the focus goes to the next cross, or
# to the field for files if none is left; not if a person has moved it elsewhere meanwhile.
CROSSES = """
let at = -1;
const crosses = () => [...element.querySelectorAll('[data-remove]')];
element.addEventListener('click', (event) => {
  const cross = event.target.closest('[data-remove]');
  if (!cross || cross.disabled) return;
  at = crosses().indexOf(cross);
  cross.disabled = true;
  trigger('select', {number: cross.dataset.remove});
});
watch('value', () => {
  if (at < 0 || (document.activeElement && document.activeElement !== document.body)) return;
  const left = crosses(), next = left[Math.min(at, left.length - 1)] || document.querySelector('#files button');
  if (next) next.focus();
});
element.addEventListener('focusout', (event) => { if (event.relatedTarget) at = -1; });
"""


def file_list(files: Sequence[Path], documents: Sequence[int] = ()) -> str:
    """Return the files of a draft as an HTML list; empty without any.

    documents: how many each of the first files holds, as far as they have been read. A cross carries the number of the
    folder that its file is in.
    """
    items = ""
    for at, path in enumerate(files):
        try:
            name, facts = escape(path.name), [file_size(path.stat().st_size)]
        except FileNotFoundError:  # another cross was pressed in the meantime
            continue
        if at < len(documents):
            facts.append(_documents(documents[at]))
        items += (
            f'<li><span class="name" dir="auto">{name}</span> <span class="facts">{" · ".join(facts)}</span>'
            f'<button type="button" data-remove="{escape(path.parent.name)}" aria-label="Remove {name}" '
            f'title="Remove {name}">×</button></li>'
        )
    return f'<ul class="draft-files" aria-label="Files of the corpus">{items}</ul>' if items else ""


def file_size(size: float) -> str:
    """Return a number of bytes in a readable unit: 812 B, 14 KB, 2.5 MB."""
    if size < 1000:
        return f"{size:,.0f} B"
    if size < 999_500:
        return f"{size / 1000:,.0f} KB"
    return f"{size / 1e6:,.1f} MB"


def _documents(count: int) -> str:
    if not count:
        return "not read"
    return "1 document" if count == 1 else f"{count:,} documents"
