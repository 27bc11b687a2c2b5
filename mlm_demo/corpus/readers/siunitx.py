"""Numbers and units of LaTeX's package siunitx become what it prints, for example "2.5 mmol" or "1.5×10^-3 s^-1"."""

import re

ARGUMENT = r"\s{0,3}\{((?:[^{}]|\{[^{}]{0,40}\}){0,120})\}"
OPTIONS = r"(?:\[[^\[\]]{0,200}\])?"
QUANTITY = re.compile(rf"\\(?:SI|qty)(?![a-zA-Z])\*?{OPTIONS}{ARGUMENT}{OPTIONS}{ARGUMENT}")
RANGE = re.compile(rf"\\(?:SIrange|qtyrange){OPTIONS}{ARGUMENT}{ARGUMENT}{ARGUMENT}")
UNIT = re.compile(rf"\\(?:si|unit)(?![a-zA-Z]){OPTIONS}{ARGUMENT}")
NUMBER = re.compile(rf"\\(?:num|ang)(?![a-zA-Z]){OPTIONS}{ARGUMENT}")
EXPONENT = re.compile(r"(?<=\d)[eEdD]([+-]?\d+)")
NAME = re.compile(r"\\([a-zA-Z]+)\s*(?:\{([^{}]*)\})?")
PREFIXES = {
    "femto": "f", "pico": "p", "nano": "n", "micro": "µ", "milli": "m", "centi": "c", "deci": "d", "hecto": "h",
    "kilo": "k", "mega": "M", "giga": "G", "tera": "T",
}  # fmt: skip
UNITS = {
    "ampere": "A", "angstrom": "Å", "arcminute": "′", "arcsecond": "″", "bar": "bar", "becquerel": "Bq", "bit": "bit",
    "byte": "B", "candela": "cd", "celsius": "°C", "coulomb": "C", "dalton": "Da", "day": "d", "decibel": "dB",
    "degree": "°", "degreeCelsius": "°C", "electronvolt": "eV", "farad": "F", "gram": "g", "gray": "Gy",
    "henry": "H", "hertz": "Hz", "hour": "h", "joule": "J", "katal": "kat", "kelvin": "K", "liter": "L", "litre": "L",
    "lumen": "lm", "lux": "lx", "meter": "m", "metre": "m", "minute": "min", "mol": "mol", "mole": "mol",
    "molar": "M", "newton": "N", "ohm": "Ω", "pascal": "Pa", "percent": "%", "radian": "rad", "second": "s",
    "siemens": "S", "sievert": "Sv", "steradian": "sr", "tesla": "T", "tonne": "t", "volt": "V", "watt": "W",
    "weber": "Wb",
}  # fmt: skip


def with_quantities(text: str) -> str:
    """Replace the commands of siunitx in LaTeX; other commands stay."""
    text = RANGE.sub(lambda found: f"{_number(found[1])} to {_quantity(found[2], found[3])}", text)
    text = QUANTITY.sub(lambda found: _quantity(found[1], found[2]), text)
    return UNIT.sub(
        lambda found: _unit(found[1]),
        NUMBER.sub(lambda found: _number(found[1]) + "°" * found[0].startswith("\\ang"), text),
    )


def _quantity(number: str, unit: str) -> str:
    unit = _unit(unit)
    return _number(number) + ("" if unit == "°" else " ") + unit


def _number(number: str) -> str:
    return EXPONENT.sub(r"×10^\1", number.replace("+-", "±").replace("\\pm", "±").strip())


def _unit(unit: str) -> str:
    """Return a unit as it is printed; commands that we do not know keep their names, such as \\mmol."""
    parts: list[str] = []
    per = prefix = power = ""
    for found in NAME.finditer(unit):
        name, argument = found[1], found[2] or ""
        if name == "per":
            per = "-"
        elif name in PREFIXES:
            prefix += PREFIXES[name]
        elif name in ("square", "cubic"):
            power = "2" if name == "square" else "3"
        elif name in ("squared", "cubed", "tothe", "raiseto") and parts:
            exponent = argument or ("2" if name == "squared" else "3")
            parts[-1] = (
                parts[-1].removesuffix("^-1") + ("^-" if parts[-1].endswith("^-1") else "^") + exponent
            )
        else:
            exponent = f"^{per}{power or 1}" if per or power else ""
            parts.append(prefix + UNITS.get(name, name) + exponent)
            per = prefix = power = ""
    return (
        " ".join(parts) or unit.replace("~", " ").replace(".", " ").replace("{", "").replace("}", "").strip()
    )
