"""Read LaTeX: a file is one document of its sentences.

Comments, commands, figures, tables, displayed formulas and citations are left out; formulas in sentences stay readable.
"""

import html
import re
import unicodedata
from collections.abc import Iterator

from mlm_demo.corpus.documents import Document, Format, Reading, decode_input, make_documents
from mlm_demo.corpus.input import Input
from mlm_demo.corpus.readers.siunitx import with_quantities
from mlm_demo.corpus.text import clean, without_between

SNIFFED = re.compile(r"\\(?:documentclass|documentstyle|begin\{document\})")
COMMENT = re.compile(r"^[ \t]*%.*\n|(?<!\\)%.*$", re.MULTILINE)
DROPPED = {
    "equation", "align", "alignat", "eqnarray", "gather", "multline", "displaymath", "math", "figure", "table",
    "tabular", "tabularx", "longtable", "thebibliography", "verbatim", "lstlisting", "tikzpicture", "algorithm",
    "algorithmic", "comment", "filecontents", "minted", "wrapfigure", "subfigure", "sidewaystable",
}  # fmt: skip
ENVIRONMENT = re.compile(r"\\(begin|end)\s*\{([a-zA-Z]{1,30})\*?\}")
# A line break with a length, as in \\[2mm]: no formula begins there.
BREAK = re.compile(r"(?<!\\)((?:\\\\)+)\*?[ \t]*\[[^\[\]\n]{0,40}\]")
DISPLAYED = (("$$", "$$"), ("\\[", "\\]"))
MAX_FORMULA = 5_000  # characters
NO_TEXT = re.compile(
    r"~?\\(?:[a-zA-Z]*cite[a-zA-Z]*|ref|eqref|pageref|autoref|[cC]ref|label|index|bibliography|bibliographystyle|vspace|"
    r"hspace|includegraphics|input|include|usepackage|documentclass|documentstyle|footnote|footnotetext|thanks|email|"
    r"pagestyle|thispagestyle|setlength|setcounter|newcommand|renewcommand|def|author|address|affiliation|date|url|hypersetup|"
    r"graphicspath|addbibresource|printbibliography|newtheorem|orcid|keywords)\*?(?![a-zA-Z])"
)
TITLE = re.compile(r"\\(?:part|chapter|(?:sub)*section|title)\*?\s*\{((?:[^{}]|\{[^{}]{0,200}\}){0,400})\}")
HEADING = re.compile(
    r"\\(?:part|chapter|section|subsection|subsubsection|paragraph|title|caption|item)\*?(?![a-zA-Z])\s*"
)
ACCENT = re.compile(r"\\([`'^\"~=.])\s*\{?(\\?[a-zA-Z])\}?|\\([cvuHkr])(?:\{(\\?[a-zA-Z])\}|\s+([a-zA-Z]))")
MARKS = {
    "`": "\u0300", "'": "\u0301", "^": "\u0302", "~": "\u0303", '"': "\u0308", "=": "\u0304", ".": "\u0307",
    "c": "\u0327", "v": "\u030c", "u": "\u0306", "H": "\u030b", "k": "\u0328", "r": "\u030a",
}  # fmt: skip
LETTERS = {
    "ss": "ß",
    "ae": "æ",
    "AE": "Æ",
    "oe": "œ",
    "OE": "Œ",
    "o": "ø",
    "O": "Ø",
    "l": "ł",
    "L": "Ł",
    "aa": "å",
    "AA": "Å",
}
NAMES = {
    "infty": "∞", "to": "→", "leq": "≤", "geq": "≥", "neq": "≠", "ldots": "…", "dots": "…", "cdots": "…", "quad": " ",
    "qquad": " ", "textasciitilde": "~", "textbackslash": "\\", "S": "§", "degree": "°", "circ": "°", "mu": "µ",
    "ll": "≪", "gg": "≫", "textmu": "µ", "micro": "µ", "par": "\n\n", "newline": "\n", "LaTeX": "LaTeX", "TeX": "TeX",
    "percent": "%", "left": "", "right": "", "item": "\n\n", "noindent": "", "maketitle": "\n\n",
}  # fmt: skip
# Functions, which print their names, and commands that HTML has a character for, which LaTeX does not print.
FUNCTIONS = {
    "arg", "cos", "cosh", "cot", "det", "dim", "exp", "gcd", "inf", "ker", "lg", "lim", "liminf", "limsup", "ln", "log",
    "max", "min", "Pr", "sin", "sinh", "sup", "tan", "tanh",
}  # fmt: skip
NO_SYMBOLS = {
    "ac", "acute", "ang", "caps", "check", "dot", "el", "gap", "ic", "ii", "image", "it", "num", "race", "ring", "sc",
    "sub", "target", "uml",
}  # fmt: skip
# A command that the file defines: its name, its parameters and what it stands for.
DEFINED = re.compile(
    r"\\(?:newcommand|providecommand|def)\*?\s{0,9}\{?\\([a-zA-Z]{1,40})\}?\s{0,9}(\[\d\]|#\d)?"
    r"(?:\{((?:[^{}]|\{[^{}]{0,60}\}){0,100})\})?"
)
MAX_DEFINED = 1_000_000  # characters that the definitions of a file may add
FRACTION = re.compile(r"\\[dt]?frac\s*\{([^{}]{0,200})\}\s*\{([^{}]{0,200})\}")
POWER = re.compile(r"([\^_])\s*\{([^{}]{0,100})\}")
COMMAND = re.compile(r"\\([a-zA-Z]+)\*?([ \t]*)(?=(.?))", re.DOTALL)
BRACKET = re.compile(r"(?<!\\)[{}\[\]]")
SIGN = re.compile(r"\\([^a-zA-Z])")
MAX_ARGUMENT = 20_000  # characters of an argument that is left out


def is_tex(source: Input) -> bool:
    """Return whether a file begins as a LaTeX document."""
    return source.start.startswith(("\\", "%")) and SNIFFED.search(source.start) is not None


def read_tex(source: Input, reading: Reading) -> Iterator[Document]:
    """Read a LaTeX file as one document."""
    yield from make_documents(
        decode_input(source, reading), source.name, reading, lambda text: clean(plain_text(text))
    )


def plain_text(text: str) -> str:
    """Return LaTeX as plain text."""
    text = _with_definitions(COMMENT.sub("", text))
    if (start := text.find("\\begin{document}")) >= 0:
        title = re.search(r"\\title\s*(?=\{)", text[:start])
        ends = _argument_ends(text[:start]) if title else {}
        before = text[title.end() : ends.get(title.end(), title.end())] + "\n\n" if title else ""
        text = before + text[start + len("\\begin{document}") :].partition("\\end{document}")[0]
    text = BREAK.sub(r"\1", with_quantities(_without_environments(text)))
    for start, end in DISPLAYED:
        text = without_between(text, start, end, MAX_FORMULA)
    text = HEADING.sub("\n\n", TITLE.sub(r"\n\n\1\n\n", _without_arguments(text)))
    text = ACCENT.sub(_accented, text)
    text = POWER.sub(
        lambda found: ("^" if found[1] == "^" else "") + found[2].strip(), FRACTION.sub(r"\1/\2", text)
    )
    if "$" in text:  # a subscript, and braces where the name of a command ends
        text = re.sub(r"(?<=[\w)}])_(?=\w)", "", re.sub(r"(?<!\\)\$", "{}", text))
    text = (
        text.replace("\\\\", "\n")
        .replace("``", "“")
        .replace("''", "”")
        .replace("---", "—")
        .replace("--", "–")
    )
    text = SIGN.sub(
        lambda found: found[1] if found[1] in "%&$#_{}" else " " if found[1] in " ,;:" else "", text
    )
    text = COMMAND.sub(_character, re.sub(r"(?<!\\)~", " ", text))
    return re.sub(r" +([.,;:)\n])", r"\1", re.sub(r"[ \t]+", " ", re.sub(r"[{}]", "", text)))


def _with_definitions(text: str) -> str:
    """Replace the commands that a file defines, once; of one with parameters, only its name goes."""
    bodies = {
        found[1]: "{}" if found[2] else found[3].replace("\\xspace", "")
        for found in DEFINED.finditer(text)
        if found[2] or found[3] is not None
    }
    added = 0

    def replaced(found: re.Match) -> str:
        nonlocal added
        if found[1] not in bodies or added > MAX_DEFINED:
            return found[0]
        added += len(bodies[found[1]])
        return bodies[found[1]]

    return re.sub(r"(?<!\\)\\([a-zA-Z]+)", replaced, DEFINED.sub("", text)) if bodies else text


def _without_environments(text: str) -> str:
    """Remove the environments that hold no sentences, and the marks of the others."""
    parts, at, depth = [], 0, 0
    for found in ENVIRONMENT.finditer(text):
        if not depth:
            parts.append(text[at : found.start()])
        if found[2] in DROPPED:
            depth = max(0, depth + (1 if found[1] == "begin" else -1))
        if not depth:
            at = found.end()
            if found[2] not in DROPPED:
                parts.append("\n\n")
    return "".join([*parts, "" if depth else text[at:]])


def _without_arguments(text: str) -> str:
    """Remove the commands that print nothing or a number, with their arguments."""
    ends = _argument_ends(text)
    parts, at = [], 0
    for found in NO_TEXT.finditer(text):
        if found.start() >= at:
            parts.append(text[at : found.start()])
            at = found.end()
            while 0 < ends.get(at, 0) - at < MAX_ARGUMENT:
                at = ends[at]
    return "".join([*parts, text[at:]])


def _argument_ends(text: str) -> dict[int, int]:
    """Return where the argument ends that begins at each bracket."""
    ends: dict[int, int] = {}
    opened: dict[str, list[int]] = {"}": [], "]": []}
    for found in BRACKET.finditer(text):
        if found[0] in opened:
            if opened[found[0]]:
                ends[opened[found[0]].pop()] = found.end()
        else:
            opened["}" if found[0] == "{" else "]"].append(found.start())
    return ends


def _accented(found: re.Match) -> str:
    mark = found[1] or found[3]
    letter = (found[2] or found[4] or found[5]).lstrip("\\")
    return unicodedata.normalize("NFC", letter + MARKS[mark])


def _character(found: re.Match) -> str:
    """Return the character that a command names, such as \\alpha; "" for one that only changes the look."""
    name, space, after = found.groups()
    if name in FUNCTIONS:
        return name + space
    character = LETTERS.get(name) or NAMES.get(name)
    if name in NO_SYMBOLS:
        character = ""
    elif character is None:
        character = html.unescape(f"&{name};")
        character = character if len(character) <= 2 else ""
    return character + (space if character and name not in LETTERS and not after.isalpha() else "")


FORMAT = Format("LaTeX", "a LaTeX file", (".tex", ".latex", ".ltx"), is_tex, read_tex)
