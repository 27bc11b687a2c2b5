"""JavaScript of the Contrast tab. It sends no requests; `trigger` starts an event of the page."""

from mlm_demo.web.javascript import download

# A word to swap: the press names the changed sentence.
SWAPS = """
element.addEventListener('click', (event) => {
  const pressed = event.target.closest('button[data-sentence]');
  if (pressed) trigger('select', {sentence: pressed.dataset.sentence});
});
"""

# The drawing with the colors that it has on the page, which a file of its own would not have.
_DRAWING = """const drawn = document.querySelector('#contrast-results .scatter svg');
  if (!drawn) return;
  const copy = drawn.cloneNode(true), size = 920, looks = ['fill', 'stroke', 'stroke-width', 'stroke-dasharray',
    'font-weight', 'font-size', 'font-family', 'paint-order', 'stroke-linejoin'];
  const parts = [...drawn.querySelectorAll('*')], copies = [...copy.querySelectorAll('*')];
  parts.forEach((part, number) => {
    const look = getComputedStyle(part);
    for (const name of looks) copies[number].style.setProperty(name, look.getPropertyValue(name));
  });
  const ground = document.createElementNS('http://www.w3.org/2000/svg', 'rect');
  ground.setAttribute('width', '100%'); ground.setAttribute('height', '100%');
  ground.setAttribute('fill', getComputedStyle(drawn).getPropertyValue('--ground'));
  copy.prepend(ground);
  copy.setAttribute('width', size); copy.setAttribute('height', size);
  const text = new XMLSerializer().serializeToString(copy);"""


def save_svg(name: str) -> str:
    """Return JavaScript that saves the scatter plot as SVG."""
    return f"() => {{\n  {_DRAWING}\n  ({download(name, 'image/svg+xml')})(text);\n}}"


def save_png(name: str) -> str:
    """Return JavaScript that saves the scatter plot as PNG, 1,840 pixels wide for print."""
    return f"""() => {{
  {_DRAWING}
  const image = new Image(), file = URL.createObjectURL(new Blob([text], {{type: 'image/svg+xml'}}));
  image.onload = () => {{
    const canvas = document.createElement('canvas');
    canvas.width = canvas.height = 2 * size;
    canvas.getContext('2d').drawImage(image, 0, 0, 2 * size, 2 * size);
    URL.revokeObjectURL(file);
    canvas.toBlob({download(name, "image/png")}, 'image/png');
  }};
  image.src = file;
}}"""
