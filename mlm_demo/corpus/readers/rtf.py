"""Read RTF: a file is one document of its visible text."""

import codecs
import re
from collections.abc import Iterator
from dataclasses import dataclass, replace

from mlm_demo.corpus.documents import Document, Format, Reading, make_documents
from mlm_demo.corpus.input import Input
from mlm_demo.corpus.readers.scripts import superscript
from mlm_demo.corpus.readers.symbols import symbol, without_ligatures
from mlm_demo.errors import CorpusError, shown

MAX_RTF = 64_000_000  # bytes; pictures are stored as digits
TOKEN = re.compile(
    r"\\([a-zA-Z]{1,32})(-?\d{1,9})? ?|\\'([0-9a-fA-F]{2})|\\([^a-zA-Z])|([{}])|[\r\n]+|([^\\{}\r\n]+)|\\"
)
# Groups that hold no text of the document, apart from those that say so by \*.
SKIPPED = {
    "fonttbl", "colortbl", "stylesheet", "info", "pict", "object", "header", "headerl", "headerr", "headerf", "footer",
    "footerl", "footerr", "footerf", "footnote", "annotation", "fldinst", "listtable", "themedata", "nonshppict", "xe",
    "tc", "revtbl", "filetbl", "bkmkstart", "bkmkend", "listtext", "pntext", "ftnsep", "ftnsepc", "aftnsep",
}  # fmt: skip
WORDS = {
    "par": "\n\n", "sect": "\n\n", "page": "\n\n", "row": "\n\n", "line": "\n", "tab": " ", "cell": " ", "emdash": "—",
    "endash": "–", "lquote": "‘", "rquote": "’", "ldblquote": "“", "rdblquote": "”", "bullet": "•", "emspace": " ",
    "enspace": " ", "qmspace": " ",
}  # fmt: skip
SIGNS = {"~": " ", "_": "-", "-": "", "\n": "\n\n", "\r": "\n\n", "{": "{", "}": "}", "\\": "\\"}
CHARSETS = {
    128: "cp932", 129: "cp949", 134: "gb18030", 136: "big5", 161: "cp1253", 162: "cp1254", 177: "cp1255",
    178: "cp1256", 186: "cp1257", 204: "cp1251", 222: "cp874", 238: "cp1250",
}  # fmt: skip
SYMBOLS = "symbols"  # the charset of a font of symbols


@dataclass(frozen=True)
class _State:
    """What holds inside a group; a group inside it begins with the same."""

    skipped: bool = False
    hidden: bool = False
    raised: bool = False
    codec: str = ""
    fallback: int = 1  # characters after a Unicode one for programs that do not know it


class _Text:
    """Collects the text of a file; bytes wait until their character is complete, superscripts until their end."""

    def __init__(self):
        self.done: list[str] = []
        self._raised: list[str] = []
        self._bytes, self._codec, self._bytes_raised = bytearray(), "", False
        self._before = ""

    def add(self, text: str, raised: bool) -> None:
        self._decode()
        self._put(text, raised)

    def add_byte(self, byte: int, codec: str, raised: bool) -> None:
        if (codec, raised) != (self._codec, self._bytes_raised):
            self._decode()
            self._codec, self._bytes_raised = codec, raised
        self._bytes.append(byte)

    def end(self) -> None:
        self.add("", False)

    def _decode(self) -> None:
        if self._bytes:
            symbols = self._codec == SYMBOLS
            text = "".join(map(symbol, self._bytes)) if symbols else self._bytes.decode(self._codec, "ignore")
            self._put(text, self._bytes_raised)
            self._bytes.clear()

    def _put(self, text: str, raised: bool) -> None:
        if raised:
            self._raised.append(text)
            return
        if self._raised:
            text = superscript(self._before, "".join(self._raised)) + text
            self._raised = []
        self.done.append(text)
        self._before = (self._before + text)[-40:]


def is_rtf(source: Input) -> bool:
    """Return whether a file begins as RTF."""
    return source.start.startswith("{\\rtf")


def read_rtf(source: Input, reading: Reading) -> Iterator[Document]:
    """Read an RTF file as one document."""
    data = source.read_all(MAX_RTF).decode("latin-1")
    if not is_rtf(source):
        raise CorpusError(f"{shown(source.name)} does not begin as RTF; save it again, or give it as .txt.")
    yield from make_documents(map(_cleaned, _texts(data)), source.name, reading)


def _cleaned(text: str) -> str:
    """Join the halves of characters beyond 65,535, which RTF stores as two."""
    whole = text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "ignore")
    return re.sub(r" +\n", "\n", without_ligatures(whole))


def _texts(data: str) -> Iterator[str]:
    """Yield the visible text of an RTF file."""
    text, state, stack = _Text(), _State(), []
    fonts, page, font, in_fonts, unread, at = {}, "cp1252", None, 0, 0, 0
    while found := TOKEN.match(data, at):
        at = found.end()
        word, number, code, sign, brace, plain = found.groups()
        if brace == "{":
            stack.append(state)
            unread = 0
        elif brace:
            state = stack.pop() if stack else state
            in_fonts = in_fonts if len(stack) >= in_fonts else 0
            unread = 0
        elif word:
            value = int(number) if number else None
            if word == "bin" and value:
                at += max(0, value)
            elif word == "fonttbl":
                in_fonts = len(stack)
            elif in_fonts and word == "f":
                font = value
            elif in_fonts and word == "fcharset" and font is not None:
                fonts[font] = SYMBOLS if value == 2 else CHARSETS.get(value, "")
            elif word == "ansicpg":
                page = _codec(value) or page
            if word in SKIPPED:
                state = replace(state, skipped=True)
            elif word in ("v", "deleted"):
                state = replace(state, hidden=value != 0)
            elif word in ("super", "nosupersub", "sub"):
                state = replace(state, raised=word == "super" and value != 0)
            elif word == "plain":
                state = replace(state, raised=False, hidden=False)
            elif word == "uc":
                state = replace(state, fallback=value or 0)
            elif word == "f" and not in_fonts:
                state = replace(state, codec=fonts.get(value, ""))
            elif not state.skipped and not state.hidden:
                if word == "u" and value is not None:
                    unread = state.fallback
                    number = value % 65536
                    text.add(symbol(number) if 0xF000 <= number <= 0xF0FF else chr(number), state.raised)
                elif word in WORDS:
                    text.add(WORDS[word], state.raised)
        elif sign == "*":
            state = replace(state, skipped=True)
        elif unread and (code or plain):
            plain, unread = (plain or "")[unread:], max(0, unread - len(plain or code[:1]))
            if plain:
                text.add(plain, state.raised)
        elif state.skipped or state.hidden:
            pass
        elif code:
            text.add_byte(int(code, 16), state.codec or page, state.raised)
        elif plain:
            text.add("".join(map(symbol, map(ord, plain))) if state.codec == SYMBOLS else plain, state.raised)
        elif sign in SIGNS:
            text.add(SIGNS[sign], state.raised)
        if len(text.done) > 1000:
            yield "".join(text.done)
            text.done.clear()
    text.end()
    yield "".join(text.done)


def _codec(page: int | None) -> str | None:
    try:
        return codecs.lookup(f"cp{page}").name
    except LookupError:
        return None


FORMAT = Format("RTF", "an RTF file", (".rtf",), is_rtf, read_rtf)
