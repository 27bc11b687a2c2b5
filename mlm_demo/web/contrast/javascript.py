"""JavaScript of the Contrast tab. It sends no requests; `trigger` starts an event of the page."""

from mlm_demo.web.javascript import download

# A word to swap: the press names the changed sentence.
SWAPS = """
element.addEventListener('click', (event) => {
  const pressed = event.target.closest('button[data-sentence]');
  if (pressed) trigger('select', {sentence: pressed.dataset.sentence});
});
"""

# Plot and bars beside each other, with the colors that they have on the page, which a file of its own would not have.
_DRAWING = """const drawn = [...document.querySelectorAll('#contrast-results .scatter svg')];
  if (!drawn.length) return;
  const space = 'http://www.w3.org/2000/svg', gap = 24, looks = ['fill', 'stroke', 'stroke-width', 'stroke-dasharray',
    'font-weight', 'font-size', 'font-family', 'paint-order', 'stroke-linejoin'];
  const picture = document.createElementNS(space, 'svg'), ground = document.createElementNS(space, 'rect');
  ground.setAttribute('width', '100%'); ground.setAttribute('height', '100%');
  ground.setAttribute('fill', getComputedStyle(drawn[0]).getPropertyValue('--ground'));
  picture.append(ground);
  let width = 0, height = 0;
  for (const part of drawn) {
    const copy = part.cloneNode(true), box = part.viewBox.baseVal;
    const parts = [...part.querySelectorAll('*')], copies = [...copy.querySelectorAll('*')];
    parts.forEach((one, number) => {
      const look = getComputedStyle(one);
      for (const name of looks) copies[number].style.setProperty(name, look.getPropertyValue(name));
    });
    const place = {x: width, y: 0, width: box.width, height: box.height};
    for (const [name, value] of Object.entries(place)) copy.setAttribute(name, value);
    copy.setAttribute('overflow', 'visible');  // the names of words reach into the gap in some fonts
    picture.append(copy);
    width += box.width + gap;
    height = Math.max(height, box.height);
  }
  const scale = 1.5;
  picture.setAttribute('viewBox', `0 0 ${width} ${height}`);
  picture.setAttribute('width', scale * width); picture.setAttribute('height', scale * height);
  const text = new XMLSerializer().serializeToString(picture);"""


def save_svg(name: str) -> str:
    """Return JavaScript that saves plot and bars as SVG."""
    return f"() => {{\n  {_DRAWING}\n  ({download(name, 'image/svg+xml')})(text);\n}}"


def save_png(name: str) -> str:
    """Return JavaScript that saves plot and bars as PNG, 2,844 pixels wide for print."""
    return f"""() => {{
  {_DRAWING}
  const image = new Image(), file = URL.createObjectURL(new Blob([text], {{type: 'image/svg+xml'}}));
  image.onload = () => {{
    const canvas = document.createElement('canvas');
    canvas.width = 2 * scale * width;
    canvas.height = 2 * scale * height;
    canvas.getContext('2d').drawImage(image, 0, 0, canvas.width, canvas.height);
    URL.revokeObjectURL(file);
    canvas.toBlob({download(name, "image/png")}, 'image/png');
  }};
  image.src = file;
}}"""
