import time

import pytest

from mlm_demo.corpus.readers.siunitx import with_quantities
from mlm_demo.corpus.readers.tex import plain_text


@pytest.mark.parametrize(
    ("tex", "text"),
    [
        (r"\SI{2.5}{\milli\mole} of", "2.5 mmol of"),
        (r"\qty{1.0}{\mmol} of", "1.0 mmol of"),
        (r"at \SI{-78}{\celsius}.", "at -78 °C."),
        (r"\qty[per-mode=symbol]{3}{\metre\per\second\squared}", "3 m s^-2"),
        (r"\SI{5}{mg.kg^{-1}}", "5 mg kg^-1"),
        (r"\SIrange{1}{2}{\hour} and \qtyrange{3}{4}{\cubic\metre}", "1 to 2 h and 3 to 4 m^3"),
        (r"in \si{\micro\gram\per\litre}, \ang{30}", "in µg L^-1, 30°"),
        (r"$k = \num{1.5e-3}$ and \num{2+-1}", "k = 1.5×10^-3 and 2±1"),
        (r"\sin x and \sie{x}", "sin x and x"),
    ],
)
def test_quantities_are_read_as_they_are_printed(tex, text):
    assert plain_text(tex) == text


@pytest.mark.parametrize("unit", ["\\SI{", "\\SI{1}{", "\\SI[", "\\num{{}", "\\SI{\\per"])
def test_unclosed_quantities_take_little_time(unit):
    start = time.process_time()
    with_quantities(unit * (200_000 // len(unit)))
    assert time.process_time() - start < 4
