"""Colors of the stylesheet: each has a contrast of 4.5:1 or better, light and dark."""

import re

import pytest

from tests.support.paths import ROOT

CSS = (ROOT / "assets" / "style.css").read_text()
LIGHT, DARK = (
    dict(re.findall(r"--([a-z-]+): (#[0-9a-f]{6})", block)) for block in re.findall(r"{(.*?)}", CSS, re.S)[:2]
)
INKS = [name for name in LIGHT if name.startswith("hue-")] + ["quiet", "ink"]


def luminance(color):
    channels = [int(color[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    red, green, blue = (c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one, other):
    light, dark = sorted((luminance(one), luminance(other)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


@pytest.mark.parametrize("scheme", [LIGHT, DARK], ids=["light", "dark"])
@pytest.mark.parametrize("ink", INKS)
def test_every_ink_can_be_read_on_its_ground(scheme, ink):
    assert contrast(scheme[ink], scheme["ground"]) >= 4.5


def test_both_schemes_name_the_same_colors():
    assert LIGHT.keys() == DARK.keys()
    assert len([name for name in LIGHT if name.startswith("hue-")]) == 4
